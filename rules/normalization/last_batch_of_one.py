"""The last batch of an epoch has a single sample, and the network has batch norm.

What
    The number of samples leaves a remainder of 1 when divided by the batch size, the loader does not set `drop_last`, and batch norm is
    trained on it.

Why
    The mean over one sample is the sample itself. Behind a linear layer batch norm then has one value a feature and PyTorch raises
    "Expected more than 1 value per channel when training", at the end of the first epoch. On feature maps it goes on, with the statistics
    of one picture.

Evidence for
    S8: statistics from few samples are poor, and one is the fewest. With n samples and batches of b the last one holds n mod b.

Evidence against
    One odd step an epoch does little harm where it does not raise an error.

When it is fine
    Not flagged: loaders of evaluation, where the recorded statistics are used; `drop_last=True`; unknown numbers of samples.

The fix
    Sets `drop_last=True`: one sample an epoch is left out, another one each time when the data is shuffled.
"""

from __future__ import annotations

from netlint.engine.intent import Intent, SetOption
from netlint.engine.rule import (
    Answers,
    Contract,
    Example,
    Finding,
    Forward,
    Options,
    Rule,
    Severity,
    StateDict,
    TrainingEffect,
    TrainingFacts,
)
from netlint.graph import Fact, Graph, Loader, Unknown
from netlint.graph.operators import BatchNorm
from netlint.graph.queries import has_positions, uses_batch_statistics

rule = Rule(
    code="NL206",
    name="last-batch-of-one",
    severity=Severity.WARNING,
    summary="The last batch holds one sample, which batch norm cannot normalise.",
    statements=("S8",),
    evidence="PyTorch: Expected more than 1 value per channel when training",
    needs=Fact.TRAINING,
    fix_contract=Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.CHANGES),
)


@rule.check
def check(loader: Loader, graph: Graph, options: Options) -> Answers:
    norms = [norm for norm in graph.of(BatchNorm) if uses_batch_statistics(norm) and not norm.synchronized]
    if not norms or not loader.feeds_training or loader.evaluation is True or loader.drop_last is True:
        return None
    batch, samples = loader.batch_size, loader.samples if options.training.samples is None else options.training.samples
    if not isinstance(batch, int):
        return batch
    if samples is None or isinstance(samples, Unknown):
        return samples or Unknown("the number of samples (set `[tool.netlint.training] samples`)")
    if batch < 2 or samples % batch != 1:
        return None
    if isinstance(loader.drop_last, Unknown):
        return loader.drop_last
    failing = next((norm for norm in norms if has_positions(graph, norm) is False), None)
    consequence = (
        "PyTorch refuses to train batch norm on it" if failing is not None else "batch norm takes its statistics from that one sample"
    )
    return Finding(
        at=loader,
        related=[(failing or norms[0], "the batch norm")],
        data={"samples": samples, "batch_size": batch},
        message=f"{samples:,} samples in batches of {batch} leave a last batch of 1: {consequence}; pass `drop_last=True`",
    )


@rule.fix
def fix(finding: Finding, graph: Graph) -> Intent | None:
    assert isinstance(finding.at, Loader)
    return SetOption(finding.at, {"drop_last": True})


_LOOP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 64)
        self.norm = nn.{norm}
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 2)

    def forward(self, x):
        x = F.elu(self.norm(self.fc1(x)))
        return self.fc3(x + F.elu(self.fc2(x)))

net = Net()
data = torch.utils.data.TensorDataset(torch.randn({samples}, 20), torch.zeros({samples}, dtype=torch.long))
loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True{drop}){mark}
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""

invalid = [
    Example(_LOOP.format(norm="BatchNorm1d(64)", samples=961, drop="", mark="  # here")),
    Example(_LOOP.format(norm="BatchNorm1d(64)", samples=960, drop="", mark="  # here"), training=TrainingFacts(samples=33)),
]
valid = [
    Example(_LOOP.format(norm="BatchNorm1d(64)", samples=960, drop="", mark=""), because="960 is a multiple of 32"),
    Example(_LOOP.format(norm="BatchNorm1d(64)", samples=961, drop=", drop_last=True", mark=""), because="the last batch is dropped"),
    Example(_LOOP.format(norm="LayerNorm(64)", samples=961, drop="", mark=""), because="layer norm is content with one sample"),
]
