"""Batch norm on the path of a recurrent or attention network.

What
    A batch norm stands among the recurrent or attention layers of a network that reads sequences.

Why
    Batch norm takes one mean and variance over all positions of all sequences in the batch. Sequences differ in length, padding enters
    the statistics, the word at a position is another one in every sample: the statistics swing from batch to batch, and those recorded
    for evaluation fit none of them. Layer norm takes the features of one position, whatever the length of the sequence or the size of the
    batch.

Evidence for
    S9. Shen et al. (PowerNorm, ICML 2020) measure that batch statistics of text fluctuate far more than those of images, and that plain
    batch norm degrades a transformer. Recurrent networks and transformers are built with layer norm since Ba et al. (arXiv 1607.06450).

Evidence against
    Series of equal length, sensor data above all, have been modelled with batch norm in a transformer, with good results (Zerveas et al.,
    KDD 2021).

When it is fine
    Not flagged: one-dimensional convolutional networks, and a convolutional front end (speech, text in images): there the batch norm
    belongs to the convolution (S10); transformers on images, all of one size; a scaling of the raw input; a classifier behind the pooled
    sequence, which is `batch-norm-after-linear`. An attention block that is seen alone may belong to an image network: advice.

The fix
    Replaces it by layer norm of the same width where features are the last dimension, and where two
    transpositions bring them there and back: those go. Elsewhere it is only shown.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, Replace, Rewrite
from netlint.engine.rule import Answers, Contract, Example, Finding, Forward, Options, Rule, Severity, StateDict, TrainingEffect
from netlint.graph import Graph, Operator
from netlint.graph.operators import (
    Activation,
    BatchNorm,
    Conv,
    Dropout,
    Embedding,
    Flatten,
    Identity,
    LayerNorm,
    Linear,
    Permute,
    Pool,
    Reduce,
    Select,
    Slice,
    Squeeze,
)
from netlint.graph.queries import (
    ATTENTION,
    RECURRENT,
    attention_products,
    comes_from,
    has_positions,
    in_attention,
    is_upstream,
    uses_batch_statistics,
    weighted_before,
)

rule = Rule(
    code="NL203",
    name="batch-norm-in-sequence-model",
    severity=Severity.WARNING,
    summary="Batch norm on an attention or recurrent path.",
    statements=("S9",),
    evidence="batch statistics of text fluctuate, and plain batch norm degrades a transformer (PowerNorm, ICML 2020)",
    fix_contract=Contract(Forward.CHANGES, StateDict.REMAP, TrainingEffect.CHANGES),
)

SEQUENCE = (*RECURRENT, *ATTENTION)


@rule.check
def check(norm: BatchNorm, graph: Graph, options: Options) -> Answers:
    if not uses_batch_statistics(norm) or norm.dims in (2, 3):
        return None
    if any(isinstance(node, Conv) for node in weighted_before(graph, norm)):
        return None
    if any(conv.dims > 1 and is_upstream(graph, conv, norm) for conv in graph.of(Conv)):
        return None
    partner = _sequence_before(graph, norm) or _sequence_behind(graph, norm)
    if partner is None:
        return None
    is_sure = graph.concrete or isinstance(partner, RECURRENT) or comes_from(graph, norm, (Embedding, *RECURRENT))
    return Finding(
        at=norm,
        related=[(partner, "the sequence layer")],
        severity=None if is_sure else Severity.ADVICE,
        certain=graph.concrete,
        message=f"{norm.name} on the path of a sequence network ({partner.name}) mixes positions, padding and samples in its statistics; "
        f"use `nn.LayerNorm({norm.num_features if isinstance(norm.num_features, int) else '...'})` over the features",
    )


def _sequence_before(graph: Graph, norm: BatchNorm) -> Operator | None:
    """The sequence layer that feeds the norm, or that comes before it with the sequence still in place."""
    products = attention_products(graph)
    for node in (*weighted_before(graph, norm), *graph.upstream(norm, stop=_ends_sequence)):
        if isinstance(node, SEQUENCE) or node in products:
            return node
    return None


def _ends_sequence(node: Operator) -> bool:
    return isinstance(node, (Reduce, Slice, Pool, Flatten)) or (isinstance(node, Select) and node.index != 0)


def _sequence_behind(graph: Graph, norm: BatchNorm) -> Operator | None:
    """The sequence layer that reads the normalised features, if the network made them: raw data may be scaled by a batch norm."""
    if not weighted_before(graph, norm) and not comes_from(graph, norm, Embedding):
        return None
    for reader in graph.consumers(norm, through=(Activation, Dropout, Identity, Permute, Squeeze)):
        if isinstance(reader, SEQUENCE) or (isinstance(reader, Linear) and in_attention(graph, reader)):
            return reader
    return None


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    norm = finding.at
    assert isinstance(norm, BatchNorm)
    layer_norm = Replace(norm, (LayerNorm(normalized_shape=(norm.num_features,), elementwise_affine=norm.affine),))
    if has_positions(graph, norm) is False:
        return layer_norm
    before, after = norm.inputs[0], graph.only_consumer(norm)
    if _to_the_middle(before) and graph.only_consumer(before) is norm and after is not None and _to_the_middle(after):
        return layer_norm, Replace(before, ()), Replace(after, ())
    words = "apply `nn.LayerNorm` over the features, the last dimension, and drop the transpositions around the batch norm"
    return Rewrite(norm, words, "the features are not known to be the last dimension")


def _to_the_middle(operator: Operator) -> bool:
    """Whether it exchanges positions and features: the second and the last of three dimensions."""
    if not isinstance(operator, Permute):
        return False
    return operator.order == (0, 2, 1) or (operator.swap is not None and set(operator.swap) in ({1, 2}, {-1, -2}, {1, -1}, {2, -2}))


_RECURRENT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5000, 64)
        self.rnn = nn.LSTM(64, 128, batch_first=True)
        self.norm = nn.{norm}
        self.fc = nn.Linear(128, 2)

    def forward(self, tokens):
        out, _ = self.rnn(self.embed(tokens))
        last = self.norm(out[:, -1]){mark}
        return self.fc(last)
"""
_BLOCK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5000, 64)
        self.attend = nn.MultiheadAttention(64, 4, batch_first=True)
        self.norm = nn.BatchNorm1d(64)
        self.feed = nn.Linear(64, 64)
        self.fc = nn.Linear(64, 2)

    def forward(self, tokens):
        x = self.embed(tokens)
        x = x + self.attend(x, x, x)[0]
{body}
        return self.fc(x.mean(1))
"""

invalid = [
    Example(_RECURRENT.format(norm="BatchNorm1d(128)", mark="  # here")),
    Example(_BLOCK.format(body="        x = self.norm(x.transpose(1, 2)).transpose(1, 2)  # here\n        x = x + self.feed(x)")),
    Example(_BLOCK.format(body="        x = x + F.elu(self.feed(x))\n        x = self.norm(x.transpose(1, 2)).transpose(1, 2)  # here")),
]
valid = [
    Example(_RECURRENT.format(norm="LayerNorm(128)", mark=""), because="layer norm is what fits"),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(40, 64, 5)
        self.norm = nn.BatchNorm1d(64)
        self.rnn = nn.GRU(64, 64, batch_first=True)

    def forward(self, x):
        x = F.elu(self.norm(self.conv(x)))
        return self.rnn(x.transpose(1, 2))[0]
""",
        because="the batch norm belongs to the convolution of a speech front end",
    ),
    Example(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 64, batch_first=True)
        self.fc1 = nn.Linear(64, 32)
        self.norm = nn.BatchNorm1d(32)
        self.fc2 = nn.Linear(32, 2)

    def forward(self, x):
        _, state = self.rnn(x)
        return self.fc2(F.elu(self.norm(self.fc1(state[-1]))))
""",
        because="a classifier behind the last state: there is no sequence any more",
    ),
    Example(
        "net = nn.Sequential(nn.Conv1d(8, 16, 3), nn.BatchNorm1d(16), nn.ELU(), nn.Conv1d(16, 4, 3))",
        because="a convolutional network for time series",
    ),
]
