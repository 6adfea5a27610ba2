"""Code that nobody would write: bounded time, bounded memory, and never an exception other than SourceError."""

from __future__ import annotations

import contextlib
import random
import time

import pytest

from netlint.frontends.errors import SourceError
from netlint.frontends.source import read

HEAD = "import re, math, itertools, torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
SECONDS = 20.0
"""Processor time that one hostile file may take: most take about one, what never ends takes for ever; not a measure of speed."""

NUMBERS = {
    "tower of powers": "n = 10 ** 10 ** 10",
    "power of a power": "n = 9\nfor _ in range(99):\n    n = n ** 9",
    "squares": "n = 3\nfor _ in range(200):\n    n = n * n",
    "products": "n = 1\nfor i in range(1, 100000):\n    n *= i",
    "shift": "n = 1 << 10 ** 9",
    "shifts": "n = 1\nfor _ in range(10000):\n    n = n << 200",
    "pow": "n = pow(10, 10 ** 8)",
    "pow with three arguments": "n = pow(7, 10 ** 300, 10 ** 300)",
    "factorial": "n = math.factorial(10 ** 7)",
    "comb": "n = math.comb(10 ** 7, 10 ** 6)",
    "product of a range": "n = math.prod(range(1, 100000))",
    "least common multiple": "n = math.lcm(*range(1, 90000))",
    "rounding to a billion digits": "n = round(7, -10 ** 9)",
    "text of a number": "n = len(str(10 ** 250 * 10 ** 250))",
    "number of a text": "n = int('9' * 10 ** 6)",
    "infinity": "n = int(1e308 * 10)",
    "not a number": "n = int(float('nan'))",
    "division by zero": "n = 1 / 0 + 1 // 0 + 1 % 0",
    "negative powers": "n = (-8) ** 0.5 + 0 ** -1",
    "cumulative sums": "import numpy as np\nn = np.cumsum(list(range(90000)))",
    "huge literal": f"n = {'9' * 5000}",
    "huge float": "n = 1e999999",
    "hash of everything": "n = hash(tuple(range(99999)))",
}
TEXTS = {
    "repeated": "s = 'a' * 10 ** 9",
    "repeated bytes": "s = b'a' * 10 ** 9",
    "doubled": "s = 'a'\nfor _ in range(60):\n    s = s + s",
    "doubled in place": "s = 'a'\nfor _ in range(60):\n    s += s",
    "doubled by an f-string": "s = 'a'\nfor _ in range(60):\n    s = f'{s}{s}'",
    "doubled by format": "s = 'a'\nfor _ in range(60):\n    s = '{0}{0}'.format(s)",
    "doubled by %": "s = 'a'\nfor _ in range(60):\n    s = '%s%s' % (s, s)",
    "doubled by join": "s = 'a'\nfor _ in range(60):\n    s = s.join(['a'] * 3)",
    "joined": "s = ('a' * 90000).join(['b'] * 90000)",
    "doubled by replace": "s = 'a'\nfor _ in range(60):\n    s = s.replace('a', 'aa')",
    "wide field": "s = '%999999999d' % 1",
    "wide format": "s = '{:999999999}'.format(1)",
    "wide f-string": "s = f'{1:99999999}'",
    "nested wide f-string": "w = 10 ** 9\ns = f'{1:{w}}'",
    "zfill": "s = '1'.zfill(10 ** 9)",
    "center": "s = '1'.center(10 ** 9).ljust(10 ** 9).expandtabs(10 ** 9)",
    "encode": "s = ('a' * 99999).encode('utf-32') * 99",
    "translate": "s = 'a'.translate({97: 'a' * 10 ** 6})",
}
CONTAINERS = {
    "long list": "a = [0] * 10 ** 9",
    "long tuple": "a = (0,) * 10 ** 9",
    "doubled list": "a = [0]\nfor _ in range(60):\n    a = a + a",
    "doubled in place": "a = [0]\nfor _ in range(60):\n    a += a",
    "doubled by extend": "a = [0]\nfor _ in range(60):\n    a.extend(a)",
    "doubled by a star": "a = [0]\nfor _ in range(60):\n    a = [*a, *a]",
    "doubled tuple": "a = (0,)\nfor _ in range(60):\n    a += a",
    "nested doubling": "a = [0]\nfor _ in range(60):\n    a = [a, a]\nb = sum(a, [])",
    "nested doubling compared": "a = b = [0]\nfor _ in range(60):\n    a, b = [a, a], [b, b]\nc = a == b",
    "nested doubling copied": "import copy\na = [0]\nfor _ in range(60):\n    a = (a, a)\nb = copy.deepcopy(a)",
    "nested doubling printed": "a = 1\nfor _ in range(60):\n    a = (a, a)\nprint(a, str(a), f'{a}', '%s' % (a,), isinstance(a, a), hash(a))",
    "nested doubling measured": "a = 1\nfor _ in range(60):\n    a = (a, a)\nb = max(a), sorted(a), math.prod(a), torch.tensor(a), nn.Linear(a, a)",
    "list that holds itself": "a = []\na.append(a)\nb = a == a, str(a), sum(a, []), torch.cat(a), nn.Sequential(*a), copy.deepcopy(a), max(a)",
    "lists that hold each other compared": "a, b = [], []\na.append(b)\nb.append(a)\nc = a == b or a in b",
    "dictionary that holds itself": "a = {}\na['a'] = a\nb = dict(a), str(a), a == a, torch.cat(a), nn.ModuleDict(a)",
    "million elements": f"a = [{', '.join('1' * 40_000)}]",
    "million elements, one by one": "a = []\nfor i in range(10 ** 6):\n    a.append(i)",
    "million comprehensions": "a = [[j for j in range(1000)] for i in range(1000)]",
    "huge range": "a = list(range(10 ** 12))\nb = sum(range(10 ** 12)), max(range(10 ** 12)), 5 in range(10 ** 12)",
    "huge product": "a = list(itertools.product(range(1000), repeat=4))\nb = list(itertools.permutations(range(30)))",
    "huge repetition": "a = list(itertools.repeat(1, 10 ** 9))\nb = list(itertools.combinations(range(99), 50))",
    "sum of lists": "a = sum([[1]] * 90000, [])",
    "long list indexed often": "a = list(range(90000))\nb = 0\nfor i in range(15000):\n    b = a[i] + a[-i] + len(a)",
    "long list sliced often": "a = list(range(90000))\nfor i in range(15000):\n    b = a[1:]",
    "long list walked often": "for i in range(15000):\n    b = sum(range(90000))",
    "long list searched often": "a = list(range(90000))\nfor i in range(15000):\n    b = -1 in a or a.count(5) or a.index(89999)",
    "long list sorted often": "a = list(range(90000))\nfor i in range(15000):\n    b = sorted(a, reverse=True)",
    "long list in undecided branches": "a = list(range(50000))\nfor i in range(5000):\n    if FLAGS[i]:\n        a.append(i)\n    else:\n        a[0] = i",
    "long text searched often": "s = 'ab' * 40000\nfor i in range(15000):\n    b = s.replace('a', 'c').upper().split('b')",
    "large dictionary copied often": "d = {i: i for i in range(9000)}\nfor i in range(9000):\n    e = {**d, 'k': i}",
    "large set joined often": "d = set(range(9000))\nfor i in range(9000):\n    e = d | {i}",
    "list changed while it is walked": "a = [1]\nfor v in a:\n    a.append(v)",
    "dictionary changed while it is walked": "d = {0: 0}\nfor k in d:\n    d[k + 1] = 0",
}  # fmt: skip
LOOPS = {
    "while True": "while True:\n    pass",
    "while True with work": "n = 0\nwhile True:\n    n = n + 1",
    "while on something unknown": "while FLAG:\n    while FLAG:\n        while FLAG:\n            x = 1",
    "long for": "for i in range(10 ** 12):\n    n = i",
    "nested loops": "for a in range(10000):\n    for b in range(10000):\n        for c in range(10000):\n            n = a",
    "nested comprehensions": "n = [0 for a in range(9999) for b in range(9999) for c in range(9999)]",
    "recursion": "def f(n):\n    return f(n + 1)\nn = f(0)",
    "two recursions": "def f(n):\n    return f(n + 1) + f(n + 2)\nn = f(0)",
    "known double recursion": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nn = fib(80)",
    "mutual recursion": "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nn = f(0)",
    "lambda recursion": "f = lambda n: f(n)\nn = f(0)",
    "omega": "n = (lambda f: f(f))(lambda f: f(f))",
    "recursion through a partial": "from functools import partial\nf = lambda g: g(g)\nn = partial(f, partial(f, f))()",
    "infinite generator": "def g():\n    n = 0\n    while True:\n        yield n\n        n += 1\nfor v in g():\n    pass\nn = next(g()), list(g())",
    "generator of itself": "def g():\n    yield from g()\nn = list(g())",
    "itertools.count": "for n in itertools.count():\n    pass\nm = list(itertools.cycle([1]))",
    "iter with a sentinel": "for n in iter(lambda: 1, 2):\n    pass",
    "property of itself": "class A:\n    @property\n    def a(self):\n        return self.a\nn = A().a",
    "__getattr__ of itself": "class A:\n    def __getattr__(self, name):\n        return getattr(self, name)\nn = A().a",
    "__iter__ of itself": "class A:\n    def __iter__(self):\n        return iter(self)\nn = list(A())",
    "__len__ of itself": "class A:\n    def __len__(self):\n        return len(self)\nn = len(A())",
    "__add__ of itself": "class A:\n    def __add__(self, o):\n        return self + o\nn = A() + A()",
    "__call__ of itself": "class A:\n    def __call__(self):\n        return self()\nn = A()()",
    "__getitem__ of itself": "class A:\n    def __getitem__(self, i):\n        return self[i]\nn = A()[0]",
    "class of itself": "class A(A):\n    pass\nn = A()",
    "classes of each other": "class A(B):\n    pass\nclass B(A):\n    pass\nn = A(), B()",
    "metaclass": "class M(type):\n    def __call__(cls):\n        return cls()\nclass A(metaclass=M):\n    pass\nn = A()",
    "decorator of itself": "def d(f):\n    return d(f)\n@d\ndef g():\n    pass\ng()",
    "many undecided branches": "n = 0\n" + "".join(f"if FLAGS[{i}]:\n    n = n + {i}\nelse:\n    n = [n, {i}]\n" for i in range(300)),
    "undecided functions": "f = a\n" + "".join(f"f = (lambda g=f: g()) if FLAGS[{i}] else (lambda g=f: g)\n" for i in range(40)) + "n = f()",
    "undecided calls of undecided calls": "def f(n):\n    if FLAG:\n        return f(n + 1)\n    elif OTHER:\n        return f(n + 2)\n    return f(n + 3)\nn = f(0)",
    "undecided loops": "def f(n):\n    for i in UNKNOWN:\n        if i:\n            f(n)\n        else:\n            f(i)\nf(0)",
    "undecided sizes of everything": "def f(n):\n    r = []\n    for i in range(9):\n        r.append(f(n - 1) if n else 0)\n    return r\nn = f(UNKNOWN)",
}  # fmt: skip
MODULES = {
    "module in itself": "m = nn.Sequential()\nm.add_module('m', m)\nm(x)\nm.parameters()",
    "modules in each other": "a, b = nn.Sequential(), nn.Sequential()\na.append(b)\nb.append(a)\na(x)\na.apply(print)",
    "module copied in itself": "import copy\nm = nn.Sequential(nn.ReLU())\nfor _ in range(40):\n    m = nn.Sequential(m, copy.deepcopy(m))\nm(x)",
    "module shared in itself": "m = nn.Sequential(nn.Linear(2, 2))\nfor _ in range(60):\n    m = nn.Sequential(m, m)\nm(x)",
    "deep module": "m = nn.ReLU()\nfor _ in range(5000):\n    m = nn.Sequential(m)\nm(x)",
    "wide module": "m = nn.Sequential(*[nn.Linear(2, 2) for _ in range(15000)])\nm(x)",
    "very wide module": "m = nn.Sequential(*[nn.ReLU()] * 99999)\nm(x)",
    "forward of itself": "class N(nn.Module):\n    def forward(self, x):\n        return self(x)\nN()(x)",
    "constructor of itself": "class N(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.n = N()\nN()",
    "constructor of two": "class N(nn.Module):\n    def __init__(self, d):\n        super().__init__()\n        self.a, self.b = N(d + 1), N(d + 2)\nN(0)",
    "huge layer": "m = nn.Linear(10 ** 300, 10 ** 300)\nm(x)\nn = nn.Conv2d(10 ** 9, 10 ** 9, 10 ** 9)(x)",
    "huge stack": "m = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 10 ** 9)\nm(x)\nn = nn.LSTM(2, 2, num_layers=10 ** 9)",
    "huge parameter": "p = nn.Parameter(torch.zeros(10 ** 300, 10 ** 300))\nq = p.numel()",
    "tensor of a long list": "t = torch.tensor([1.0] * 99999)\nfor _ in range(9999):\n    t = t * 2 + t",
    "huge linspace": "t = torch.linspace(0, 1, 10 ** 12)\nu = torch.arange(10 ** 12)\nv = torch.zeros(10 ** 12).tolist()",
    "huge split": "a = x.chunk(10 ** 9)\nfor b in a:\n    pass\nc = x.view(2, 3).expand(10 ** 9, 10 ** 9).unbind(0)",
    "loop over a huge tensor": "for row in torch.zeros(10 ** 9, 2):\n    y = row + 1",
    "long forward": "for _ in range(10 ** 9):\n    x = F.relu(x)",
    "long forward in a module": "class N(nn.Module):\n    def forward(self, x):\n        for _ in range(10 ** 9):\n            x = F.relu(x) + x\n        return x\nN()(x)",
    "undecided forwards": "class N(nn.Module):\n    def forward(self, x):\n" + "".join(f"        x = x.relu() if x.sum() > {i} else x.tanh()\n" for i in range(300)) + "        return x\nN()(x)",
    "undecided layers": "m = nn.Sequential(*[nn.ReLU() if FLAGS[i] else nn.Tanh() for i in range(500)])\nm(x)",
    "undecided everything": "m = nn.Sequential()\nfor i in range(99):\n    if FLAGS[i]:\n        m.append(nn.Sequential(m[0] if FLAGS[-i] else nn.ReLU()))\nm(x)",
    "training for ever": "m = nn.Linear(1, 1)\nwhile True:\n    loss = m(x).sum()\n    loss.backward()",
    "penalty of penalties": "w = nn.Parameter(torch.zeros(2))\nr = w.norm()\nfor _ in range(60):\n    r = r + r\nr.backward()",
    "weird names": "setattr(nn.Sequential(), '', nn.ReLU())\nsetattr(nn.Sequential(), 'a.b', nn.ReLU())\nsetattr(nn.Sequential(), '\\x00\\n', nn.ReLU())",
    "strange einsum": "y = torch.einsum('(' * 9999, x)\nz = torch.einsum('...ij,->->', x, x)",
    "changes of what is known": "nn.Linear = 3\ntorch = None\nnn.Module.__call__ = lambda self: self\nm = nn.Linear(1, 2)",
}  # fmt: skip
PATTERNS = {
    "nested repeat": "b = re.match(r'(a+)+$', 'a' * 40 + 'b')",
    "alternation": "b = re.match(r'(a|a)*$', 'a' * 40 + 'b')",
    "alternation of repeats": "b = re.match(r'(a|aa)+$', 'a' * 99 + 'b')",
    "many stars": "b = re.match('a*' * 40 + 'b', 'a' * 200)",
    "many optionals": "b = re.match('a?' * 30 + 'a' * 30, 'a' * 30)",
    "lookahead": "b = re.match(r'(?=(a+))*x', 'a' * 99)",
    "nested groups": "b = re.match(r'((a*)*)*$', 'a' * 60 + 'b')",
    "words": "b = re.match(r'^(\\w+\\s?)*$', 'word ' * 20 + '!')",
    "back-references": "b = re.match(r'(a*)(a*)(a*)(a*)\\1\\2\\3\\4b', 'a' * 200)",
    "lazy": "b = re.match(r'(.*?,){25}P', '1,' * 60)",
    "huge repeat": "b = re.match('a{1000000}' * 2, 'a')\nc = re.match('(a{9999}){9999}', 'a')",
    "substitution that grows": "s = 'aaaa'\nfor _ in range(40):\n    s = re.sub('a', 'aa', s)",
    "compiled": "p = re.compile(r'(a+)+$')\nb = p.match('a' * 40 + 'b'), p.sub('', 'a' * 40 + 'b'), p.findall('a' * 40 + 'b')",
    "invalid": "b = re.match('(', 'a'), re.sub('a', '\\\\9', 'a')",
}
HOSTILE = {f"{kind}: {name}": code for kind, group in {
    "numbers": NUMBERS, "texts": TEXTS, "containers": CONTAINERS, "loops": LOOPS, "modules": MODULES, "patterns": PATTERNS,
}.items() for name, code in group.items()}  # fmt: skip
NET = "net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())\n"


def processor_time(code: str) -> float:
    start = time.process_time()
    with contextlib.suppress(SourceError):
        read(code, "hostile.py")
    return time.process_time() - start


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_bounded_time_at_module_level(code):
    assert processor_time(HEAD + code + "\n" + NET) < SECONDS


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_bounded_time_in_a_constructor(code):
    body = "".join(f"        {line}\n" for line in code.split("\n"))
    net = f"class Net(nn.Module):\n    def __init__(self, x=1):\n        super().__init__()\n{body}        self.fc = nn.Linear(2, 3)\n"
    assert processor_time(HEAD + net + "    def forward(self, x):\n        return self.fc(x)\n") < SECONDS


def test_a_network_before_the_hostile_code_is_still_seen(networks):
    found = networks(NET + "while True:\n    n = 10 ** 10 ** 10\n")
    assert [(seen.graph.name, seen.parameters) for seen in found] == [("net", 9)]


def test_a_class_beside_the_hostile_code_is_still_seen(networks):
    found = networks(
        """
        for a in range(10 ** 9):
            for b in range(10 ** 9):
                c = [d for d in range(10 ** 9)]
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 3)
            def forward(self, x):
                return self.fc(x)
        """
    )
    assert [(seen.graph.name, seen.parameters) for seen in found] == [("Net", 9)]


NESTED = {
    "brackets": "a = " + "(" * 3000 + "1" + ")" * 3000,
    "lists": "a = " + "[" * 3000 + "]" * 3000,
    "brackets within the parser's limit": "a = " + "(" * 90 + "1" + ")" * 90,
    "calls": "a = " + "f(" * 90 + ")" * 90,
    "operators": "a = " + " + ".join(["1"] * 20_000),
    "unary operators": "a = " + "-" * 5000 + "1",
    "nots": "a = " + "not " * 5000 + "1",
    "attributes": "a = a" + ".b" * 20_000,
    "subscripts": "a = a" + "[0]" * 5000,
    "method calls": "a = a" + ".b()" * 5000,
    "conditionals": "a = " + "1 if b else " * 5000 + "2",
    "booleans": "a = " + " or ".join(f"b{i}" for i in range(5000)),
    "comparisons": "a = " + " < ".join(["b"] * 5000),
    "lambdas": "a = " + "lambda: " * 2000 + "1",
    "strings": "a = " + "'a' " * 20_000,
    "ifs": "".join(" " * i + "if a:\n" for i in range(95)) + " " * 95 + "pass",
    "elifs": "if a:\n    pass\n" + "elif b:\n    pass\n" * 3000,
    "functions": "".join("  " * i + "def f():\n" for i in range(90)) + "  " * 90 + "pass",
    "classes": "".join("  " * i + "class A:\n" for i in range(90)) + "  " * 90 + "pass",
    "comprehensions": "a = " + "[" * 60 + "b" + " for b in c]" * 60,
    "f-strings": "a = f'" + "{b}" * 5000 + "'",
    "decorators": "@d\n" * 3000 + "def f():\n    pass",
    "arguments": "a = f(" + ", ".join(f"b{i}=1" for i in range(5000)) + ")",
    "parameters": "def f(" + ", ".join(f"b{i}=1" for i in range(5000)) + "):\n    pass\nf()",
    "targets": "a = " + " = ".join(f"b{i}" for i in range(5000)) + " = 1",
    "unpacking": ", ".join(f"b{i}" for i in range(5000)) + " = c",
    "names": "\n".join(f"a{i} = a{i - 1}" for i in range(1, 5000)),
    "definitions": "\n".join(f"def f{i}():\n    return f{i + 1}()" for i in range(1500)),
    "classes in a chain": "class C0(nn.Module): pass\n" + "\n".join(f"class C{i}(C{i - 1}): pass" for i in range(1, 600)),
    "one long line": "a = [" + "nn.Linear(1, 1), " * 4000 + "]",
    "blank lines": "\n" * 100_000,
    "comments": "# torch\n" * 50_000,
    "semicolons": "a = 1; " * 5000,
    "line continuations": "a = 1 + \\\n" * 3000 + "1",
    "matches": "match a:\n" + "".join(f"    case [{i}, *_]:\n        b = {i}\n" for i in range(1500)),
}  # fmt: skip


@pytest.mark.parametrize("code", NESTED.values(), ids=NESTED)
def test_deep_and_long_code(code):
    assert processor_time(f"{HEAD}{code}\n{NET}") < SECONDS


def test_calls_of_everything_with_nonsense():
    """Each known function is called with arguments that do not fit."""
    from netlint.frontends.source.python_builtins import BUILTINS
    from netlint.frontends.source.python_library import LIBRARY
    from netlint.frontends.source.torch_calls import SPECIAL

    arguments = ["", "None", "'a'", "[[]]", "x", "x, x, x, x, x", "*unknown", "key=1", "-1, 'a'", "float('inf')", "{}, []", "nn.ReLU(), 1"]
    modules = sorted({name.partition(".")[0] for name in (*LIBRARY, *SPECIAL)} - {"property", "object"})
    for name in sorted({*BUILTINS, *LIBRARY, *SPECIAL}):
        calls = "".join(f"    try:\n        {name}({values})\n    except Exception:\n        pass\n" for values in arguments)
        code = f"import {', '.join(modules)}\n{HEAD}def f(x):\n{calls}    return F.relu(x)\n"
        assert read(code, "calls.py").graphs, name


METHODS = {
    "''": "join replace split zfill format index count startswith encode",
    "[1]": "append extend insert pop index count remove reverse sort clear copy",
    "{'a': 1}": "get keys values items pop update setdefault copy clear popitem",
    "{1}": "add discard remove union update difference intersection issubset",
    "x": "view reshape permute transpose flatten mean sum split chunk item tolist size expand repeat unbind new_zeros backward to",
    "p": "normal_ zero_ copy_ requires_grad_ t abs norm data",
    "nn.Sequential(nn.ReLU())": "append extend insert pop apply add_module register_buffer register_parameter get_submodule train forward",
    "nn.ModuleDict()": "pop update items keys values",
    "torch.optim.SGD([p], 1)": "step zero_grad add_param_group load_state_dict",
}


@pytest.mark.parametrize(("value", "names"), METHODS.items())
def test_methods_with_nonsense(value, names):
    arguments = ["", "None", "'a'", "[[]]", "x", "x, x, x, x", "*unknown", "key=1", "-1, 'a'", "10 ** 9", "{}, []", "[1], x"]
    calls = "".join(
        f"    try:\n        {value}.{name}({values})\n    except Exception:\n        pass\n"
        for name in names.split()
        for values in arguments
    )
    assert read(f"{HEAD}def f(x):\n    p = nn.Parameter(torch.zeros(2))\n{calls}    return F.relu(x)\n", "calls.py").graphs


WORDS = """
x self nn.Linear(2,3) nn.Sequential( ) ( ) [ ] { } , : . = == + * ** @ if else for in range(3) lambda : not or and None True 1 0 -1 'a' f'{x}'
*args **kwargs torch.cat( F.relu( x.view( yield await walrus:=1 ... super() nn.Module def class return with as raise del global import from
""".split()


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions(seed):
    """Random words that happen to be Python are read; the others are syntax errors."""
    choose = random.Random(seed)
    read_at_all = 0
    for _ in range(400):
        expression = " ".join(choose.choices(WORDS, k=choose.randint(1, 7)))
        code = f"{HEAD}def f(x, *args, self=None, **kwargs):\n    {expression}\n    return F.relu(x)\n"
        try:
            read(code, "random.py")
            read_at_all += 1
        except SourceError as error:
            assert error.row >= 1
    assert read_at_all > 10


@pytest.mark.parametrize("seed", range(4))
def test_mutated_networks(seed):
    """Tokens of a real network are deleted, doubled and exchanged: whatever still parses is read."""
    choose = random.Random(seed)
    words = (
        "class Net ( nn.Module ) : \n     def __init__ ( self , n = 3 ) : \n         super ( ) . __init__ ( ) \n         "
        "self . f = nn.Sequential ( * [ nn.Linear ( n , n ) for _ in range ( 2 ) ] ) \n         self . g = nn.ModuleList ( [ nn.ReLU ( ) ] ) \n     "
        "def forward ( self , x ) : \n         for g in self . g : \n             x = g ( self . f ( x ) ) + x \n         return torch.cat ( [ x , x ] , 1 ) \n "
    ).split(" ")
    places = [i for i, word in enumerate(words) if word.strip()]
    read_at_all = 0
    for _ in range(250):
        changed = list(words)
        for _ in range(choose.randint(1, 3)):
            a, b = choose.sample(places, 2)
            match choose.randint(0, 2):
                case 0:
                    changed[a] = ""
                case 1:
                    changed[a] = changed[b]
                case _:
                    changed[a], changed[b] = changed[b], changed[a]
        try:
            read(HEAD + " ".join(changed).replace("\n ", "\n"), "mutated.py")
            read_at_all += 1
        except SourceError as error:
            assert error.row >= 1
    assert read_at_all > 10
