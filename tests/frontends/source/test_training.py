"""What is said about training: losses, optimizers, penalties, loaders, modes, augmentation, across functions, classes and files."""

from __future__ import annotations

import pytest

from netlint.graph import Unknown
from netlint.graph.operators import BCEWithLogits, Loss

MODEL = "model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))\n"
OUT = "Linear(ReLU(Linear(batch[0])))"
LOADER = "from torch.utils.data import DataLoader\nloader = DataLoader(data, batch_size=32, shuffle=True)\n"
STEP = "    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n"


def script(loss: str, *, optimizer: str = "torch.optim.SGD(model.parameters(), lr=0.1)", before: str = "") -> str:
    """A training script whose loop computes the loss in the given lines."""
    body = "".join(f"    {line}\n" for line in loss.splitlines())
    return f"{LOADER}{MODEL}optimizer = {optimizer}\n{before}\nfor x, y in loader:\n{body}{STEP}"


LOSSES = {
    "functional": ("loss = F.cross_entropy(model(x), y)", "CrossEntropyLoss"),
    "module": ("loss = nn.CrossEntropyLoss()(model(x), y)", "CrossEntropyLoss"),
    "module.forward": ("loss = nn.CrossEntropyLoss().forward(model(x), y)", "CrossEntropyLoss"),
    "keyword": ("loss = F.cross_entropy(input=model(x), target=y)", "CrossEntropyLoss"),
    "keywords in the other order": ("loss = F.cross_entropy(target=y, input=model(x))", "CrossEntropyLoss"),
    "nll": ("loss = F.nll_loss(model(x), y)", "NLLLoss"),
    "mse": ("loss = F.mse_loss(model(x), y)", "MSELoss"),
    "bce": ("loss = F.binary_cross_entropy(model(x), y)", "BCELoss"),
    "bce with logits": ("loss = nn.BCEWithLogitsLoss()(model(x), y)", "BCEWithLogitsLoss"),
    "kl": ("loss = F.kl_div(model(x), y, reduction='batchmean')", "KLDivLoss"),
    "in a variable": ("out = model(x)\ncriterion = nn.MSELoss()\nloss = criterion(out, y)", "MSELoss"),
    "named before": ("logits = model.forward(x)\nloss = F.cross_entropy(logits, y)", "CrossEntropyLoss"),
}  # fmt: skip


@pytest.mark.parametrize(("loss", "name"), LOSSES.values(), ids=LOSSES)
def test_losses_reach_back_into_the_network(network, loss, name):
    seen = network(script(loss))
    assert seen.losses == [f"{name}({OUT}, batch[1])"]
    assert seen.graph.training.backward == list(seen.graph.of(Loss))
    assert seen.graph.name == "model"
    assert seen.parameters == 40 + 27


BETWEEN = {
    "loss = F.cross_entropy(F.softmax(model(x), dim=1), y)": f"CrossEntropyLoss(Softmax({OUT}), batch[1])",
    "p = model(x).softmax(-1)\nloss = F.nll_loss(torch.log(p), y)": f"NLLLoss(log(Softmax({OUT})), batch[1])",
    "loss = F.nll_loss(F.log_softmax(model(x), 1), y)": f"NLLLoss(LogSoftmax({OUT}), batch[1])",
    "loss = F.mse_loss(model(x).squeeze(), y.float())": f"MSELoss(Squeeze({OUT}), Identity(batch[1]))",
    "loss = F.binary_cross_entropy(torch.sigmoid(model(x)), y)": f"BCELoss(Sigmoid({OUT}), batch[1])",
}


@pytest.mark.parametrize(("loss", "formula"), BETWEEN.items())
def test_what_stands_between_network_and_loss(network, loss, formula):
    assert network(script(loss)).losses == [formula]


def test_attributes_of_a_loss(network):
    seen = network(script("loss = nn.CrossEntropyLoss(label_smoothing=0.1, reduction='sum')(model(x), y)"))
    (loss,) = seen.graph.of(Loss)
    assert (loss.label_smoothing, loss.reduction) == (0.1, "sum")


def test_a_sum_of_losses(network):
    seen = network(script("out = model(x)\nloss = F.cross_entropy(out, y) + 0.5 * F.mse_loss(out, x)"))
    assert seen.losses == [f"CrossEntropyLoss({OUT}, batch[1])", f"MSELoss({OUT}, batch[0])"]
    (total,) = seen.graph.training.backward
    assert total.name == "Add"


def test_a_loss_that_is_only_measured_is_not_propagated(network):
    seen = network(script("out = model(x)\nloss = F.cross_entropy(out, y)\naccuracy = (out.argmax(1) == y).float().mean()"))
    assert [loss.name for loss in seen.graph.training.backward] == ["CrossEntropyLoss"]
    assert "argmax" in seen.operators


# -- optimizers --------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "torch.optim.SGD(model.parameters(), lr=0.1)": ("SGD", [4], 0.0, {"lr"}),
    "torch.optim.SGD(model.parameters(), 0.1, 0.9, weight_decay=5e-4)": ("SGD", [4], 5e-4, {"lr", "momentum", "weight_decay"}),
    "torch.optim.Adam(model.parameters())": ("Adam", [4], 0.0, set()),
    "torch.optim.AdamW(model.parameters(), 1e-3)": ("AdamW", [4], 0.01, {"lr"}),
    "torch.optim.Adam(list(model.parameters()), weight_decay=1e-4)": ("Adam", [4], 1e-4, {"weight_decay"}),
    "torch.optim.Adam(params=model.parameters(), weight_decay=1e-4)": ("Adam", [4], 1e-4, {"weight_decay"}),
    "torch.optim.RMSprop([p for p in model.parameters() if p.requires_grad])": ("RMSprop", [4], 0.0, set()),
    "torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()))": ("Adam", [4], 0.0, set()),
    "torch.optim.SGD([{'params': model[0].parameters(), 'weight_decay': 0.1}, {'params': model[2].parameters()}], lr=1)": ("SGD", [2, 2], 0.1, {"lr"}),
    "torch.optim.SGD([dict(params=[p for p in model.parameters() if p.ndim > 1], weight_decay=0.1), dict(params=[p for p in model.parameters() if p.ndim <= 1])], 1)": ("SGD", [2, 2], 0.1, {"lr"}),
    "torch.optim.SGD([p for n, p in model.named_parameters() if 'bias' not in n], 0.1, weight_decay=0.2)": ("SGD", [2], 0.2, {"lr", "weight_decay"}),
    "torch.optim.SGD(model[2].parameters(), 0.1)": ("SGD", [2], 0.0, {"lr"}),
    "torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1 ** 3 / 2)": ("SGD", [4], 0.0005, {"lr", "weight_decay"}),
    "torch.optim.SGD(model.parameters(), **dict(lr=0.1, weight_decay=0.3))": ("SGD", [4], 0.3, {"lr", "weight_decay"}),
    "torch.optim.adamw.AdamW(model.parameters())": ("AdamW", [4], 0.01, set()),
    "getattr(torch.optim, 'Adam')(model.parameters())": ("Adam", [4], 0.0, set()),
    "functools.partial(torch.optim.SGD, lr=0.1, weight_decay=0.2)(model.parameters())": ("SGD", [4], 0.2, {"lr", "weight_decay"}),
    "{'adam': torch.optim.Adam, 'sgd': torch.optim.SGD}['sgd'](model.parameters(), 0.1)": ("SGD", [4], 0.0, {"lr"}),
}  # fmt: skip


@pytest.mark.parametrize(("optimizer", "facts"), OPTIMIZERS.items())
def test_optimizers(network, optimizer, facts):
    seen = network("import functools\n" + script("loss = F.mse_loss(model(x), y)", optimizer=optimizer))
    (found,) = seen.graph.training.optimizers
    kind, sizes, decay, explicit = facts
    assert found.kind == kind
    assert [len(group.parameters) for group in found.groups] == sizes
    assert found.decay == pytest.approx(decay)
    assert found.explicit == explicit
    own = {id(parameter) for parameter in seen.graph.parameters()}
    assert all(id(parameter) in own for group in found.groups for parameter in group.parameters)


def test_groups_filled_in_a_loop(network):
    seen = network(
        script(
            "loss = F.mse_loss(model(x), y)",
            before="decay, rest = [], []\nfor name, p in model.named_parameters():\n    (decay if p.dim() > 1 else rest).append(p)\n"
            "optimizer = torch.optim.AdamW([{'params': decay, 'weight_decay': 0.05}, {'params': rest, 'weight_decay': 0.0}], 1e-3)\n",
        )
    )
    found = seen.graph.training.optimizers[-1]
    assert [[len(p.shape) for p in group.parameters] for group in found.groups] == [[2, 2], [1, 1]]
    assert [group.options["weight_decay"] for group in found.groups] == [0.05, 0.0]


def test_a_group_added_later(network):
    seen = network(
        script(
            "loss = F.mse_loss(model(x), y)",
            optimizer="torch.optim.SGD(model[0].parameters(), 0.1)",
            before="optimizer.add_param_group({'params': model[2].parameters(), 'lr': 0.01})",
        )
    )
    (found,) = seen.graph.training.optimizers
    assert [group.options["lr"] for group in found.groups] == [0.1, 0.01]


def test_an_unknown_weight_decay_is_unknown(network):
    seen = network(script("loss = F.mse_loss(model(x), y)", optimizer="torch.optim.SGD(model.parameters(), 0.1, weight_decay=WD)"))
    (found,) = seen.graph.training.optimizers
    assert isinstance(found.decay, Unknown)


def test_the_place_of_an_optimizer(text):
    (seen,) = text(
        "import torch\nm = torch.nn.Sequential(torch.nn.Linear(1, 1))\nopt = torch.optim.SGD(m.parameters(), lr=1)\nm(x).sum().backward()\n"
    )
    place = seen.graph.training.optimizers[0].site.location()
    assert (place.row, place.column) == (3, 7)


# -- penalties ---------------------------------------------------------------------------------------------------------

PENALTIES = {
    # (norm, squared, coefficient, parameters, blocked_by)
    "sum(p.abs().sum() for p in model.parameters())": (1, True, 1.0, 4, None),
    "1e-4 * sum(p.abs().sum() for p in model.parameters())": (1, True, 1e-4, 4, None),
    "1e-4 * sum(torch.sum(torch.abs(p)) for p in model.parameters())": (1, True, 1e-4, 4, None),
    "1e-4 * sum(torch.norm(p, 1) for p in model.parameters())": (1, True, 1e-4, 4, None),
    "1e-4 * sum(p.norm(p=1) for p in model.parameters())": (1, True, 1e-4, 4, None),
    "sum(p.pow(2).sum() for p in model.parameters()) * 1e-4": (2, True, 1e-4, 4, None),
    "1e-4 * sum((p ** 2).sum() for p in model.parameters())": (2, True, 1e-4, 4, None),
    "1e-4 * sum((p * p).sum() for p in model.parameters())": (2, True, 1e-4, 4, None),
    "1e-4 * sum(p.square().sum() for p in model.parameters())": (2, True, 1e-4, 4, None),
    "1e-4 * sum(p.norm(2) ** 2 for p in model.parameters())": (2, True, 1e-4, 4, None),
    "1e-4 * sum(torch.norm(p).pow(2) for p in model.parameters())": (2, True, 1e-4, 4, None),
    "1e-4 * sum(torch.norm(p) for p in model.parameters())": (2, False, 1e-4, 4, None),
    "1e-4 * sum(p.norm() for p in model.parameters())": (2, False, 1e-4, 4, None),
    "1e-4 * sum(torch.linalg.norm(p) for p in model.parameters())": (2, False, 1e-4, 4, None),
    "1e-4 * torch.sqrt(sum(p.pow(2).sum() for p in model.parameters()))": (2, False, 1e-4, 4, None),
    "1e-4 * model[0].weight.abs().sum()": (1, True, 1e-4, 1, None),
    "1e-4 * model[0].weight.norm(2)": (2, False, 1e-4, 1, None),
    "0.5 * 1e-4 * model[0].weight.pow(2).sum()": (2, True, 5e-5, 1, None),
    "1e-4 / 2 * model[0].weight.pow(2).sum()": (2, True, 5e-5, 1, None),
    "model[0].weight.pow(2).sum() / 1000": (2, True, 1e-3, 1, None),
    "1e-4 * sum(p.abs().sum() for n, p in model.named_parameters() if 'weight' in n)": (1, True, 1e-4, 2, None),
    "1e-4 * torch.stack([p.abs().sum() for p in model.parameters()]).sum()": (1, True, 1e-4, 4, None),
    "1e-4 * torch.cat([p.view(-1) for p in model.parameters()]).abs().sum()": (1, True, 1e-4, 4, None),
    "1e-4 * sum(p.data.abs().sum() for p in model.parameters())": (1, True, 1e-4, 4, "data"),
    "1e-4 * sum(p.detach().pow(2).sum() for p in model.parameters())": (2, True, 1e-4, 4, "detach"),
    "1e-4 * sum(p.abs().sum().item() for p in model.parameters())": (1, True, 1e-4, 4, "item"),
    "1e-4 * sum(p.norm(2).item() for p in model.parameters())": (2, False, 1e-4, 4, "item"),
}


@pytest.mark.parametrize(("penalty", "facts"), PENALTIES.items())
def test_penalties(network, penalty, facts):
    seen = network(script(f"loss = F.mse_loss(model(x), y) + {penalty}"))
    (found,) = seen.graph.training.penalties
    assert (found.norm, found.squared, found.coefficient, len(found.parameters), found.blocked_by) == (
        *facts[:2],
        pytest.approx(facts[2]),
        *facts[3:],
    )
    own = {id(parameter) for parameter in seen.graph.parameters()}
    assert all(id(parameter) in own for parameter in found.parameters)


WAYS = {
    "accumulated": "loss = F.mse_loss(model(x), y)\nreg = 0\nfor p in model.parameters():\n    reg += p.abs().sum()\nloss = loss + 1e-4 * reg",
    "accumulated in a tensor": "reg = torch.tensor(0.0)\nfor p in model.parameters():\n    reg = reg + p.abs().sum()\nloss = F.mse_loss(model(x), y) + 1e-4 * reg",
    "added in place": "loss = F.mse_loss(model(x), y)\nloss += 1e-4 * sum(p.abs().sum() for p in model.parameters())",
    "added in a loop": "loss = F.mse_loss(model(x), y)\nfor p in model.parameters():\n    loss += 1e-4 * p.abs().sum()",
    "function": "def l1(m):\n    return sum(p.abs().sum() for p in m.parameters())\nloss = F.mse_loss(model(x), y) + 1e-4 * l1(model)",
    "coefficient in a variable": "lam = 1e-4\nloss = F.mse_loss(model(x), y) + lam * sum(p.abs().sum() for p in model.parameters())",
    "l1_loss with zeros": "reg = 0\nfor p in model.parameters():\n    reg = reg + F.l1_loss(p, torch.zeros_like(p), reduction='sum')\nloss = F.mse_loss(model(x), y) + 1e-4 * reg",
}  # fmt: skip


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS)
def test_every_way_to_add_a_penalty(network, code):
    seen = network(script(code))
    assert {(p.norm, p.coefficient, p.blocked_by) for p in seen.graph.training.penalties} == {(1, 1e-4, None)}
    assert sum(len(p.parameters) for p in seen.graph.training.penalties) == 4


def test_a_penalty_under_no_grad(network):
    code = "with torch.no_grad():\n    reg = sum(p.pow(2).sum() for p in model.parameters())\nloss = F.mse_loss(model(x), y) + 1e-4 * reg"
    (found,) = network(script(code)).graph.training.penalties
    assert (found.norm, found.blocked_by) == (2, "no_grad")


def test_an_unknown_coefficient_is_unknown(network):
    (found,) = network(script("loss = F.mse_loss(model(x), y) + LAMBDA * model[0].weight.norm(1)")).graph.training.penalties
    assert isinstance(found.coefficient, Unknown)


NO_PENALTIES = {
    "norm of the data": "loss = F.mse_loss(model(x), y) + x.abs().sum()",
    "norm of the output": "out = model(x)\nloss = F.mse_loss(out, y) + 0.1 * out.pow(2).sum()",
    "norm that is only printed": "loss = F.mse_loss(model(x), y)\nprint(sum(p.norm() for p in model.parameters()))",
    "clipping": "loss = F.mse_loss(model(x), y)\nnn.utils.clip_grad_norm_(model.parameters(), 1.0)",
}


@pytest.mark.parametrize("code", NO_PENALTIES.values(), ids=NO_PENALTIES)
def test_what_is_no_penalty(network, code):
    assert network(script(code)).graph.training.penalties == []


# -- loaders and modes -------------------------------------------------------------------------------------------------

LOADERS = {
    "DataLoader(data, batch_size=16)": (16, False, False),
    "DataLoader(data, 16, True)": (16, False, True),
    "DataLoader(data)": (1, False, False),
    "DataLoader(dataset=data, batch_size=2 * 8, shuffle=True, drop_last=True)": (16, True, True),
    "DataLoader(data, **dict(batch_size=8, drop_last=True))": (8, True, False),
    "torch.utils.data.DataLoader(data, batch_size=4, num_workers=2, pin_memory=True)": (4, False, False),
    "torch.utils.data.dataloader.DataLoader(data, batch_size=4)": (4, False, False),
    "DataLoader(data, batch_size=None)": (None, False, False),
}


@pytest.mark.parametrize(("loader", "facts"), LOADERS.items())
def test_loaders(network, loader, facts):
    seen = network(script("loss = F.mse_loss(model(x), y)", before=f"loader = {loader}"))
    (found,) = [one for one in seen.graph.training.loaders if one.feeds_training]
    assert (found.batch_size, found.drop_last, found.shuffle) == facts
    assert found.evaluation is not True


@pytest.mark.parametrize("size", ["args.batch_size", "BATCH", "int(input())"])
def test_an_unknown_batch_size_is_unknown(network, size):
    seen = network(script("loss = F.mse_loss(model(x), y)", before=f"loader = DataLoader(data, batch_size={size})"))
    (found,) = [one for one in seen.graph.training.loaders if one.feeds_training]
    assert isinstance(found.batch_size, Unknown)


DRAWS = {
    "for x, y": "for x, y in loader:\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "enumerate": "for i, (x, y) in enumerate(loader):\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "enumerate from one": "for i, (x, y) in enumerate(loader, 1):\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "whole batch": "for batch in loader:\n    x, y = batch\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "by index": "for batch in loader:\n    loss = F.mse_loss(model(batch[0]), batch[1])\n    loss.backward()\n",
    "to a device": "for x, y in loader:\n    x, y = x.to('cuda'), y.to('cuda')\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "tqdm": "from tqdm import tqdm\nfor x, y in tqdm(loader):\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "tqdm of enumerate": "from tqdm import tqdm\nfor i, (x, y) in tqdm(enumerate(loader), total=9):\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "next of iter": "x, y = next(iter(loader))\nloss = F.mse_loss(model(x), y)\nloss.backward()\n",
    "epochs": "for epoch in range(100):\n    for x, y in loader:\n        loss = F.mse_loss(model(x), y)\n        loss.backward()\n",
    "while": "step = 0\nwhile step < 100:\n    for x, y in loader:\n        loss = F.mse_loss(model(x), y)\n        loss.backward()\n        step += 1\n",
    "function": "def train(model, loader):\n    for x, y in loader:\n        loss = F.mse_loss(model(x), y)\n        loss.backward()\ntrain(model, loader)\n",
    "dictionary of loaders": "loaders = {'train': loader}\nfor phase in ['train']:\n    for x, y in loaders[phase]:\n        loss = F.mse_loss(model(x), y)\n        loss.backward()\n",
    "accelerate": "from accelerate import Accelerator\na = Accelerator()\nmodel, loader = a.prepare(model, loader)\nfor x, y in loader:\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "DataParallel": "model = nn.DataParallel(model)\nfor x, y in loader:\n    loss = F.mse_loss(model(x), y)\n    loss.backward()\n",
    "mixed precision": "scaler = torch.cuda.amp.GradScaler()\nfor x, y in loader:\n    with torch.cuda.amp.autocast():\n        loss = F.mse_loss(model(x), y)\n    scaler.scale(loss).backward()\n",
}  # fmt: skip


@pytest.mark.parametrize("code", DRAWS.values(), ids=DRAWS)
def test_every_way_to_draw_batches(network, code):
    seen = network(LOADER + MODEL + code)
    assert [loader.batch_size for loader in seen.graph.training.loaders if loader.feeds_training] == [32]
    assert [loss.replace("Identity(batch[0])", "batch[0]").replace("Identity(batch[1])", "batch[1]") for loss in seen.losses] == [
        f"MSELoss({OUT}, batch[1])"
    ]


EVALUATIONS = {
    "no_grad": "with torch.no_grad():\n    for x, y in test:\n        out = model(x)\n",
    "inference_mode": "with torch.inference_mode():\n    for x, y in test:\n        out = model(x)\n",
    "eval and no_grad": "model.eval()\nwith torch.no_grad():\n    for x, y in test:\n        out = model(x)\n",
    "function": "def evaluate(model, loader):\n    model.eval()\n    with torch.no_grad():\n        for x, y in loader:\n            out = model(x)\nevaluate(model, test)\n",
    "decorated": "@torch.no_grad()\ndef evaluate(model, loader):\n    for x, y in loader:\n        out = model(x)\nevaluate(model, test)\n",
    "decorated with inference_mode": "@torch.inference_mode()\ndef evaluate(model, loader):\n    for x, y in loader:\n        out = model(x)\nevaluate(model, test)\n",
    "set_grad_enabled": "with torch.set_grad_enabled(False):\n    for x, y in test:\n        out = model(x)\n",
}


@pytest.mark.parametrize("code", EVALUATIONS.values(), ids=EVALUATIONS)
def test_loaders_of_an_evaluation(networks, code):
    found = networks(script("loss = F.mse_loss(model(x), y)") + "test = DataLoader(data, batch_size=1)\n" + code)
    loaders = {one.batch_size: one for seen in found for one in seen.graph.training.loaders}
    assert (loaders[32].feeds_training, loaders[32].evaluation) == (True, False)
    assert loaders[1].feeds_training is False
    assert loaders[1].evaluation is True


def test_train_and_eval(network):
    assert network(script("model.train()\nloss = F.mse_loss(model(x), y)")).graph.training.switches_to_eval is False
    assert network(script("loss = F.mse_loss(model(x), y)\nmodel.eval()")).graph.training.switches_to_eval is True


def test_loaded_weights(network):
    assert network(script("loss = F.mse_loss(model(x), y)")).graph.training.pretrained is False
    assert (
        network(script("loss = F.mse_loss(model(x), y)", before="model.load_state_dict(torch.load('w.pt'))")).graph.training.pretrained
        is True
    )


AUGMENTATIONS = {
    "T.Compose([T.RandomCrop(32), T.ToTensor()])": ("RandomCrop",),
    "T.Compose([T.RandomHorizontalFlip(), T.ColorJitter(0.1), T.ToTensor()])": ("RandomHorizontalFlip", "ColorJitter"),
    "T.RandomRotation(10)": ("RandomRotation",),
    "T.Compose([T.Resize(32), T.CenterCrop(32), T.ToTensor(), T.Normalize((0.5,), (0.5,))])": (),
    "T.ToTensor()": (),
}


@pytest.mark.parametrize(("transform", "names"), AUGMENTATIONS.items())
def test_augmentation(network, transform, names):
    data = f"from torchvision import transforms as T, datasets\ndata = datasets.CIFAR10('.', train=True, transform={transform})\n"
    seen = network(data + script("loss = F.mse_loss(model(x), y)"))
    assert seen.graph.training.augmentations == names


# -- across functions, classes and files -------------------------------------------------------------------------------

NET = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.fc1 = nn.Linear(4, width)
        self.fc2 = nn.Linear(width, 3)
    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
"""
TRAINING = {
    "main": """
        from torch.utils.data import DataLoader
        from model import Net
        def main():
            net = Net()
            loader = DataLoader(data, batch_size=32)
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1e-4)
            criterion = nn.CrossEntropyLoss()
            for epoch in range(10):
                for x, y in loader:
                    loss = criterion(net(x), y)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
        if __name__ == "__main__":
            main()
        """,
    "train function": """
        from torch.utils.data import DataLoader
        import model as m
        def train(net, loader, optimizer, criterion):
            for x, y in loader:
                loss = criterion(net(x), y)
                loss.backward()
                optimizer.step()
        def make_optimizer(net):
            return torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1e-4)
        net = m.Net()
        for epoch in range(3):
            train(net, DataLoader(data, 32), make_optimizer(net), F.cross_entropy)
        """,
    "trainer class": """
        from torch.utils.data import DataLoader
        from model import Net
        class Trainer:
            def __init__(self, net, loader):
                self.net, self.loader = net, loader
                self.criterion = nn.CrossEntropyLoss()
                self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, weight_decay=1e-4)
            def step(self, batch):
                x, y = batch
                loss = self.criterion(self.net(x), y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            def fit(self, epochs=2):
                for epoch in range(epochs):
                    for batch in self.loader:
                        self.step(batch)
        Trainer(Net(), DataLoader(data, batch_size=32)).fit()
        """,
    "trainer class in main": """
        from torch.utils.data import DataLoader
        from model import Net
        class Trainer:
            def __init__(self):
                self.net = Net()
                self.loader = DataLoader(data, batch_size=32)
                self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, weight_decay=1e-4)
            def fit(self):
                for x, y in self.loader:
                    loss = F.cross_entropy(self.net(x), y)
                    loss.backward()
                    self.optimizer.step()
        def main():
            trainer = Trainer()
            trainer.fit()
        main()
        """,
    "trainer class that nothing makes": """
        from torch.utils.data import DataLoader
        from model import Net
        class Trainer:
            def __init__(self):
                self.net = Net()
                self.loader = DataLoader(data, batch_size=32)
                self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1, weight_decay=1e-4)
            def fit(self):
                for x, y in self.loader:
                    loss = F.cross_entropy(self.net(x), y)
                    loss.backward()
                    self.optimizer.step()
        """,
}


@pytest.mark.parametrize("code", TRAINING.values(), ids=TRAINING)
def test_training_of_a_network_of_another_file(files, code):
    (seen,) = files("train.py", {"model.py": NET, "train.py": code})
    assert seen.losses == ["CrossEntropyLoss(Linear(ReLU(Linear(batch[0]))), batch[1])"]
    assert seen.parameters == 67
    (optimizer,) = seen.graph.training.optimizers
    assert (optimizer.kind, optimizer.decay) == ("SGD", 1e-4)
    (loader,) = seen.graph.training.loaders
    assert (loader.batch_size, loader.feeds_training) == (32, True)


def test_a_lightning_module(networks):
    found = networks(
        """
        import pytorch_lightning as pl
        class Lit(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
            def forward(self, x):
                return self.net(x)
            def training_step(self, batch, batch_idx):
                x, y = batch
                loss = F.cross_entropy(self(x), y)
                self.log("loss", loss)
                return loss
            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters(), lr=1e-3, weight_decay=0.1)
        """
    )
    assert {seen.graph.name for seen in found} == {"Lit"}
    (network,) = [seen for seen in found if seen.graph.root is not None]
    assert network.operators == "Linear ReLU Linear"
    assert network.parameters == 67
    losses = [loss for seen in found for loss in seen.losses]
    assert len(losses) == 1
    assert losses[0].startswith("CrossEntropyLoss(Linear(ReLU(Linear(")
    assert [len(seen.graph.training.backward) for seen in found if seen.losses] == [1]
    assert {o.decay for seen in found for o in seen.graph.training.optimizers} == {0.1}


GAN = """
from torch.utils.data import DataLoader
loader = DataLoader(data, batch_size=64)
G = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), nn.Tanh())
D = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
opt_g = torch.optim.Adam(G.parameters(), 2e-4)
opt_d = torch.optim.Adam(D.parameters(), 2e-4, weight_decay=1e-5)
bce = nn.BCELoss()
for real, _ in loader:
    fake = G(torch.randn(64, 4))
    loss_d = bce(D(real), torch.ones(64, 1)) + bce(D(fake.detach()), torch.zeros(64, 1))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = bce(D(fake), torch.ones(64, 1))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
"""


def test_a_gan_is_two_networks_and_their_training(networks):
    found = {seen.graph.name: seen for seen in networks(GAN)}
    assert set(found) == {"G", "D", "model.py"}
    assert found["G"].formula == "Tanh(Linear(ReLU(Linear(input))))"
    assert found["D"].formula == "Sigmoid(Linear(LeakyReLU(Linear(input))))"
    assert (found["G"].parameters, found["D"].parameters) == (58, 33)
    assert [optimizer.decay for optimizer in found["G"].graph.training.optimizers] == [0.0]
    assert [optimizer.decay for optimizer in found["D"].graph.training.optimizers] == [1e-5]
    training = found["model.py"]
    assert len(training.losses) == 3
    assert len(training.graph.training.backward) == 2
    assert training.graph.root is None
    fake = "Tanh(Linear(ReLU(Linear(input))))"
    assert training.losses[1] == f"BCELoss(Sigmoid(Linear(LeakyReLU(Linear(Detach({fake}))))), zeros)"
    assert training.losses[2] == f"BCELoss(Sigmoid(Linear(LeakyReLU(Linear({fake})))), ones)"


def test_two_networks_with_their_own_optimizers(networks):
    found = {seen.graph.name: seen for seen in networks(
        "a = nn.Sequential(nn.Linear(1, 1))\nb = nn.Sequential(nn.Linear(2, 2))\n"
        "oa = torch.optim.SGD(a.parameters(), 0.1, weight_decay=0.1)\nob = torch.optim.SGD(b.parameters(), 0.1, weight_decay=0.2)\n"
        "a(x).sum().backward()\nb(x).sum().backward()\n"
    )}  # fmt: skip
    assert [o.decay for o in found["a"].graph.training.optimizers] == [0.1]
    assert [o.decay for o in found["b"].graph.training.optimizers] == [0.2]


def test_an_optimizer_of_another_network_is_not_this_ones(networks):
    found = {seen.graph.name: seen for seen in networks(
        "a = nn.Sequential(nn.Linear(1, 1))\nb = nn.Sequential(nn.Linear(2, 2))\noptimizer = torch.optim.SGD(a.parameters(), 0.1)\n"
    )}  # fmt: skip
    assert found["b"].graph.training.optimizers == []


def test_a_network_without_training_has_an_empty_context(network):
    training = network(MODEL).graph.training
    assert (training.optimizers, training.loaders, training.penalties, training.backward) == ([], [], [], [])


def test_a_function_that_applies_a_loss_to_its_arguments(network):
    seen = network("def loss_fn(logits, y):\n    return F.cross_entropy(F.softmax(logits, dim=1), y)\n")
    assert seen.graph.root is None
    assert [loss.split("(")[1] for loss in seen.losses] == ["Softmax"]


def test_a_lightning_step_gets_batches_of_the_modules_own_loader(networks):
    found = networks(
        """
        import pytorch_lightning as pl
        from torch.utils.data import DataLoader

        class Lit(pl.LightningModule):
            def __init__(self, data):
                super().__init__()
                self.data = data
                self.fc = nn.Linear(4, 2)
            def forward(self, x):
                return self.fc(x)
            def training_step(self, batch, batch_idx):
                x, y = batch
                return F.cross_entropy(self(x), y)
            def validation_step(self, batch, batch_idx):
                x, y = batch
                self.log("loss", F.cross_entropy(self(x), y))
            def train_dataloader(self):
                return DataLoader(self.data, batch_size=3, shuffle=True)
            def val_dataloader(self):
                return DataLoader(self.data, batch_size=1)
        """
    )
    loaders = {loader.batch_size: loader for seen in found for loader in seen.graph.training.loaders}
    assert {size: loader.feeds_training for size, loader in loaders.items()} == {3: True, 1: False}


def test_a_method_that_applies_the_objects_own_loss_is_read(networks):
    found = networks(
        """
        class Head(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.fc = nn.Linear(width, 1)
                self.criterion = nn.BCEWithLogitsLoss()
            def forward(self, x):
                return self.fc(x).sigmoid()
            def step(self, x, y):
                return self.criterion(self(x), y)
        """
    )
    [loss] = [operator for seen in found for operator in seen.graph.of(BCEWithLogits) if id(operator) not in seen.graph.elsewhere]
    assert loss.inputs[0].name == "Sigmoid"
