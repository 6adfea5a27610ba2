"""Texts that do not parse, and what is read in their place."""

from __future__ import annotations

import pytest

from netlint.editor.recovery import Readable, error_in, recover

GOOD = """\
import torch
from torch import nn


def first(x):
    return torch.relu(x)


class Net(nn.Module):
    def forward(self, x):
        return x
"""


def recovered(text: str, last: str | None) -> Readable:
    error = error_in(text)
    assert error is not None
    found = recover(text, error, last)
    assert found is not None
    assert error_in(found.text) is None
    return found


@pytest.mark.parametrize(
    "broken",
    [
        GOOD.replace("    return torch.relu(x)", "    return torch.relu("),
        GOOD.replace("    return torch.relu(x)", "    y = '''\n    return torch.relu(x)"),
        GOOD.replace("class Net(nn.Module):", "class Net(nn.Module"),
        GOOD.replace("        return x\n", "        if x\n        return x\n"),
        GOOD + "def last(\n",
    ],
)
def test_one_change_is_taken_back(broken: str) -> None:
    found = recovered(broken, GOOD)
    assert found.text == GOOD
    lines, written = GOOD.split("\n"), broken.split("\n")
    assert all(lines[row - 1] == written[there - 1] for row in range(1, len(lines) + 1) if (there := found.written(row)))
    kept = [row for row in range(1, len(lines) + 1) if found.written(row)]
    assert len(kept) >= len(lines) - 1


def test_only_what_breaks_is_taken_back() -> None:
    broken = GOOD.replace("torch.relu(x)", "torch.relu(").replace("        return x\n", "        y = 2 * x\n        return y\n")
    found = recovered(broken, GOOD)
    assert "torch.relu(x)" in found.text and "return y" in found.text
    assert (found.written(6), found.readable(6), found.written(11), found.readable(11)) == (None, None, 11, 11)


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        (GOOD.replace("torch.relu(x)", "torch.relu("), ["import", "from", "class"]),
        (GOOD.replace("class Net(nn.Module):", "class Net(nn.Module:"), ["import", "from", "def"]),
        (GOOD.replace("        return x\n", "        if x\n"), ["import", "from", "def"]),
        ("x = (\n" + GOOD, ["import", "from", "def", "class"]),
    ],
)
def test_a_file_that_was_never_read_loses_a_statement(broken: str, left: list[str]) -> None:
    found = recovered(broken, None)
    kept = [line for row, line in enumerate(found.text.split("\n"), start=1) if found.written(row) and line[:1].strip()]
    assert [line.split()[0] for line in kept] == left
    assert len(found.text.split("\n")) == len(broken.split("\n"))
    assert not found.reverted


def test_what_is_no_python_at_all_is_given_up() -> None:
    text = "\n".join(f"in {number} out of (" for number in range(40))
    error = error_in(text)
    assert error is not None
    assert recover(text, error, None) is None
