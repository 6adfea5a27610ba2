"""A network that nothing keeps from learning its training set by heart.

What
    A network is trained on labelled data with an optimizer that decays no weight, a loss without a penalty, no
    dropout or other training noise in the network, and no random augmentation of the data.

Why
    The training loss alone does not tell a rule that generalises from a list of the samples. A regulariser adds the
    missing preference: small weights (L2), few weights (L1), weights that do not rely on each other (dropout), or
    data that varies (augmentation).

Evidence for
    S12. Krogh and Hertz (NIPS 1991) prove for a linear model that a small decay suppresses the weights that the data
    does not determine. Srivastava et al. (JMLR 2014) find lower test errors with dropout on every image set they try.

Evidence against
    Zhang et al. (arXiv 1611.03530): large networks often generalise without any explicit regulariser, so it helps
    more than it decides. The noise of small batches and of batch normalisation regularises too; it does not count
    here, since nobody chose its strength.

When it is fine
    Fine-tuning, a target that is the network's own input, adversarial and reinforcement learning (whose target is no
    label), a network of few parameters, and a `weight_decay=0` that is written out: that is the first step of the
    search for lambda (S15).

The fix
    None is applied: which regulariser, and how strong, is for a validation set to say. `weight_decay` of the
    optimizer is the cheapest to try.
"""

from __future__ import annotations

from netlint.engine.rule import Answers, Example, Finding, Option, Options, Rule, Severity
from netlint.graph import Fact, Graph, Int, Operator, Optimizer, Parameter, Unknown
from netlint.graph.operators import (
    Add,
    Attention,
    Constant,
    Detach,
    Div,
    Dropout,
    Flatten,
    Identity,
    Input,
    Loss,
    Mul,
    MultiheadAttention,
    Opaque,
    Recurrent,
    Reduce,
    Reshape,
    Stack,
    Sub,
    Transformer,
    TransformerLayer,
    Weight,
)
from netlint.graph.queries import origins, parameters_behind, trained_losses, trained_totals

rule = Rule(
    code="NL301",
    name="no-regularization",
    severity=Severity.ADVICE,
    summary="Nothing regularises the network: no weight decay, penalty, dropout or augmentation.",
    statements=("S12",),
    evidence="weight decay suppresses what the data does not determine (Krogh and Hertz, NIPS 1991)",
    needs=Fact.TRAINING,
    options={"min-parameters": Option(1000, "Networks with fewer learned numbers than this are left alone.")},
)


@rule.check
def check(optimizer: Optimizer, graph: Graph, options: Options) -> Answers:
    training = graph.training
    if training.pretrained or training.frozen or training.penalties or training.augmentations:
        return None
    optimizers = [other for other in training.optimizers if other is optimizer or _updates_the_same(other, optimizer)]
    if not all(_was_not_asked_to_decay(other) for other in optimizers):
        return None
    losses = [loss for loss in trained_losses(graph) if _is_supervised(loss, graph) and _is_minimised_by(optimizer, loss, graph)]
    behind = list(dict.fromkeys(node for loss in losses for node in graph.upstream(loss)))
    if not losses or any(_adds_noise(node) for node in behind) or any(_has_other_terms(loss, graph) for loss in losses):
        return None
    size = _size(optimizer, graph)
    if isinstance(size, int) and size < options.min_parameters:
        return None
    if training.unknown:
        return training.unknown[0]
    for node in behind:
        if isinstance(node, Opaque) and node.inputs:
            return Unknown(f"`{node.label}` may regularise: {node.reason}")
    held = f"its {size:,} parameters" if isinstance(size, int) else "its parameters"
    samples = next((loader.samples for loader in training.loaders if loader.feeds_training and isinstance(loader.samples, int)), None)
    data = f" to {samples:,} samples" if samples is not None else ""
    return Finding(
        at=optimizer,
        certain=False,
        data={"parameters": size if isinstance(size, int) else None, "samples": samples},
        message=f"nothing regularises this network: no weight decay, penalty, dropout or augmentation is seen, so {held} are free "
        f"to fit even the noise of the data{data}; set `weight_decay`, starting near 0 and raising it while the validation error falls",
    )


def _held(optimizer: Optimizer) -> dict[Parameter, None] | None:
    """The parameters that an optimizer was given; None where it is not known which."""
    found: dict[Parameter, None] = {}
    for group in optimizer.groups:
        if group.parameters is None:
            return None
        found.update(dict.fromkeys(group.parameters))
    return found


def _updates_the_same(some: Optimizer, other: Optimizer) -> bool:
    first, second = _held(some), _held(other)
    return first is None or second is None or any(parameter in second for parameter in first)


def _is_minimised_by(optimizer: Optimizer, loss: Loss, graph: Graph) -> bool:
    """It was given parameters of the networks behind the loss (and not, say, an image to optimise)."""
    held = _held(optimizer)
    if held is None:
        return graph.root is not None
    return any(parameter in held for parameter in parameters_behind(graph, loss))


def _has_other_terms(loss: Loss, graph: Graph) -> bool:
    """A term beside the loss depends on the network and on no data that the network was not fed: it asks for something of the
    network itself (a code near a Gaussian, orthogonal rows, weights near an earlier model) and is a regulariser of its kind."""
    fed = {*loss.inputs[:1], *(node for source in loss.inputs[:1] for node in graph.upstream(source))}
    other_data = _data(graph) - fed
    for total in trained_totals(graph, loss):
        for term in _summands(total):
            behind = {term, *graph.upstream(term)}
            if loss not in behind and any(_is_learned(node) for node in behind) and not behind & other_data:
                return True
    return False


def _is_learned(node: Operator) -> bool:
    return isinstance(node, Weight) or node.layer is not None


def _data(graph: Graph) -> set[Operator]:
    """What a batch holds, before any network sees it: labels, masks, a second view."""
    learned: set[Operator] = set()
    found: set[Operator] = set()
    for node in graph.operators:
        if _is_learned(node) or any(source in learned for source in node.inputs):
            learned.add(node)
        elif isinstance(node, (Input, Opaque)) or any(source in found for source in node.inputs):
            found.add(node)
    return found


def _summands(total: Operator) -> list[Operator]:
    """The terms that a total adds up, however each is scaled."""
    pending = [total]
    seen = {total}
    found: list[Operator] = []
    for node in pending:
        if isinstance(node, (Add, Sub, Stack, Mul, Div, Identity)) or (
            isinstance(node, Reduce) and isinstance(node.inputs[0], (Add, Sub, Stack))
        ):
            fresh = [source for source in node.inputs if source not in seen and not isinstance(source, Constant)]
            seen.update(fresh)
            pending.extend(fresh)
        else:
            found.append(node)
    return found


def _size(optimizer: Optimizer, graph: Graph) -> Int:
    held = _held(optimizer)
    if held is None:
        return graph.parameter_count() if graph.root is not None else Unknown("which parameters the optimizer holds")
    total = 0
    for count in (parameter.count() for parameter in held):
        if isinstance(count, Unknown):
            return count
        total += count
    return total


def _was_not_asked_to_decay(optimizer: Optimizer) -> bool:
    """`weight_decay` is an option of it that nobody wrote, neither for all parameters nor for a group, and it is 0 by default."""
    default = optimizer.options.get("weight_decay")
    asked = "weight_decay" in optimizer.explicit or any(group.options.get("weight_decay") != default for group in optimizer.groups)
    return default is not None and not asked and optimizer.decay == 0.0


def _adds_noise(node: Operator) -> bool:
    """A random operation in training; a rate that is not known counts as one."""
    match node:
        case Constant(value="random"):
            return True
        case Dropout(p=rate) | Attention(dropout_p=rate):
            return rate != 0
        case Recurrent(dropout=rate) | MultiheadAttention(dropout=rate) | TransformerLayer(dropout=rate) | Transformer(dropout=rate):
            return rate != 0
    return node.random_in_training


def _is_supervised(loss: Loss, graph: Graph) -> bool:
    """It judges this network by data: its target is neither computed by a network (bootstrapping, distillation), nor made up
    (an adversary's ones and zeros), nor what the network was fed (an autoencoder)."""
    if len(loss.inputs) < 2:
        return False
    prediction, target = loss.inputs[:2]
    fed = [prediction, *graph.upstream(prediction)]
    origin = [target, *graph.upstream(target)]
    if any(node.weighted or isinstance(node, (Detach, Weight)) for node in origin):
        return False
    if not any(isinstance(node, (Input, Opaque)) for node in origin):
        return False
    return not any(source in fed for source in origins(graph, target, (Identity, Flatten, Reshape)))


_NET = "net = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 10))\n"
_RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(784, 784), nn.Linear(784, 10)

    def forward(self, x):
        return self.head(x + F.elu(self.stem(x)))

net = Net()
"""
_LOOP = """
for x, y in loader:
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""

invalid = [
    Example(
        """
import pytorch_lightning as pl

class Digits(pl.LightningModule):
    def __init__(self, width=128, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(784, width), nn.ELU(), nn.Linear(width, 10))
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, index):
        x, y = batch
        return self.loss(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)  # here
"""
    ),
    Example(
        """
class Focal(nn.Module):
    def forward(self, logits, labels):
        loss = F.cross_entropy(logits, labels, reduction="none")
        return ((1 - (-loss).exp()) ** 2 * loss).mean()

encoder = nn.Sequential(nn.Linear(784, 128), nn.ELU())
head = nn.Sequential(nn.Linear(128, 64), nn.ELU(), nn.Linear(64, 10))
criterion = Focal()
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3)  # here
for x, y in loader:
    loss = criterion(head(encoder(x)), y)
    loss.backward()
    optimizer.step()
"""
    ),
    Example(_RESIDUAL + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)  # here" + _LOOP),
    Example(
        """
net = nn.Sequential(nn.Conv2d(1, 32, 5), nn.ELU(), nn.Flatten(), nn.Linear(18432, 10))
loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)

def train(epochs):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)  # here
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            criterion(net(images), labels).backward()
            optimizer.step()
"""
    ),
]
valid = [
    Example(
        """
painter = nn.Sequential(nn.Linear(100, 128), nn.ELU(), nn.Linear(128, 784))
judge = nn.Sequential(nn.Linear(784, 128), nn.ELU(), nn.Linear(128, 1))
criterion = nn.BCEWithLogitsLoss()
optimizers = [torch.optim.Adam(painter.parameters(), lr=2e-4), torch.optim.Adam(judge.parameters(), lr=2e-4)]
for real in loader:
    fake = painter(torch.randn(real.size(0), 100))
    ones, zeros = torch.ones(real.size(0), 1), torch.zeros(real.size(0), 1)
    (criterion(judge(real), ones) + criterion(judge(fake.detach()), zeros)).backward()
    criterion(judge(fake), ones).backward()
""",
        because="an adversary's ones and zeros are no labels to learn by heart",
    ),
    Example(
        """
encoder, decoder = nn.Linear(784, 40), nn.Sequential(nn.Linear(20, 400), nn.ELU(), nn.Linear(400, 10))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
for x, y in loader:
    mean, spread = encoder(x).chunk(2, dim=1)
    loss = F.cross_entropy(decoder(mean + torch.randn_like(spread) * spread.exp()), y)
    loss.backward()
    optimizer.step()
""",
        because="the code is drawn at random, so no sample is seen twice alike",
    ),
    Example(
        _NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)" + _LOOP,
        because="the optimizer decays the weights",
    ),
    Example(_NET + "optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)" + _LOOP, because="AdamW decays by .01 unless told otherwise"),
    Example(
        _NET + "optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0)" + _LOOP,
        because="a zero that is written out is where the search for lambda starts",
    ),
    Example(
        "net = nn.Sequential(nn.Linear(784, 512), nn.ELU(), nn.Dropout(0.5), nn.Linear(512, 10))\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)" + _LOOP,
        because="dropout regularises",
    ),
    Example(
        """
net = nn.Sequential(nn.Linear(784, 64), nn.ELU(), nn.Linear(64, 784))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for x, _ in loader:
    loss = F.mse_loss(net(x), x)
    loss.backward()
    optimizer.step()
""",
        because="the target is the input itself",
    ),
    Example(
        _NET
        + "anchor = nn.Linear(784, 128)\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)"
        + _LOOP.replace("(net(x), y)", "(net(x), y) + 0.1 * (net[0].weight - anchor.weight.detach()).pow(2).sum()"),
        because="the weights are kept near those of another network",
    ),
    Example(
        """
encoder, head = nn.Linear(784, 64), nn.Linear(64, 10)
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3)
for x, y in loader:
    code = F.elu(encoder(x))
    loss = F.cross_entropy(head(code), y) + 1e-3 * code.abs().mean()
    loss.backward()
    optimizer.step()
""",
        because="a term in the loss asks for a sparse code",
    ),
    Example(
        """
import albumentations as A

net = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

class Photos(torch.utils.data.Dataset):
    def __init__(self, folder, transform=None):
        self.transform = transform

loader = torch.utils.data.DataLoader(Photos("photos", A.Compose([A.HorizontalFlip(p=0.5), A.Rotate(limit=20)])), batch_size=64)
"""
        + _LOOP,
        because="the images are varied at random",
    ),
    Example(
        "net = nn.Linear(2, 1)\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for x, y in loader:\n    F.mse_loss(net(x), y).backward()\n    optimizer.step()\n",
        because="three parameters have nothing to learn by heart with",
    ),
]
