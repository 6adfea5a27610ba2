"""The rules that exist: the built-in pack, packs that registered the entry point `netlint.rules`, and the folders of `rule-paths`.

A rule is a module with an attribute `rule`. Every module below a pack is looked at, so that adding a file adds a rule.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from netlint.engine.errors import NetlintError
from netlint.engine.notices import NOTICES
from netlint.engine.rule import Example, Rule
from netlint.engine.spelling import hint

PACK = "netlint.rules"


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule with what its module says about it: `page` (the docstring), the examples, the chapter it stands in."""

    rule: Rule
    page: str
    chapter: str
    valid: tuple[Example, ...] = ()
    invalid: tuple[Example, ...] = ()
    origin: str = ""

    @classmethod
    def of(cls, module: ModuleType, rule: Rule) -> Entry:
        """The entry of a rule module."""
        return cls(
            rule=rule,
            page=inspect.getdoc(module) or "",
            chapter=Path(module.__file__ or "").parent.name,
            valid=tuple(getattr(module, "valid", ())),
            invalid=tuple(getattr(module, "invalid", ())),
            origin=module.__name__,
        )


class Registry:
    """The known rules in the order of their codes, and the engine's own notices (NL000, NL001)."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: tuple[Entry, ...] = tuple(sorted(entries, key=lambda entry: entry.rule.code))
        self.rules: tuple[Rule, ...] = tuple(entry.rule for entry in self.entries)
        self._by_name: dict[str, Entry] = {}
        for entry in (*(Entry(rule, page, "notices") for rule, page in NOTICES), *self.entries):
            for key in (entry.rule.code, entry.rule.name):
                other = self._by_name.setdefault(key, entry)
                if other is not entry:
                    raise NetlintError(f"two rules are called `{key}`: {other.origin or 'the engine'} and {entry.origin}")

    @property
    def names(self) -> list[str]:
        """Every code and every name, notices included."""
        return list(self._by_name)

    @property
    def codes(self) -> list[str]:
        """Every code, notices included."""
        return sorted({entry.rule.code for entry in self._by_name.values()})

    def find(self, name: str) -> Entry:
        """The rule with this code or name. Raises NetlintError that names the nearest."""
        entry = self._by_name.get(name) or self._by_name.get(name.upper())
        if entry is None:
            raise NetlintError(f"no rule `{name}`{hint(name, self.names)}")
        return entry


@lru_cache(maxsize=8)
def load(rule_paths: tuple[Path, ...] = ()) -> Registry:
    """All rules. Raises NetlintError when a pack cannot be imported, or when two rules share a code or name."""
    modules: list[ModuleType] = list(_package_modules(PACK))
    for point in sorted(entry_points(group=PACK), key=lambda point: point.name):
        modules.extend(_pack_modules(point))
    for folder in rule_paths:
        modules.extend(_folder_modules(folder))
    found: dict[int, Entry] = {}
    for module in modules:
        rule = getattr(module, "rule", None)
        if isinstance(rule, Rule):
            found.setdefault(id(rule), Entry.of(module, rule))
    return Registry(found.values())


def _pack_modules(point: EntryPoint) -> list[ModuleType]:
    """What an entry point brings. Raises NetlintError, which names the distribution, also where that is no rule at all."""
    origin = f" ({point.dist.name} {point.dist.version}, which is installed)" if point.dist is not None else ""
    try:
        modules = list(_package_modules(point.module))
    except NetlintError as error:
        raise NetlintError(f"{error}{origin}") from error
    if not any(isinstance(getattr(module, "rule", None), Rule) for module in modules):
        raise NetlintError(f"no rule in {point.module}{origin}: a rule is a module's `rule = Rule(...)`")
    return modules


def _package_modules(name: str) -> Iterator[ModuleType]:
    """A package with every module below it, or a single module."""
    package = _import(name)
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}.", onerror=_import_failed):
        yield _import(info.name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a rule file may raise anything when it is imported
        raise _cannot_load(name, error) from error


def _import_failed(name: str) -> None:
    raise _cannot_load(name, sys.exc_info()[1])


def _folder_modules(folder: Path) -> Iterator[ModuleType]:
    """Each Python file of a folder of `rule-paths`, and of the folders below it."""
    if not folder.is_dir():
        raise NetlintError(f"rule-paths: no folder `{folder}`")
    for path in sorted(folder.rglob("*.py")):
        name = f"netlint_rule_path:{path.resolve()}"  # not an importable name: two folders may hold files of the same name
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise NetlintError(f"cannot load the rules of {path}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:  # as above
            raise _cannot_load(str(path), error) from error
        yield module


def _cannot_load(what: str, error: BaseException | None) -> NetlintError:
    return NetlintError(f"cannot load the rules of {what}: {type(error).__name__}: {error}")
