"""The settings of a run, already read and validated (`netlint.config` does both)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from netlint.engine.patterns import Patterns
from netlint.engine.rule import Options, Rule, Severity, TrainingFacts
from netlint.frontends.limits import USUAL, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What applies to one folder.

    `selected` holds the codes of the rules that run, `options` the settings that differ from a rule's defaults by rule name,
    `per_file_ignores` pairs of a pattern (as in `.gitignore`, relative to `root`) and codes, `root` is the folder of the
    settings file (None without one), `baseline` the file of accepted findings (None: there is none).
    """

    selected: frozenset[str]
    fail_on: Severity = Severity.WARNING
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    ignore_modules: tuple[str, ...] = ()
    rule_paths: tuple[Path, ...] = ()
    output_format: str = "text"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: TrainingFacts = field(default_factory=TrainingFacts)
    limits: Limits = USUAL
    root: Path | None = None
    baseline: Path | None = None

    def options_of(self, rule: Rule) -> Options:
        """The options that a rule sees: its defaults, overlaid with the user's."""
        return Options({**rule.defaults(), **self.options.get(rule.name, {})}, self.training)

    def ignores_module(self, network: str, path: str) -> bool:
        """Whether `ignore-modules` names this module path, with or without the network's name in front; `*` matches anything."""
        names = (path, f"{network}.{path}" if path else network)
        return any(fnmatchcase(name, pattern) for pattern in self.ignore_modules for name in names if name)

    def excludes(self, path: Path, is_folder: bool = False) -> bool:
        """Whether `exclude` names this path."""
        return bool(self.exclude) and _matches(self.exclude, self._name(path) + "/" * is_folder)

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The codes that `per-file-ignores` switches off in a file."""
        name = self._name(path)
        return frozenset().union(*(codes for pattern, codes in self.per_file_ignores if _matches((pattern,), name)))

    def _name(self, path: Path) -> str:
        try:
            return path.absolute().relative_to(self.root or Path.cwd()).as_posix()
        except ValueError:
            return path.name


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return bool(_compiled(patterns).decides(name))


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> Patterns:
    return Patterns.of(patterns, "the settings (`exclude`, `per-file-ignores`)")
