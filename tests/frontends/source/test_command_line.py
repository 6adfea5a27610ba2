"""`argparse`: a network is built with the defaults of its settings."""

from __future__ import annotations

import pytest

from netlint.frontends.source import read
from netlint.graph import Unknown
from netlint.graph.operators import Linear


def width(parser: str, setting: str = "args.width") -> object:
    """The output features of a linear layer whose width is a setting."""
    code = (
        f"import argparse\nimport types\nfrom torch import nn\n{parser}\n"
        f"net = nn.Sequential(nn.Linear(4, {setting}), nn.ReLU(), nn.Linear(8, 2))\n"
    )
    (graph,) = read(code, "train.py").graphs
    return next(graph.of(Linear)).out_features


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ('"--width", type=int, default=512', 512),
        ('"-w", "--width", type=int, default="512"', 512),
        ('"--hidden-size", dest="width", default=64', 64),
        ('"width", nargs="?", default=16', 16),
    ],
)
def test_a_setting_has_its_default(argument: str, expected: int) -> None:
    assert width(f"p = argparse.ArgumentParser()\np.add_argument({argument})\nargs = p.parse_args()") == expected


@pytest.mark.parametrize("argument", ['"--width", type=int, required=True', '"--other", default=3'])
def test_a_setting_without_a_default_is_unknown(argument: str) -> None:
    assert isinstance(width(f"p = argparse.ArgumentParser()\np.add_argument({argument})\nargs = p.parse_args()"), Unknown)


def test_a_flag_is_off() -> None:
    flag = 'p = argparse.ArgumentParser()\np.add_argument("--big", action="store_true")\nargs, rest = p.parse_known_args()'
    assert width(flag, "512 if args.big else 64") == 64


def test_groups_and_later_defaults() -> None:
    parser = (
        "def settings():\n    p = argparse.ArgumentParser()\n    g = p.add_argument_group('net')\n"
        "    g.add_argument('--width', type=int, default=3)\n    p.set_defaults(width=5)\n    return p.parse_args()\nargs = settings()"
    )
    assert width(parser) == 5


@pytest.mark.parametrize("maker", ["argparse.Namespace", "types.SimpleNamespace"])
def test_a_namespace_has_what_it_is_given(maker: str) -> None:
    assert width(f"args = {maker}(width=7)\nargs.depth = 2") == 7
