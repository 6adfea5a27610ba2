"""How layers come to be in a network: containers, lists, helpers, names."""

from __future__ import annotations

import pytest

CONV = "Conv2d(x)"
STACKS = {
    "literal": "self.f = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))",
    "starred list": "layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)]\nself.f = nn.Sequential(*layers)",
    "starred tuple": "layers = nn.Linear(2, 3), nn.ReLU()\nself.f = nn.Sequential(*layers, nn.Linear(3, 4))",
    "starred comprehension": "self.f = nn.Sequential(*[m for m in (nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))])",
    "starred generator": "self.f = nn.Sequential(*(m for m in (nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))))",
    "append": "layers = []\nlayers.append(nn.Linear(2, 3))\nlayers.append(nn.ReLU())\nlayers.append(nn.Linear(3, 4))\nself.f = nn.Sequential(*layers)",
    "extend": "layers = [nn.Linear(2, 3)]\nlayers.extend([nn.ReLU(), nn.Linear(3, 4)])\nself.f = nn.Sequential(*layers)",
    "list +=": "layers = [nn.Linear(2, 3)]\nlayers += [nn.ReLU(), nn.Linear(3, 4)]\nself.f = nn.Sequential(*layers)",
    "list + list": "self.f = nn.Sequential(*([nn.Linear(2, 3)] + [nn.ReLU()] + [nn.Linear(3, 4)]))",
    "insert": "layers = [nn.Linear(2, 3), nn.Linear(3, 4)]\nlayers.insert(1, nn.ReLU())\nself.f = nn.Sequential(*layers)",
    "insert at the front": "layers = [nn.ReLU(), nn.Linear(3, 4)]\nlayers.insert(0, nn.Linear(2, 3))\nself.f = nn.Sequential(*layers)",
    "pop": "layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.ReLU()]\nlayers.pop()\nself.f = nn.Sequential(*layers)",
    "del": "layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.ReLU()]\ndel layers[-1]\nself.f = nn.Sequential(*layers)",
    "slice": "layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.ReLU()]\nself.f = nn.Sequential(*layers[:-1])",
    "reversed": "layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(2, 3)]\nself.f = nn.Sequential(*reversed(layers))",
    "slice backwards": "layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(2, 3)]\nself.f = nn.Sequential(*layers[::-1])",
    "element assignment": "layers = [None] * 3\nlayers[0] = nn.Linear(2, 3)\nlayers[1] = nn.ReLU()\nlayers[2] = nn.Linear(3, 4)\nself.f = nn.Sequential(*layers)",
    "loop over widths": "layers, n = [], 2\nfor w in (3, 4):\n    layers += [nn.Linear(n, w), nn.ReLU()]\n    n = w\nself.f = nn.Sequential(*layers[:-1])",
    "loop over zip": "w = [2, 3, 4]\nlayers = []\nfor a, b in zip(w, w[1:]):\n    layers.append(nn.Linear(a, b))\n    if b != w[-1]:\n        layers.append(nn.ReLU())\nself.f = nn.Sequential(*layers)",
    "loop over range": "w = [2, 3, 4]\nlayers = []\nfor i in range(len(w) - 1):\n    layers.append(nn.Linear(w[i], w[i + 1]))\n    if i < len(w) - 2:\n        layers.append(nn.ReLU())\nself.f = nn.Sequential(*layers)",
    "while loop": "w, layers = [2, 3, 4], []\nwhile len(w) > 1:\n    layers.append(nn.Linear(w.pop(0), w[0]))\n    if len(w) > 1:\n        layers.append(nn.ReLU())\nself.f = nn.Sequential(*layers)",
    "loop with continue and break": "layers = []\nfor w in (2, 0, 3, 9):\n    if w == 0:\n        layers.append(nn.ReLU())\n        continue\n    if w == 9:\n        break\n    layers.append(nn.Linear(w, w + 1))\nself.f = nn.Sequential(*layers)",
    "Sequential.append": "self.f = nn.Sequential(nn.Linear(2, 3))\nself.f.append(nn.ReLU())\nself.f.append(nn.Linear(3, 4))",
    "Sequential.extend": "self.f = nn.Sequential(nn.Linear(2, 3))\nself.f.extend([nn.ReLU(), nn.Linear(3, 4)])",
    "Sequential.insert": "self.f = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))\nself.f.insert(1, nn.ReLU())",
    "Sequential +": "self.f = nn.Sequential(nn.Linear(2, 3)) + nn.Sequential(nn.ReLU(), nn.Linear(3, 4))",
    "element replaced": "self.f = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))\nself.f[1] = nn.ReLU()",
    "element deleted": "self.f = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Tanh())\ndel self.f[3]",
    "add_module": "self.f = nn.Sequential()\nself.f.add_module('0', nn.Linear(2, 3))\nself.f.add_module('1', nn.ReLU())\nself.f.add_module('2', nn.Linear(3, 4))",
    "add_module with f-strings": "self.f = nn.Sequential()\nfor i, m in enumerate([nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)]):\n    self.f.add_module(f'{i}', m)",
    "Sequential of a Sequential's children": "old = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Tanh())\nself.f = nn.Sequential(*list(old.children())[:-1])",
    "slice of a Sequential": "self.f = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Tanh())[:3]",
    "itertools.chain": "import itertools\nself.f = nn.Sequential(*itertools.chain([nn.Linear(2, 3)], [nn.ReLU()], [nn.Linear(3, 4)]))",
    "filter of None": "layers = [nn.Linear(2, 3), None, nn.ReLU(), nn.Linear(3, 4), None]\nself.f = nn.Sequential(*filter(None, layers))",
    "comprehension with a condition": "layers = [nn.Linear(2, 3), None, nn.ReLU(), nn.Linear(3, 4)]\nself.f = nn.Sequential(*[m for m in layers if m is not None])",
    "map": "layers = list(map(lambda w: nn.Linear(w, w + 1), [2, 3]))\nself.f = nn.Sequential(layers[0], nn.ReLU(), layers[1])",
    "generator function": "def make():\n    yield nn.Linear(2, 3)\n    yield nn.ReLU()\n    yield nn.Linear(3, 4)\nself.f = nn.Sequential(*make())",
    "generator function that delegates": "def tail():\n    yield nn.ReLU()\n    yield nn.Linear(3, 4)\ndef make():\n    yield nn.Linear(2, 3)\n    yield from tail()\nself.f = nn.Sequential(*make())",
}


@pytest.mark.parametrize("init", STACKS.values(), ids=STACKS)
def test_every_way_to_write_a_stack(module, init):
    seen = module(init, "return self.f(x)")
    assert seen.formula == "Linear(ReLU(Linear(x)))"
    assert seen.paths == "f.0 f.1 f.2"
    assert seen.keys == ["f.0.weight", "f.0.bias", "f.2.weight", "f.2.bias"]
    assert seen.widths == [3, 4]
    assert seen.parameters == 2 * 3 + 3 + 3 * 4 + 4


NAMED = {
    "OrderedDict of pairs": "from collections import OrderedDict\nself.f = nn.Sequential(OrderedDict([('fc', nn.Linear(2, 3)), ('act', nn.ReLU())]))",
    "OrderedDict filled": "from collections import OrderedDict\nd = OrderedDict()\nd['fc'] = nn.Linear(2, 3)\nd['act'] = nn.ReLU()\nself.f = nn.Sequential(d)",
    "OrderedDict by keyword": "import collections\nself.f = nn.Sequential(collections.OrderedDict(fc=nn.Linear(2, 3), act=nn.ReLU()))",
    "OrderedDict updated": "from collections import OrderedDict\nd = OrderedDict(fc=nn.Linear(2, 3))\nd.update({'act': nn.ReLU()})\nself.f = nn.Sequential(d)",
    "add_module": "self.f = nn.Sequential()\nself.f.add_module('fc', nn.Linear(2, 3))\nself.f.add_module('act', nn.ReLU())",
    "add_module by keyword": "self.f = nn.Sequential()\nself.f.add_module(name='fc', module=nn.Linear(2, 3))\nself.f.add_module(name='act', module=nn.ReLU())",
    "register_module": "self.f = nn.Sequential()\nself.f.register_module('fc', nn.Linear(2, 3))\nself.f.register_module('act', nn.ReLU())",
    "attributes of a Sequential": "self.f = nn.Sequential()\nself.f.fc = nn.Linear(2, 3)\nself.f.act = nn.ReLU()",
}


@pytest.mark.parametrize("init", NAMED.values(), ids=NAMED)
def test_named_children_of_a_sequential(module, init):
    seen = module(init, "return self.f(x)")
    assert seen.formula == "ReLU(Linear(x))"
    assert seen.paths == "f.fc f.act"
    assert seen.keys == ["f.fc.weight", "f.fc.bias"]


ATTRIBUTES = {
    "plain": "self.fc1 = nn.Linear(2, 3)\nself.fc2 = nn.Linear(3, 4)",
    "setattr": "for i in (1, 2):\n    setattr(self, 'fc' + str(i), nn.Linear(i + 1, i + 2))",
    "setattr with an f-string": "for i in range(1, 3):\n    setattr(self, f'fc{i}', nn.Linear(i + 1, i + 2))",
    "setattr with format": "for i in range(1, 3):\n    setattr(self, 'fc{}'.format(i), nn.Linear(i + 1, i + 2))",
    "setattr with %": "for i in range(1, 3):\n    setattr(self, 'fc%d' % i, nn.Linear(i + 1, i + 2))",
    "__setattr__": "for i in range(1, 3):\n    self.__setattr__(f'fc{i}', nn.Linear(i + 1, i + 2))",
    "add_module": "for i in range(1, 3):\n    self.add_module(f'fc{i}', nn.Linear(i + 1, i + 2))",
    "add_module with names in a dictionary": "layers = {'fc1': nn.Linear(2, 3), 'fc2': nn.Linear(3, 4)}\nfor name, layer in layers.items():\n    self.add_module(name, layer)",
    "tuple assignment": "self.fc1, self.fc2 = nn.Linear(2, 3), nn.Linear(3, 4)",
    "annotated": "self.fc1: nn.Module = nn.Linear(2, 3)\nself.fc2: nn.Linear = nn.Linear(3, 4)",
    "chained": "a = self.fc1 = nn.Linear(2, 3)\nb = self.fc2 = nn.Linear(a.out_features, 4)",
    "replaced": "self.fc1 = nn.Linear(2, 3)\nself.fc2 = nn.Linear(3, 9)\nself.fc2 = nn.Linear(3, 4)",
    "deleted": "self.fc1 = nn.Linear(2, 3)\nself.old = nn.Linear(9, 9)\nself.fc2 = nn.Linear(3, 4)\ndel self.old",
    "removed": "self.fc1 = nn.Linear(2, 3)\nself.old = nn.Linear(9, 9)\nself.fc2 = nn.Linear(3, 4)\nself.old = None",
}


@pytest.mark.parametrize("init", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_every_way_to_set_a_layer(module, init):
    seen = module(init, "return self.fc2(torch.relu(getattr(self, 'fc1')(x)))")
    assert seen.formula == "Linear(ReLU(Linear(x)))"
    assert seen.keys == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert seen.parameters == 25


WALKS = {
    "loop": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "for f in self.f:\n    x = f(x)\nreturn x"),
    "index": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "return self.f[1](self.f[0](x))"),
    "negative index": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "return self.f[-1](self.f[-2](x))"),
    "range and len": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "for i in range(len(self.f)):\n    x = self.f[i](x)\nreturn x"),
    "enumerate": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "for i, f in enumerate(self.f):\n    x = f(x)\nreturn x"),
    "children": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "for f in self.f.children():\n    x = f(x)\nreturn x"),
    "reversed": ("nn.ModuleList([nn.Linear(3, 4), nn.Linear(2, 3)])", "for f in reversed(self.f):\n    x = f(x)\nreturn x"),
    "slice": ("nn.ModuleList([nn.Tanh(), nn.Linear(2, 3), nn.Linear(3, 4)])", "for f in self.f[1:]:\n    x = f(x)\nreturn x"),
    "comprehension": ("nn.ModuleList([nn.Linear(i + 2, i + 3) for i in range(2)])", "for f in self.f:\n    x = f(x)\nreturn x"),
    "generator": ("nn.ModuleList(nn.Linear(i + 2, i + 3) for i in range(2))", "for f in self.f:\n    x = f(x)\nreturn x"),
    "Sequential walked": ("nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))", "for f in self.f:\n    x = f(x)\nreturn x"),
    "Sequential in parts": ("nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))", "return self.f[1:](self.f[:1](x))"),
    "functools.reduce": ("nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])", "from functools import reduce\nreturn reduce(lambda a, f: f(a), self.f, x)"),
    "ModuleDict by key": ("nn.ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Linear(3, 4)})", "return self.f['b'](self.f['a'](x))"),
    "ModuleDict values": ("nn.ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Linear(3, 4)})", "for f in self.f.values():\n    x = f(x)\nreturn x"),
    "ModuleDict items": ("nn.ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Linear(3, 4)})", "for name, f in self.f.items():\n    x = f(x)\nreturn x"),
    "ModuleDict keys": ("nn.ModuleDict([['a', nn.Linear(2, 3)], ['b', nn.Linear(3, 4)]])", "for name in self.f:\n    x = self.f[name](x)\nreturn x"),
    "ModuleDict comprehension": ("nn.ModuleDict({str(i): nn.Linear(i + 2, i + 3) for i in range(2)})", "for i in range(2):\n    x = self.f[str(i)](x)\nreturn x"),
}  # fmt: skip


@pytest.mark.parametrize(("container", "forward"), WALKS.values(), ids=WALKS)
def test_containers_walked_in_forward(module, container, forward):
    seen = module(f"self.f = {container}", forward)
    assert seen.formula == "Linear(Linear(x))"
    assert seen.parameters == 25


def test_getattr_over_known_names(module):
    seen = module(
        "for i in range(3):\n    setattr(self, f'conv{i}', nn.Conv1d(4, 4, 3))",
        "for i in range(3):\n    x = getattr(self, f'conv{i}')(x).relu()\nreturn x",
    )
    assert seen.operators == "Conv1d ReLU Conv1d ReLU Conv1d ReLU"
    assert seen.paths == "conv0 conv1 conv2"
    assert seen.parameters == 3 * (4 * 4 * 3 + 4)


def test_append_to_a_module_list(module):
    seen = module(
        "self.f = nn.ModuleList()\nfor w in (2, 3):\n    self.f.append(nn.Linear(w, w + 1))\nself.f += [nn.ReLU()]",
        "for f in self.f:\n    x = f(x)\nreturn x",
    )
    assert seen.formula == "ReLU(Linear(Linear(x)))"
    assert seen.paths == "f.0 f.1 f.2"


def test_layers_in_a_plain_list_are_not_registered(module):
    seen = module("self.f = [nn.Linear(2, 3), nn.Linear(3, 4)]", "for f in self.f:\n    x = f(x)\nreturn x")
    assert seen.formula == "Linear(Linear(x))"
    assert [layer.registered for layer in seen.graph.layers if layer.operator] == [False, False]
    assert seen.parameters == 0


def test_layers_in_a_plain_dictionary_are_not_registered(module):
    seen = module("self.f = {'a': nn.Linear(2, 3)}", "return self.f['a'](x)")
    assert seen.formula == "Linear(x)"
    assert seen.layer("f.a").registered is False


VGG = """
cfgs = {"A": [8, "M", 16, 16, "M"]}

class VGG(nn.Module):
    def __init__(self, features, classes=10):
        super().__init__()
        self.features = features
        self.classifier = nn.Linear(16 * 7 * 7, classes)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(torch.flatten(x, 1))

def make_layers(cfg, batch_norm=False):
    layers = []
    channels = 3
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            conv = nn.Conv2d(channels, v, kernel_size=3, padding=1)
            if batch_norm:
                layers += [conv, nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            else:
                layers += [conv, nn.ReLU(inplace=True)]
            channels = v
    return nn.Sequential(*layers)

def plain():
    return VGG(make_layers(cfgs["A"]))

def normed(**kwargs):
    return VGG(make_layers(cfgs["A"], batch_norm=True), **kwargs)
"""


def test_make_layers_with_a_configuration_list(network):
    seen = network(VGG, "plain")
    assert seen.operators == "Conv2d ReLU MaxPool2d Conv2d ReLU Conv2d ReLU MaxPool2d Flatten Linear"
    assert seen.widths == [8, 16, 16, 10]
    assert seen.parameters == (3 * 9 + 1) * 8 + (8 * 9 + 1) * 16 + (16 * 9 + 1) * 16 + (784 + 1) * 10
    assert seen.graph.concrete


def test_make_layers_with_batch_norm(network):
    seen = network(VGG, "normed")
    assert seen.operators.startswith("Conv2d BatchNorm2d ReLU MaxPool2d Conv2d BatchNorm2d ReLU Conv2d BatchNorm2d ReLU")
    assert seen.paths.split()[:4] == ["features.0", "features.1", "features.2", "features.3"]
    assert seen.parameters == (3 * 9 + 1) * 8 + (8 * 9 + 1) * 16 + (16 * 9 + 1) * 16 + 2 * (8 + 16 + 16) + 7850


RESNET = """
class Block(nn.Module):
    expansion = 2
    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes * self.expansion, 1, bias=False)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)

class ResNet(nn.Module):
    def __init__(self, block, layers):
        super().__init__()
        self.inplanes = 4
        self.layer1 = self._make_layer(block, 4, layers[0])
        self.layer2 = self._make_layer(block, 8, layers[1], stride=2)

    def _make_layer(self, block, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(nn.Conv2d(self.inplanes, planes * block.expansion, 1, stride, bias=False))
        layers = [block(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes))
        return nn.Sequential(*layers)

    def forward(self, x):
        return self.layer2(self.layer1(x))

def tiny():
    return ResNet(Block, [1, 2])
"""


def test_make_layer_method_with_a_block_class(network):
    seen = network(RESNET)
    plain = "Conv2d BatchNorm2d ReLU Conv2d Add ReLU"
    down = "Conv2d BatchNorm2d ReLU Conv2d Conv2d Add ReLU"
    assert seen.graph.name == "ResNet"
    assert seen.operators == f"{down} {down} {plain}"
    assert seen.widths == [4, 8, 8, 8, 16, 16, 8, 16]
    assert seen.paths.split()[4] == "layer1.0.downsample.0"
    first = 4 * 4 * 9 + 8 + 4 * 8 + 4 * 8
    second = 8 * 8 * 9 + 16 + 8 * 16 + 8 * 16
    third = 16 * 8 * 9 + 16 + 8 * 16
    assert seen.parameters == first + second + third


def test_a_module_used_twice_is_one_layer(module):
    seen = module("self.act = nn.PReLU()\nself.fc = nn.Linear(3, 3)", "return self.act(self.fc(self.act(self.fc(x))))")
    assert seen.formula == "PReLU(Linear(PReLU(Linear(x))))"
    assert len(seen.graph.applications(seen.layer("fc"))) == 2
    assert seen.parameters == 1 + 12


def test_a_module_under_two_names_is_counted_once(module):
    seen = module("self.a = nn.Linear(2, 2)\nself.b = self.a", "return self.b(self.a(x))")
    assert seen.parameters == 6
    assert seen.keys == ["a.weight", "a.bias"]


def test_a_block_repeated_in_a_list_is_one_block(module):
    seen = module("f = nn.Linear(2, 2)\nself.f = nn.Sequential(*[f] * 3)", "return self.f(x)")
    assert seen.formula == "Linear(Linear(Linear(x)))"
    assert seen.parameters == 6


def test_deepcopy_makes_new_parameters(module):
    seen = module(
        "import copy\nf = nn.Linear(2, 2)\nself.f = nn.ModuleList([copy.deepcopy(f) for _ in range(3)])",
        "for f in self.f:\n    x = f(x)\nreturn x",
    )
    assert seen.paths == "f.0 f.1 f.2"
    assert seen.parameters == 18


def test_nested_modules_have_dotted_paths(network):
    seen = network(
        """
        class Inner(nn.Module):
            def __init__(self, n):
                super().__init__()
                self.fc = nn.Linear(n, n)
            def forward(self, x):
                return self.fc(x)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.ModuleDict({"left": Inner(2), "right": nn.Sequential(Inner(2), nn.ReLU())})
            def forward(self, x):
                return self.body["left"](x) + self.body["right"](x)
        """
    )
    assert seen.formula == "Add(Linear(x), ReLU(Linear(x)))"
    assert seen.paths == "body.left.fc body.right.0.fc body.right.1"
    assert [layer.path for layer in seen.layer("body.right.0.fc").ancestors] == ["body.right.0", "body.right", "body", ""]


def test_a_transformer_stack_is_copies_of_its_layer(module):
    seen = module(
        "layer = nn.TransformerEncoderLayer(8, 2, 16)\nself.f = nn.TransformerEncoder(layer, 3, norm=nn.LayerNorm(8))", "return self.f(x)"
    )
    one = 4 * (8 * 8 + 8) + (8 * 16 + 16) + (16 * 8 + 8) + 2 * 16
    assert seen.parameters == 3 * one + 16


LEAVES = {
    "nn.Conv1d(3, 8, 5)": (3 * 5 + 1) * 8,
    "nn.Conv2d(4, 8, (3, 5), groups=2, bias=False)": 8 * 2 * 15,
    "nn.Conv3d(1, 2, 3)": 2 * 28,
    "nn.ConvTranspose2d(4, 8, 2)": 4 * 8 * 4 + 8,
    "nn.Linear(5, 7, bias=False)": 35,
    "nn.Bilinear(2, 3, 4)": 4 * 6 + 4,
    "nn.Embedding(10, 4)": 40,
    "nn.BatchNorm2d(6)": 12,
    "nn.BatchNorm1d(6, affine=False)": 0,
    "nn.InstanceNorm2d(6)": 0,
    "nn.GroupNorm(2, 6)": 12,
    "nn.LayerNorm([3, 4])": 24,
    "nn.LayerNorm(6, elementwise_affine=False)": 0,
    "nn.PReLU(5)": 5,
    "nn.LSTM(3, 4)": 4 * (4 * 3 + 4 * 4 + 4 + 4),
    "nn.GRU(3, 4, num_layers=2, bidirectional=True)": 2 * 3 * (12 + 16 + 8) + 2 * 3 * (32 + 16 + 8),
    "nn.RNNCell(3, 4)": 4 * 3 + 4 * 4 + 8,
    "nn.MultiheadAttention(8, 2)": 4 * 64 + 4 * 8,
    "nn.ReLU()": 0,
    "nn.Dropout(0.3)": 0,
}


@pytest.mark.parametrize(("layer", "count"), LEAVES.items())
def test_parameter_counts_of_torchs_layers(module, layer, count):
    assert module(f"self.f = {layer}").parameters == count
