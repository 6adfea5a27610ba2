"""Passes until nothing is left, and what is given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netlint.engine.diagnostic import Edit, Position
from netlint.engine.rule import Severity
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes import Checked, Proposal, checker, fix_source, propose
from netlint.fixes.source.convergence import ReadAndCheck, moved
from netlint.frontends.errors import SourceError
from netlint.testing.rules import IMPORTS
from netlint.verify import equivalence

POOLS = "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2))\n"


def test_an_activation_passes_one_pool_after_the_other(fixed: Any) -> None:
    result = fixed.run(POOLS, "NL501", levels=("safe",))
    assert result.passes == 3 and result.converged and not result.left
    assert b"nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.ReLU())" in result.source


def test_ten_passes_are_enough_or_it_says_so(fixed: Any) -> None:
    pools = ", ".join(["nn.MaxPool2d(2)"] * 12)
    result = fixed.run(f"net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), {pools})\n", "NL501")
    assert result.passes == 10 and not result.converged and result.left


def test_fixing_twice_equals_fixing_once(fixed: Any) -> None:
    once = fixed.run(POOLS, "NL501", "NL401", "NL204")
    again = fixed.run(once.source, "NL501", "NL401", "NL204")
    assert again.source == once.source and again.passes == 0


def test_a_suppressed_finding_is_not_fixed(fixed: Any) -> None:
    code = "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ReLU(),  # netlint: ignore[NL501]\n    nn.MaxPool2d(2),\n)\n"
    assert fixed(code, "NL501") == code


def test_an_unused_suppression_is_removed_by_its_own_fix(fixed: Any) -> None:
    code = "net = nn.Sequential(\n    nn.Conv2d(3, 8, 3),  # netlint: ignore[NL501]\n    nn.MaxPool2d(2),\n)\n"
    assert fixed(code, "NL501", "NL001", levels=("safe",)) == code.replace("  # netlint: ignore[NL501]", "")


def test_only_safe_fixes_are_made_unless_asked_for(fixed: Any) -> None:
    code = "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ELU())\n"
    assert fixed(code, "NL204", levels=("safe",)) == code
    assert "bias=False" in fixed(code, "NL204")


def test_a_fix_that_is_refused_is_given_up_and_the_others_are_made(fixed: Any) -> None:
    code = "one = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
    code += "two = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Tanh(), nn.MaxPool2d(2))\n"
    read_and_check = checker(InputFile("m.py", Path("m.py").absolute(), Path.cwd()), Settings(selected=frozenset({"NL501"})))
    result = fix_source(
        read_and_check,
        (fixed.imports + code).encode(),
        "m.py",
        accept=lambda proposal, before, after: "it is not equal" if "Tanh" in proposal.fix.message else None,
    )
    assert [one.reason for one in result.given_up] == ["it is not equal"]
    assert len(result.made) == 1 and len(result.left) == 1
    assert b"nn.Tanh(), nn.MaxPool2d(2)" in result.source and b"nn.MaxPool2d(2), nn.ReLU()" in result.source


NET = "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"


def plain(code: str) -> tuple[ReadAndCheck, bytes]:
    file = InputFile("m.py", Path("m.py").absolute(), Path.cwd())
    return checker(file, Settings(selected=frozenset({"NL501"}))), (IMPORTS + code).encode()


def test_a_fix_is_not_blamed_for_what_another_promises() -> None:
    code = NET + "other = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ELU())\n"
    file = InputFile("m.py", Path("m.py").absolute(), Path.cwd())
    read_and_check = checker(file, Settings(selected=frozenset({"NL501", "NL204"})))

    def accept(proposal: Proposal, before: Checked, after: Checked) -> str | None:
        pairs = [(one, two) for one in before.graphs for two in after.graphs if one.name == two.name]
        evidence = [equivalence(one, two, proposal.fix.contract) for one, two in pairs]
        return None if len(pairs) == 2 and all(found.holds for found in evidence) else "; ".join(map(str, evidence))

    result = fix_source(read_and_check, (IMPORTS + code).encode(), "m.py", ("safe", "unsafe"), accept)
    assert not result.given_up and len(result.made) == 2 and not result.left


def test_a_fix_whose_finding_stays_is_given_up() -> None:
    read_and_check, source = plain(NET)
    first = read_and_check(source)

    def stubborn(data: bytes) -> Checked:
        return Checked(read_and_check(data).judged, first.diagnostics)

    result = fix_source(stubborn, source, "m.py")
    assert [one.reason for one in result.given_up] == ["the finding is still there"]
    assert result.source == source and not result.made


@pytest.mark.parametrize(("severity", "kept"), [(Severity.ERROR, False), (Severity.WARNING, False), (Severity.ADVICE, True)])
def test_a_fix_that_brings_a_finding_as_grave_to_its_place_is_given_up(severity: Severity, kept: bool) -> None:
    read_and_check, source = plain(NET)
    [old] = read_and_check(source).diagnostics

    def suspicious(data: bytes) -> Checked:
        checked = read_and_check(data)
        new = replace(old, code="NL999", name="something-else", severity=severity, fingerprint="new")
        return checked if data == source else Checked(checked.judged, [*checked.diagnostics, new])

    result = fix_source(suspicious, source, "m.py")
    assert bool(result.made) is kept
    assert [one.reason for one in result.given_up] == ([] if kept else ["it brings NL999 (something-else) to this place"])


def test_a_fix_that_cannot_be_read_again_is_given_up_and_the_others_are_made() -> None:
    read_and_check, source = plain(NET + NET.replace("net", "other").replace("ReLU", "Tanh"))

    def picky(data: bytes) -> Checked:
        if b"nn.MaxPool2d(2), nn.Tanh()" in data:
            raise SourceError("no")
        return read_and_check(data)

    result = fix_source(picky, source, "m.py")
    assert [one.reason for one in result.given_up] == ["the file cannot be read with it: no"]
    assert b"nn.MaxPool2d(2), nn.ReLU()" in result.source and b"nn.Tanh(), nn.MaxPool2d(2)" in result.source


def test_fixes_of_other_files_are_left_to_them(tmp_path: Path) -> None:
    (tmp_path / "blocks.py").write_text(
        "from torch import nn\n\ndef block():\n    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
    )
    source = b"from torch import nn\nfrom blocks import block\n\nnet = nn.Sequential(block(), nn.Conv2d(8, 8, 3))\n"
    path = tmp_path / "model.py"
    path.write_bytes(source)
    read_and_check = checker(InputFile(str(path), path, tmp_path), Settings(selected=frozenset({"NL501"})))
    assert read_and_check(source).graphs
    assert fix_source(read_and_check, source, str(path)).source == source


def test_one_finding_has_one_proposal(fixed: Any) -> None:
    read_and_check = checker(InputFile("m.py", Path("m.py").absolute(), Path.cwd()), Settings(selected=frozenset({"NL501"})))
    [judged] = read_and_check((fixed.imports + POOLS).encode()).judged
    [found] = judged.found
    proposal = propose(found.rule, found.finding, judged.graph)
    assert proposal is not None and proposal.fix.applicability == "safe" and len(proposal.fix.edits) == 2


def test_places_move_with_the_text_before_them() -> None:
    edits = [
        Edit("", Position(1, 1), Position(2, 1)),
        Edit("xyz", Position(3, 5), Position(3, 6)),
        Edit("\na", Position(4, 2), Position(4, 2)),
    ]
    assert moved(Position(2, 7), edits) == Position(1, 7)
    assert moved(Position(3, 5), edits) == Position(2, 5)
    assert moved(Position(3, 9), edits) == Position(2, 11)
    assert moved(Position(4, 1), edits) == Position(3, 1)
    assert moved(Position(4, 8), edits) == Position(4, 8)
    assert moved(Position(9, 9), edits) == Position(9, 9)
