"""Python as constructors use it: every expression and statement that decides a width, a depth or a choice."""

from __future__ import annotations

import pytest

WIDTHS = {
    # arithmetic
    "2 * 3 + 1": 7,
    "7 // 2": 3,
    "-7 // 2 + 8": 4,
    "7 % 4": 3,
    "2 ** 5": 32,
    "1 << 4": 16,
    "0x1F & 0b1010 | 4": 14,
    "6 ^ 3": 5,
    "int(64 * 0.25)": 16,
    "int(7 / 2)": 3,
    "round(6.5) + round(7.5)": 14,
    "abs(-5)": 5,
    "divmod(17, 5)[0]": 3,
    "pow(2, 6)": 64,
    "-(-7 // 2)": 4,
    "~-9": 8,
    "int('12')": 12,
    "int(1e2)": 100,
    "1_000": 1000,
    # math
    "math.ceil(7 / 2)": 4,
    "math.floor(7.9)": 7,
    "int(math.sqrt(81))": 9,
    "int(math.log2(64))": 6,
    "math.prod([2, 3, 4])": 24,
    "math.gcd(12, 18)": 6,
    "math.isqrt(17)": 4,
    "int(math.pow(3, 2))": 9,
    "math.floor(math.pi)": 3,
    # sequences
    "len([1, 2, 3])": 3,
    "len('abcd')": 4,
    "len(range(2, 20, 3))": 6,
    "sum([1, 2, 3])": 6,
    "sum(i * i for i in range(4))": 14,
    "sum([1, 2], 10)": 13,
    "max(3, 9, 4)": 9,
    "max([3, 9, 4])": 9,
    "min(x for x in (5, 3))": 3,
    "max([], default=4)": 4,
    "max(['a', 'bbb'], key=len).count('b')": 3,
    "[1, 2, 3][-1]": 3,
    "(1, 2, 3)[1]": 2,
    "sum([1, 2, 3, 4][1:3])": 5,
    "sum([1, 2, 3, 4, 5][::2])": 9,
    "list(range(5))[-1] + 1": 5,
    "sorted([3, 1, 2])[0]": 1,
    "sorted([3, 1, 2], reverse=True)[0]": 3,
    "sorted(['aaa', 'b'], key=lambda s: len(s))[0].count('b')": 1,
    "list(reversed([1, 2, 3]))[0]": 3,
    "[a * b for a, b in zip([1, 2], [3, 4])][1]": 8,
    "[i + v for i, v in enumerate([5, 6])][1]": 7,
    "[i for i, _ in enumerate('ab', 3)][-1]": 4,
    "[y for x in [[1, 2], [3]] for y in x][-1]": 3,
    "[x for x in range(9) if x % 4 == 3][1]": 7,
    "list(map(int, ['4', '5']))[0]": 4,
    "len(list(filter(lambda v: v > 1, [1, 2, 3])))": 2,
    "[0, 1, 2].index(2)": 2,
    "[5] * 3 == [5, 5, 5] and 6": 6,
    "len({1, 2, 2})": 2,
    "len({i % 3 for i in range(9)})": 3,
    "any([0, 4]) and 8": 8,
    "all([1, 0]) or 6": 6,
    "next(iter([7, 8]))": 7,
    "[*range(3), *[9]][-1]": 9,
    "(lambda a, b=2: a * b)(4)": 8,
    "len([[0] * 4 for _ in range(3)][0])": 4,
    # dictionaries and strings
    "{'a': 3, 'b': 4}['b']": 4,
    "{'a': 3}.get('b', 5)": 5,
    "dict(a=3, b=4)['a']": 3,
    "{**{'a': 1}, 'b': 7}['b']": 7,
    "({'a': 1} | {'a': 6})['a']": 6,
    "{k: v * 2 for k, v in {'a': 4}.items()}['a']": 8,
    "sum({'a': 3, 'b': 4}.values())": 7,
    "len({'a': 3, 'b': 4}.keys())": 2,
    "int(f'{1 + 1}{3}')": 23,
    "int('x32x5d'.split('x')[1])": 32,
    "int('width=16'.replace('width=', ''))": 16,
    "int('conv64'[4:])": 64,
    "int('a-24'.partition('-')[2])": 24,
    "len('-'.join(['a', 'b', 'c']))": 5,
    "len('{:03d}'.format(7))": 3,
    "int('{0}{1}'.format(4, 2))": 42,
    "'abc'.find('c') + 1": 3,
    "8 if 'resnet50'.startswith('resnet') else 9": 8,
    "8 if 'x'.upper() == 'X' else 9": 8,
    # decisions
    "3 if True else 4": 3,
    "None or 5": 5,
    "0 or None or 6": 6,
    "7 and 8": 8,
    "5 if not [] else 6": 5,
    "4 if 1 < 2 <= 2 else 5": 4,
    "4 if 2 in (1, 2) else 5": 4,
    "4 if 'a' not in {'a': 1} else 5": 5,
    "4 if None is None else 5": 4,
    "4 if isinstance(3, int) else 5": 4,
    "4 if isinstance([3], (tuple, list)) else 5": 4,
    "4 if isinstance('s', (int, float)) else 5": 5,
    "4 if type(3) is int else 5": 4,
    "4 if callable(len) else 5": 4,
    "4 if hasattr('s', 'upper') else 5": 4,
    "(n := 6) + n": 12,
    "[last := v for v in (3, 4)][0] + last": 7,
    # modules and layers as values
    "nn.Linear(2, 9).out_features": 9,
    "nn.Linear(2, 9).in_features": 2,
    "nn.Conv2d(3, 8, 5).kernel_size[0]": 5,
    "nn.BatchNorm2d(12).num_features": 12,
    "len(nn.Sequential(nn.ReLU(), nn.ReLU()))": 2,
    "4 if isinstance(nn.ReLU(), nn.Module) else 5": 4,
    "4 if isinstance(nn.Conv2d(1, 1, 1), nn.Linear) else 5": 5,
    "4 if issubclass(nn.Conv2d, nn.Module) else 5": 4,
    "nn.Linear(3, 4).weight.shape[0]": 4,
    "nn.Linear(3, 4).weight.numel()": 12,
    "nn.Linear(3, 4).weight.size(1)": 3,
    "sum(p.numel() for p in nn.Linear(3, 4).parameters())": 16,
    "torch.zeros(2, 6).shape[-1]": 6,
}


@pytest.mark.parametrize(("expression", "width"), WIDTHS.items(), ids=WIDTHS)
def test_expressions(module, expression, width):
    assert module(f"self.fc = nn.Linear(1, {expression})").widths == [width]


STATEMENTS = {
    "unpacking": ("a, b = 3, 5\nn = b", 5),
    "nested unpacking": ("(a, (b, c)), d = (1, (2, 6)), 4\nn = c", 6),
    "starred unpacking": ("first, *rest, last = [1, 2, 3, 9]\nn = sum(rest) + last", 14),
    "swap": ("a, b = 3, 5\na, b = b, a\nn = a", 5),
    "augmented": ("n = 3\nn += 2\nn *= 4\nn //= 3\nn -= 1\nn **= 2", 25),
    "dictionary updated": ("d = {}\nd['n'] = 3\nd['n'] += 4\nd.setdefault('n', 9)\nn = d['n']", 7),
    "dictionary pop": ("d = dict(n=4, m=5)\nn = d.pop('n') + d.pop('k', 1) + len(d)", 6),
    "list of lists": ("a = [[1], [2]]\na[1].append(7)\nn = a[1][-1]", 7),
    "aliasing": ("a = [1]\nb = a\nb.append(5)\nn = a[-1]", 5),
    "copy": ("a = [1]\nb = list(a)\nb.append(5)\nn = len(a)", 1),
    "if elif else": ("k = 'b'\nif k == 'a':\n    n = 3\nelif k == 'b':\n    n = 4\nelse:\n    n = 5", 4),
    "for else": ("for i in range(3):\n    if i == 7:\n        break\nelse:\n    n = 6", 6),
    "for break": ("for n in range(10):\n    if n == 4:\n        break", 4),
    "nested loops": ("n = 0\nfor i in range(3):\n    for j in range(i):\n        if j == 1:\n            break\n        n += 1", 2),
    "while": ("n = 1\nwhile n < 50:\n    n *= 2", 64),
    "while else": ("k = 0\nwhile k < 2:\n    k += 1\nelse:\n    n = k + 3", 5),
    "while break": ("n = 0\nwhile True:\n    n += 1\n    if n > 5:\n        break", 6),
    "walrus in while": ("queue = [3, 4, 0]\nn = 0\nwhile (v := queue.pop(0)):\n    n += v", 7),
    "match value": ("match 'b':\n    case 'a':\n        n = 1\n    case 'b':\n        n = 2\n    case _:\n        n = 3", 2),
    "match wildcard": ("match 7:\n    case 1 | 2:\n        n = 1\n    case _:\n        n = 3", 3),
    "match sequence": ("match (3, 4):\n    case (a,):\n        n = a\n    case (a, b):\n        n = a * b", 12),
    "match guard": ("match 5:\n    case k if k > 9:\n        n = 1\n    case k if k > 4:\n        n = k", 5),
    "match class": ("match [1]:\n    case int():\n        n = 1\n    case list():\n        n = 2", 2),
    "match capture": ("match 8:\n    case 1:\n        n = 0\n    case other:\n        n = other", 8),
    "match star": ("match [1, 2, 3]:\n    case [a, *rest]:\n        n = len(rest) + 4", 6),
    "match class with fields": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\nmatch P(3, 4):\n    case P(a=4):\n        n = 1\n    case P(3, k):\n        n = k", 4),
    "match type with capture": ("match 7:\n    case str(k):\n        n = 1\n    case int(k):\n        n = k", 7),
    "match string is no sequence": ("match 'ab':\n    case [a, b]:\n        n = 1\n    case _:\n        n = 2", 2),
    "match mapping rest": ("match {'a': 1, 'b': 4}:\n    case {'a': 1, **rest}:\n        n = rest['b']", 4),
    "match mapping": ("match {'kind': 'a', 'n': 6}:\n    case {'kind': 'b'}:\n        n = 1\n    case {'kind': 'a', 'n': k}:\n        n = k", 6),
    "try": ("try:\n    n = 4\nexcept ValueError:\n    n = 5", 4),
    "except": ("try:\n    raise ValueError('no')\nexcept ValueError:\n    n = 5", 5),
    "except KeyError": ("try:\n    n = {}['k']\nexcept KeyError as error:\n    n = 5", 5),
    "finally": ("try:\n    n = 4\nfinally:\n    n = n + 1", 5),
    "with": ("import contextlib\nwith contextlib.suppress(Exception):\n    n = 4", 4),
    "assert": ("n = 4\nassert n % 2 == 0, 'odd'", 4),
    "local function": ("def double(k):\n    return 2 * k\nn = double(4)", 8),
    "recursion": ("def f(k):\n    return 1 if k == 0 else k * f(k - 1)\nn = f(5)", 120),
    "early return": ("def f(k):\n    if k > 3:\n        return 9\n    return 1\nn = f(4)", 9),
    "returns in a loop": ("def f(ks):\n    for k in ks:\n        if k > 3:\n            return k\n    return 0\nn = f([1, 5, 9])", 5),
    "default arguments": ("def f(a, b=3, *, c=4):\n    return a + b + c\nn = f(1, c=5)", 9),
    "star arguments": ("def f(*a, **k):\n    return sum(a) + k['z']\nn = f(*[1, 2], **{'z': 4})", 7),
    "positional only": ("def f(a, /, b):\n    return a - b\nn = f(9, b=2)", 7),
    "closure": ("def outer(k):\n    def inner(m):\n        return k * m\n    return inner\nn = outer(3)(4)", 12),
    "closure over a loop": ("fs = [lambda k=k: k for k in range(4)]\nn = fs[2]() + 1", 3),
    "nonlocal": ("def outer():\n    k = 1\n    def inc():\n        nonlocal k\n        k += 4\n    inc()\n    return k\nn = outer()", 5),
    "partial": ("from functools import partial\nf = partial(max, 6)\nn = f(3)", 6),
    "partial with keywords": ("import functools\nf = functools.partial(lambda a, b: a - b, b=2)\nn = f(9)", 7),
    "generator": ("def g():\n    for i in range(4):\n        yield i\nn = sum(g())", 6),
    "next of a generator": ("g = (i * 3 for i in range(1, 4))\nnext(g)\nn = next(g)", 6),
    "itertools": ("import itertools\nn = len(list(itertools.product([1, 2], [3, 4, 5])))", 6),
    "accumulate": ("from itertools import accumulate\nn = list(accumulate([1, 2, 3]))[-1]", 6),
    "reduce": ("from functools import reduce\nn = reduce(lambda a, b: a * b, [2, 3, 4])", 24),
    "operator": ("import operator\nn = operator.mul(3, 4)", 12),
    "defaultdict": ("from collections import defaultdict\nd = defaultdict(list)\nd['a'].append(6)\nn = d['a'][0]", 6),
    "deque": ("from collections import deque\nd = deque([3, 4])\nn = d.popleft()", 3),
    "torch.linspace": ("n = int(sum(x.item() for x in torch.linspace(0, 1, 5)) * 2)", 5),
    "delete": ("a = [1, 2, 3]\ndel a[0]\nn = a[0]", 2),
    "global constants": ("n = int(math.e * 10)", 27),
}  # fmt: skip


@pytest.mark.parametrize(("code", "width"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(module, code, width):
    assert module(f"{code}\nself.fc = nn.Linear(1, n)").widths == [width]


CONDITIONS = {
    "if True": "if True:\n    self.act = nn.Tanh()\nelse:\n    self.act = nn.ReLU()",
    "comparison": "width = 8\nself.act = nn.Tanh() if width > 4 else nn.ReLU()",
    "string": "kind = 'tanh'\nif kind == 'relu':\n    self.act = nn.ReLU()\nelif kind == 'tanh':\n    self.act = nn.Tanh()",
    "dictionary of classes": "self.act = {'relu': nn.ReLU, 'tanh': nn.Tanh}['tanh']()",
    "dictionary of objects": "self.act = nn.ModuleDict({'relu': nn.ReLU(), 'tanh': nn.Tanh()})['tanh']",
    "dictionary of lambdas": "self.act = {'relu': lambda: nn.ReLU(), 'tanh': lambda: nn.Tanh()}['tanh']()",
    "getattr of nn": "self.act = getattr(nn, 'Tanh')()",
    "getattr with a default": "self.act = getattr(self, 'act_layer', nn.Tanh)()",
    "and": "use = True\nself.act = use and nn.Tanh()",
    "or": "given = None\nself.act = given or nn.Tanh()",
    "match": "match 'tanh':\n    case 'relu':\n        self.act = nn.ReLU()\n    case 'tanh':\n        self.act = nn.Tanh()",
    "class in a tuple": "self.act = (nn.ReLU, nn.Tanh)[1]()",
    "hasattr": "self.act = nn.Tanh() if hasattr(self, 'forward') else nn.ReLU()",
    "isinstance of a class": "act = nn.Tanh\nif isinstance(act, type):\n    act = act()\nself.act = act",
    "None default": "act = None\nif act is None:\n    act = nn.Tanh\nself.act = act()",
    "not": "plain = False\nif not plain:\n    self.act = nn.Tanh()",
    "truth of a list": "self.act = nn.ReLU() if [] else nn.Tanh()",
}


@pytest.mark.parametrize("init", CONDITIONS.values(), ids=CONDITIONS)
def test_a_layer_chosen_on_known_values(module, init):
    seen = module(init, "return self.act(x)")
    assert seen.formula == "Tanh(x)"
    assert seen.undecided == []
    assert seen.parameters == 0


def test_a_layer_that_is_left_out(module):
    seen = module(
        "self.fc = nn.Linear(2, 2)\nself.drop = None\nself.norm = nn.Identity()",
        "x = self.norm(self.fc(x))\nif self.drop is not None:\n    x = self.drop(x)\nreturn x",
    )
    assert seen.formula == "Identity(Linear(x))"


def test_an_early_return_in_forward(module):
    seen = module("self.head = None", "x = x.relu()\nif self.head is None:\n    return x\nreturn self.head(x)")
    assert seen.formula == "ReLU(x)"


def test_an_early_return_in_init(module):
    seen = module("self.a = nn.ReLU()\nif True:\n    return\nself.b = nn.Linear(1, 1)", "return self.a(x)")
    assert seen.formula == "ReLU(x)"
    assert seen.parameters == 0
