"""The settings files: `[tool.netlint]` in a `pyproject.toml`, or a `netlint.toml`. The nearest one upwards from a file holds for it.

Everything is validated: an unknown key or a value of the wrong type is an error that names the file, the line, the key and the nearest
valid key.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from netlint.engine import baseline
from netlint.engine.errors import NetlintError
from netlint.engine.registry import Registry, load
from netlint.engine.rule import Severity, TrainingFacts
from netlint.engine.selection import Choice, chosen, expand
from netlint.engine.settings import Settings
from netlint.engine.spelling import hint
from netlint.engine.targets import InputFile, collect, is_excluded
from netlint.frontends.files import content
from netlint.frontends.limits import USUAL, Limits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")
D = TypeVar("D")

OUTPUT_FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "html")
KEYS = (
    "baseline",
    "select",
    "ignore",
    "extend-select",
    "fail-on",
    "exclude",
    "per-file-ignores",
    "ignore-modules",
    "rule-paths",
    "output-format",
    "rules",
    "training",
    "limits",
)
TRAINING_KEYS = ("batch-size", "samples", "intent")
LIMITS: Mapping[str, int] = {field.name.replace("_", "-"): getattr(USUAL, field.name) for field in fields(Limits)}
"""The keys of `[tool.netlint.limits]`, with what holds without them."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says on top of every settings file (None: nothing)."""

    select: Sequence[str] | None = None
    extend_select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    fail_on: str | None = None
    batch_size: int | None = None


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"netlint: {sentence}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Configuration:
    """Finds and keeps the settings of each folder.

    With `file`, that file holds everywhere; with `isolated`, none does; with `values`, these do. With `force_exclude`, files that are named
    can be excluded too. `rule-paths` name code that is
    imported, so they count only in settings that the user chose: `file`, `values`, or the settings of the working folder
    (`home`), and `announce` is told before it happens. Those of a project that is merely checked are left out, and `warnings` says so.
    """

    overrides: Overrides = field(default_factory=Overrides)
    file: Path | None = None
    isolated: bool = False
    values: Mapping[str, object] | None = None
    home: Path = field(default_factory=Path.cwd)
    force_exclude: bool = False
    announce: Callable[[str], None] = _to_stderr
    warnings: list[str] = field(default_factory=list)
    _folders: dict[Path, Settings] = field(default_factory=dict)
    _files: dict[Path | None, Settings] = field(default_factory=dict)
    _sources: dict[Path, Path | None] = field(default_factory=dict)

    def for_file(self, path: Path) -> Settings:
        """The settings that hold for a file. Raises NetlintError when they are not valid."""
        return self.for_folder(path.absolute().parent)

    def for_folder(self, folder: Path) -> Settings:
        """The settings that hold for the files of a folder. Raises NetlintError when they are not valid."""
        if folder not in self._folders:
            self._folders[folder] = self._settings(self._source(folder))
        return self._folders[folder]

    def collect(self, targets: Iterable[str]) -> tuple[list[InputFile], list[str]]:
        """The files of all targets that the settings do not exclude, and a sentence for each target that is none."""
        stray: list[Path] = []
        files, problems = collect(targets, self._excludes, stray.append)
        if stray:
            others = f" and {len(stray) - 1} more" if len(stray) > 1 else ""
            self.warnings.append(f"{stray[0]}{others}: a link out of the project was left out; name the file to have it checked")
        return [file for file in files if not self.leaves_out(file)], problems

    def leaves_out(self, file: InputFile) -> bool:
        """Whether a file that was named, or that came on stdin, is left out in spite of that."""
        return self.force_exclude and not file.walked and not file.live and is_excluded(file.path, file.root, self._excludes)

    def _excludes(self, path: Path, is_folder: bool) -> bool:
        return self.for_folder(path.parent).excludes(path, is_folder)

    def _source(self, folder: Path) -> Path | None:
        if self.isolated or self.values is not None:
            return None
        return self.file.absolute() if self.file is not None else self._nearest(folder)

    def _nearest(self, folder: Path) -> Path | None:
        """As `nearest_file`, each folder looked at once."""
        fresh = []
        while folder not in self._sources:
            fresh.append(folder)
            found = settings_file(folder)
            if found is not None or folder.parent == folder:
                self._sources[folder] = found
            folder = folder.parent if found is None else folder
        self._sources.update(dict.fromkeys(fresh, self._sources[folder]))
        return self._sources[folder]

    def _settings(self, source: Path | None) -> Settings:
        if source not in self._files:
            self._files[source] = self._read(source)
        return self._files[source]

    def _read(self, source: Path | None) -> Settings:
        if source is None:
            table = Table(self.values or {}, "the given settings")
            settings = self._built(table, self.home if self.values is not None else None)
            return settings if self.isolated or self.values is not None else replace(settings, baseline=_baseline(table, self.home))
        table = _table(source)
        if "rule-paths" in table.values and self.file is None and source != nearest_file(self.home):
            table.values = {key: value for key, value in table.values.items() if key != "rule-paths"}
            return self._build_without_rule_paths(table, source)
        return self._built(table, source.parent)

    def _built(self, table: Table, root: Path | None) -> Settings:
        return build(table, self.overrides, root, self.announce)

    def _build_without_rule_paths(self, table: Table, source: Path) -> Settings:
        warning = (
            f"{source}: `rule-paths` would import code of a project that is only being checked; left out "
            "(run netlint in that folder, or name the file with --config)"
        )
        try:
            settings = self._built(table, source.parent)
        except NetlintError as error:  # often a rule of its own that is missing now
            raise NetlintError(f"{error}. {warning}") from error
        self.warnings.append(warning)
        return settings


def nearest_file(folder: Path) -> Path | None:
    """The settings file of the nearest folder upwards that has one; `netlint.toml` goes before `pyproject.toml`."""
    return next((found for candidate in (folder, *folder.parents) if (found := settings_file(candidate)) is not None), None)


def settings_file(folder: Path) -> Path | None:
    """The settings file in a folder."""
    own, pyproject = folder / "netlint.toml", folder / "pyproject.toml"
    if _is_file(own):
        return own
    return pyproject if _is_file(pyproject) and "netlint" in _tools(_parse(pyproject)[0]) else None


def _is_file(path: Path) -> bool:
    """Whether there is a file that can be looked at; a folder may be closed, or too deep to say more names."""
    try:
        return path.is_file()
    except OSError:
        return False


# -- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A type of setting: its name for people, and a conversion that gives None for a value of another type."""

    words: str
    convert: Callable[[object], T | None]


def one_of(words: Sequence[str]) -> Kind[str]:
    """One of some words."""
    return Kind(f"one of {', '.join(words)}", lambda value: value if isinstance(value, str) and value in words else None)


def _strings(value: object) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _positive(value: object) -> int | None:
    number = _integer(value)
    return number if number is not None and number > 0 else None


BOOLEAN = Kind("true or false", lambda value: value if isinstance(value, bool) else None)
INTEGER = Kind("a whole number", _integer)
POSITIVE = Kind("a whole number above 0", _positive)
NUMBER = Kind("a number", _number)
STRING = Kind("a string", lambda value: value if isinstance(value, str) else None)
STRINGS = Kind("a list of strings", _strings)
_KINDS: Mapping[type, Kind[Any]] = {bool: BOOLEAN, int: INTEGER, float: NUMBER, str: STRING, tuple: STRINGS}
"""By the type of an option's default."""


@dataclass(slots=True)
class Table:
    """A table of a settings file that knows where it stands, for errors: `name` is its dotted key, `lines` the file's text."""

    values: Mapping[str, Any]
    file: str
    name: str = ""
    lines: Sequence[str] = ()

    def error(self, message: str, key: str = "") -> NetlintError:
        """An error at a key of this table."""
        row = self._row(key)
        return NetlintError(f"{self.file}{f':{row}' if row else ''}: {message}")

    def _row(self, key: str) -> int | None:
        """The row of a key. Dotted and inline tables are found by their last part, which is good enough to point at."""
        header = ""
        for row, line in enumerate(self.lines, start=1):
            text = line.strip()
            if text.startswith("["):
                header = text.strip("[] ").replace('"', "").replace("'", "")
                if key and header == f"{self.name}.{key}".lstrip("."):
                    return row
            left = text.partition("=")[0].strip().strip("\"'")
            if key and header == self.name and (left == key or left.startswith(f"{key}.")):
                return row
        return None

    def check_keys(self, valid: Sequence[str]) -> None:
        """Raises NetlintError for the first key that is not valid."""
        for key in self.values:
            if key not in valid:
                where = f"`{self.name}.{key}`" if self.name else f"`{key}`"
                raise self.error(f"unknown key {where}{hint(key, valid)}", key)

    def get(self, key: str, kind: Kind[T], default: D) -> T | D:
        """The value of a key. Raises NetlintError if it has another type."""
        if key not in self.values:
            return default
        value = kind.convert(self.values[key])
        if value is None:
            raise self.error(f"`{key}` must be {kind.words}, not {self.values[key]!r}", key)
        return value

    def table(self, key: str) -> Table:
        """The table below a key; an empty one if there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise self.error(f"`{key}` must be a table, not {value!r}", key)
        return Table(value, self.file, f"{self.name}.{key}".lstrip("."), self.lines)


def _parse(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What a settings file says, and its lines. A pipe may be one if the user names it, as in `--config <(...)`."""
    try:
        data = path.read_bytes() if path.is_fifo() else content(path)
        text = io.StringIO(data.decode("utf-8"), newline=None).read()
    except (OSError, UnicodeDecodeError) as error:
        raise NetlintError(f"{path}: cannot read the settings: {getattr(error, 'strerror', None) or error}") from error
    try:
        return tomllib.loads(text), text.splitlines()
    except RecursionError as error:
        raise NetlintError(f"{path}: not TOML that can be read: it is nested too deeply") from error
    except ValueError as error:  # also for a number with too many digits
        raise NetlintError(f"{path}: not valid TOML: {error}") from error


def _tools(values: Mapping[str, Any]) -> Mapping[str, Any]:
    tools = values.get("tool", {})
    return tools if isinstance(tools, Mapping) else {}


def _table(path: Path) -> Table:
    """The settings in a file: `[tool.netlint]` in one called pyproject.toml, the whole of any other."""
    values, lines = _parse(path)
    if path.name == "pyproject.toml":
        return Table(_tools(values), str(path), "tool", lines).table("netlint")
    return Table(values, str(path), lines=lines)


# -- validating -------------------------------------------------------------------------------------------------------


def build(table: Table, overrides: Overrides, root: Path | None, announce: Callable[[str], None] = _to_stderr) -> Settings:
    """The settings of a table under those of the command line. Raises NetlintError for the first thing that is not valid. Rules that they
    name are imported; `announce` is told before."""
    table.check_keys(KEYS)
    base = root or Path.cwd()
    rule_paths = tuple(base / folder for folder in table.get("rule-paths", STRINGS, ()))
    if rule_paths:
        folders = ", ".join(map(str, rule_paths))
        announce(f"{folders}: the rules there are imported and run, since `rule-paths` in {table.file} names them")
    registry = load(rule_paths)
    return Settings(
        selected=chosen(_choices(table, overrides, registry), registry),
        fail_on=Severity(overrides.fail_on or table.get("fail-on", one_of([severity.value for severity in Severity]), "warning")),
        exclude=table.get("exclude", STRINGS, ()),
        per_file_ignores=_per_file_ignores(table.table("per-file-ignores"), registry),
        ignore_modules=table.get("ignore-modules", STRINGS, ()),
        rule_paths=rule_paths,
        output_format=table.get("output-format", one_of(OUTPUT_FORMATS), "text"),
        options=_options(table.table("rules"), registry),
        training=_training(table.table("training"), overrides),
        limits=_limits(table.table("limits")),
        root=base,
        baseline=_baseline(table, root) if root is not None else None,
    )


def _baseline(table: Table, folder: Path) -> Path | None:
    """The file of accepted findings: the one that the settings name, else the one that stands beside them, if it is there."""
    named = table.get("baseline", STRING, None)
    if named is not None:
        return folder / named
    usual = folder / baseline.FILENAME
    return usual if usual.exists() else None


def _choices(table: Table, overrides: Overrides, registry: Registry) -> list[Choice]:
    in_file = Choice(
        _codes(table, "select", registry) if "select" in table.values else None,
        _codes(table, "extend-select", registry),
        _codes(table, "ignore", registry),
    )
    on_command_line = Choice(
        _expanded("select", overrides.select, registry) if overrides.select is not None else None,
        _expanded("extend-select", overrides.extend_select, registry),
        _expanded("ignore", overrides.ignore, registry),
    )
    return [in_file, on_command_line]


def _codes(table: Table, key: str, registry: Registry) -> frozenset[str]:
    words: tuple[str, ...] = table.get(key, STRINGS, ())
    try:
        return expand(words, registry)
    except NetlintError as error:
        raise table.error(f"`{key}`: {error}", key) from error


def _expanded(option: str, words: Sequence[str], registry: Registry) -> frozenset[str]:
    try:
        return expand(words, registry)
    except NetlintError as error:
        raise NetlintError(f"--{option}: {error}") from error


def _per_file_ignores(table: Table, registry: Registry) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((pattern, _codes(table, pattern, registry)) for pattern in table.values)


def _options(table: Table, registry: Registry) -> dict[str, dict[str, Any]]:
    """The options that the settings give, by rule name, each checked against its default's type."""
    options: dict[str, dict[str, Any]] = {}
    for name in table.values:
        try:
            rule = registry.find(name).rule
        except NetlintError as error:
            raise table.error(str(error), name) from error
        given = table.table(name)
        if not rule.options and given.values:
            raise given.error(f"rule `{rule.name}` has no options", next(iter(given.values)))
        given.check_keys(list(rule.options))
        options[rule.name] = {key: given.get(key, _KINDS[type(rule.options[key].default)], None) for key in given.values}
    return options


def _limits(table: Table) -> Limits:
    table.check_keys(list(LIMITS))
    return Limits(**{key.replace("-", "_"): table.get(key, POSITIVE, usual) for key, usual in LIMITS.items()})


def _training(table: Table, overrides: Overrides) -> TrainingFacts:
    table.check_keys(TRAINING_KEYS)
    return TrainingFacts(
        batch_size=overrides.batch_size if overrides.batch_size is not None else table.get("batch-size", POSITIVE, None),
        samples=table.get("samples", POSITIVE, None),
        intent=table.get("intent", STRING, None),
    )
