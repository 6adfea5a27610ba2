from __future__ import annotations

from pathlib import Path

import pytest

from netlint.config import Configuration, Overrides, nearest_file
from netlint.engine.errors import NetlintError
from netlint.engine.rule import Severity


def settings_of(folder: Path, text: str, file: str = "netlint.toml") -> Configuration:
    (folder / file).write_text(text)
    return Configuration(home=folder)


def error_of(folder: Path, text: str, file: str = "netlint.toml") -> str:
    with pytest.raises(NetlintError) as caught:
        settings_of(folder, text, file).for_folder(folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_all_keys_are_read(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
        select = ["NL5", "NL000"]
        extend-select = ["NL001"]
        ignore = ["unused-suppression"]
        fail-on = "error"
        exclude = ["old/", "*_generated.py"]
        ignore-modules = ["features.*", "Net.head"]
        output-format = "json"

        [per-file-ignores]
        "tests/**" = ["NL5"]

        [training]
        batch-size = 4
        samples = 1000
        intent = "sparse"
        """,
    ).for_folder(tmp_path)
    assert settings.selected == {"NL000", *(code for code in settings.selected if code.startswith("NL5"))}
    assert (settings.fail_on, settings.output_format, settings.root) == (Severity.ERROR, "json", tmp_path)
    assert (settings.training.batch_size, settings.training.samples, settings.training.intent) == (4, 1000, "sparse")
    assert settings.excludes(tmp_path / "old", is_folder=True)
    assert settings.excludes(tmp_path / "x" / "a_generated.py")
    assert not settings.excludes(tmp_path / "a.py")
    assert settings.ignored_in(tmp_path / "tests" / "a.py") == {code for code in settings.selected if code.startswith("NL5")}
    assert settings.ignored_in(tmp_path / "a.py") == frozenset()
    assert settings.ignores_module("Any", "features.3") and settings.ignores_module("Net", "head")
    assert not settings.ignores_module("Other", "head")


def test_the_nearest_file_wins(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.netlint]\nfail-on = 'error'\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert nearest_file(inner) == tmp_path / "pyproject.toml"
    (tmp_path / "a" / "netlint.toml").write_text("fail-on = 'advice'\n")
    assert nearest_file(inner) == tmp_path / "a" / "netlint.toml"
    configuration = Configuration(home=tmp_path)
    assert configuration.for_file(inner / "m.py").fail_on is Severity.ADVICE
    assert configuration.for_file(tmp_path / "m.py").fail_on is Severity.ERROR


def test_a_netlint_toml_goes_before_a_pyproject_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.netlint]\n")
    (tmp_path / "netlint.toml").write_text("")
    assert nearest_file(tmp_path) == tmp_path / "netlint.toml"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\nselct = []\n", "netlint.toml:2: unknown key `selct`; the nearest is `select`"),
        ("select = 'NL5'\n", "netlint.toml:1: `select` must be a list of strings, not 'NL5'"),
        ("select = ['NL777']\n", "netlint.toml:1: `select`: no rule `NL777`; the nearest is"),
        ("fail-on = 'warn'\n", "netlint.toml:1: `fail-on` must be one of error, warning, advice, not 'warn'"),
        ("rules = 3\n", "netlint.toml:1: `rules` must be a table, not 3"),
        ("[training]\nbatch_size = 3\n", "netlint.toml:2: unknown key `training.batch_size`; the nearest is `batch-size`"),
        ("[training]\nbatch-size = 0\n", "netlint.toml:2: `batch-size` must be a whole number above 0, not 0"),
        ("[training]\nsamples = true\n", "netlint.toml:2: `samples` must be a whole number above 0, not True"),
        ("[per-file-ignores]\n'a.py' = 'NL5'\n", "netlint.toml:2: `a.py` must be a list of strings, not 'NL5'"),
        ("[rules.nonsense]\n", "netlint.toml:1: no rule `nonsense`; the nearest is"),
        ("[rules.unused-suppression]\nx = 1\n", "netlint.toml:2: rule `unused-suppression` has no options"),
        ("select = [\n", "netlint.toml: not valid TOML: "),
    ],
)
def test_what_is_not_valid_is_named_with_its_place(tmp_path: Path, text: str, error: str) -> None:
    assert error in error_of(tmp_path, text)


def test_a_key_in_pyproject_is_named_with_its_table(tmp_path: Path) -> None:
    text = "[tool.other]\nx = 1\n\n[tool.netlint]\nx = 1\n"
    assert error_of(tmp_path, text, "pyproject.toml").startswith("pyproject.toml:5: unknown key `tool.netlint.x`; the nearest is")


def test_a_pyproject_with_other_things_in_it_is_passed_over_or_named(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "tool = 3\n", "pyproject.toml").for_folder(tmp_path).fail_on is Severity.WARNING
    assert error_of(tmp_path, "[tool]\nnetlint = 3\n", "pyproject.toml") == "pyproject.toml:2: `netlint` must be a table, not 3"


def test_options_of_a_rule_are_checked_against_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.py").write_text(
        "from netlint.engine.rule import Option, Rule, Severity\n"
        "rule = Rule('XY001', 'some-rule', Severity.ADVICE, '', options={\n"
        "    'limit': Option(0.5, ''), 'width': Option(256, ''), 'strict': Option(False, ''), 'names': Option(('a',), '')})\n"
    )
    head = "rule-paths = ['rules']\n[rules.some-rule]\n"
    settings = settings_of(tmp_path, head + "limit = 1\nwidth = 3\nstrict = true\nnames = []\n").for_folder(tmp_path)
    assert settings.options["some-rule"] == {"limit": 1.0, "width": 3, "strict": True, "names": ()}
    assert "netlint.toml:3: `width` must be a whole number, not 1.5" in error_of(tmp_path, head + "width = 1.5\n")
    assert "netlint.toml:3: `limit` must be a number, not 'x'" in error_of(tmp_path, head + "limit = 'x'\n")
    assert "netlint.toml:3: unknown key `rules.some-rule.widht`; the nearest is `width`" in error_of(tmp_path, head + "widht = 1\n")


def test_rule_paths_of_a_project_that_is_only_checked_are_not_imported(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    (project / "rules").mkdir(parents=True)
    home.mkdir()
    (project / "rules" / "evil.py").write_text("raise SystemExit('imported')")
    (project / "netlint.toml").write_text("rule-paths = ['rules']\n")
    configuration = Configuration(home=home)
    assert configuration.for_folder(project).rule_paths == ()
    [warning] = configuration.warnings
    assert "`rule-paths` would import code of a project that is only being checked" in warning
    (project / "netlint.toml").write_text("rule-paths = ['rules']\nselect = ['XY001']\n")
    with pytest.raises(NetlintError, match=r"no rule `XY001`.* `rule-paths` would import code"):
        Configuration(home=home).for_folder(project)


def test_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "netlint.toml").write_text("fail-on = 'error'\noutput-format = 'json'\n[training]\nbatch-size = 4\n")
    overrides = Overrides(fail_on="advice", batch_size=32)
    settings = Configuration(overrides, home=tmp_path).for_folder(tmp_path)
    assert (settings.fail_on, settings.training.batch_size) == (Severity.ADVICE, 32)


def test_isolated_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "netlint.toml").write_text("nonsense = 1\n")
    assert Configuration(isolated=True, home=tmp_path).for_folder(tmp_path).fail_on is Severity.WARNING


def test_settings_can_be_given_as_values(tmp_path: Path) -> None:
    assert Configuration(values={"fail-on": "error"}, home=tmp_path).for_folder(tmp_path).fail_on is Severity.ERROR
    with pytest.raises(NetlintError, match="the given settings: unknown key `x`"):
        Configuration(values={"x": 1}, home=tmp_path).for_folder(tmp_path)
