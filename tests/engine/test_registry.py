from __future__ import annotations

from pathlib import Path

import pytest

from netlint.engine import registry
from netlint.engine.errors import NetlintError
from netlint.engine.registry import load

RULE = """
\"\"\"A page.\"\"\"
from netlint.engine.rule import Finding, Rule, Severity
from netlint.graph.operators import ReLU
rule = Rule("{code}", "{name}", Severity.ADVICE, "One line.")
@rule.check
def check(relu: ReLU, graph, options):
    return Finding(at=relu, message="seen")
"""


def write(folder: Path, file: str, code: str, name: str) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(code=code, name=name))


def test_one_new_file_in_a_folder_adds_a_rule(tmp_path: Path) -> None:
    write(tmp_path, "chapter/some_rule.py", "XY001", "some-rule")
    before = {entry.rule.code for entry in load().entries}
    after = load((tmp_path,))
    assert {entry.rule.code for entry in after.entries} == before | {"XY001"}
    entry = after.find("some-rule")
    assert (entry.rule.code, entry.page, entry.chapter) == ("XY001", "A page.", "chapter")


def test_the_order_is_that_of_the_codes(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "XY002", "second")
    write(tmp_path, "b.py", "XY001", "first")
    codes = [rule.code for rule in load((tmp_path,)).rules]
    assert codes == sorted(codes)
    assert codes[-2:] == ["XY001", "XY002"]


@pytest.mark.parametrize(
    ("code", "name", "clash"), [("XY001", "other", "XY001"), ("XY009", "some-rule", "some-rule"), ("NL000", "new", "NL000")]
)
def test_two_rules_cannot_share_a_code_or_a_name(tmp_path: Path, code: str, name: str, clash: str) -> None:
    write(tmp_path, "one.py", "XY001", "some-rule")
    write(tmp_path, "two.py", code, name)
    with pytest.raises(NetlintError, match=f"two rules are called `{clash}`"):
        load((tmp_path,))


def test_a_rule_file_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('not today')")
    with pytest.raises(NetlintError, match=r"broken\.py: ValueError: not today"):
        load((tmp_path,))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetlintError, match="no folder"):
        load((tmp_path / "missing",))


def test_an_entry_point_brings_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    write(tmp_path, "netlint_test_pack/__init__.py", "XY100", "from-the-package")
    write(tmp_path, "netlint_test_pack/inner.py", "XY101", "from-a-module")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("test", "netlint_test_pack", group)])
    rules = {rule.code for rule in load.__wrapped__().rules}
    assert {"XY100", "XY101"} <= rules


def test_a_rule_is_found_by_code_in_any_case_and_by_name() -> None:
    assert load().find("nl001") is load().find("unused-suppression")


def test_an_unknown_rule_is_answered_with_the_nearest() -> None:
    with pytest.raises(NetlintError, match="no rule `unused-supression`; the nearest is `unused-suppression`"):
        load().find("unused-supression")


def test_every_rule_has_an_entry_with_its_page() -> None:
    assert all(entry.page and entry.chapter and entry.origin for entry in load().entries)
