"""What a rule is: metadata, a check on the graph, an optional fix intent, and examples that are its tests.

A rule file defines one module-level `rule = Rule(...)`, a docstring (the rule's page), a check registered with
`@rule.check`, and the lists `invalid` and `valid` of examples.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from netlint.graph import Fact, Graph, Layer, Loader, Operator, Optimizer, Parameter, Penalty, Site, Unknown

if typing.TYPE_CHECKING:
    from netlint.engine.intent import Intent


class Severity(str, Enum):
    """error: training is broken; warning: the document's advice, backed by evidence; advice: mixed evidence or taste."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """0 for error, 1 for warning, 2 for advice."""
        return list(Severity).index(self)


class Forward(str, Enum):
    """What a fix does to the network's results: the same bits, the same up to rounding, or a change that is meant."""

    EXACT = "exact"
    CLOSE = "close"
    CHANGES = "changes"


class StateDict(str, Enum):
    """What a fix does to saved weights: the keys stay, they can be mapped, or they no longer fit."""

    SAME = "same"
    REMAP = "remap"
    BREAKS = "breaks"


class TrainingEffect(str, Enum):
    """Whether gradients and updates stay what they were."""

    SAME = "same"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a rule's fix declares about itself; the verifier holds it to that."""

    forward: Forward
    state_dict: StateDict
    training: TrainingEffect

    def as_json(self) -> dict[str, str]:
        return {"forward": self.forward.value, "state_dict": self.state_dict.value, "training": self.training.value}


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a rule: its default (whose type is the setting's type), and one sentence for the page."""

    default: bool | int | float | str | tuple[str, ...]
    help: str


Anchor: TypeAlias = Operator | Layer | Site | Optimizer | Loader | Penalty | Parameter


@dataclass(slots=True, kw_only=True)
class Finding:
    """A rule's answer: here is the bad pattern.

    `at` is the flagged thing (its place is chosen as the contract says); `related` are (thing, what it is) pairs;
    `severity` overrides the rule's default; `certain` is False when something unseen might excuse it; `advice` is the cure,
    one imperative sentence; `data` is for machines.
    """

    at: Anchor
    message: str
    related: Iterable[tuple[Anchor, str]] = ()
    severity: Severity | None = None
    certain: bool = True
    data: Mapping[str, object] = field(default_factory=dict)


Answer: TypeAlias = Finding | Unknown | None
Answers: TypeAlias = Answer | Iterable[Answer]


class Options(Mapping[str, Any]):
    """A rule's options as attributes (`options.min_width` for the setting `min-width`), with the run's training facts under
    `training` (`batch_size`, `samples`, `intent`; None where not set)."""

    def __init__(self, values: Mapping[str, Any], training: TrainingFacts | None = None) -> None:
        self._values = {key.replace("-", "_"): value for key, value in values.items()}
        self.training = training or TrainingFacts()

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name.replace("-", "_")]

    def __iter__(self) -> typing.Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What the user states in `[tool.netlint.training]` or on the command line."""

    batch_size: int | None = None
    samples: int | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of user code that a rule must (invalid) or must not (valid) flag.

    `code` is a whole file without its usual imports (`import torch`, `from torch import nn`, `import torch.nn.functional as F`
    are added). In an invalid example the flagged line ends in `# here` (several may). `because` says why a valid one is fine.
    `options` are the rule's settings for it, `training` the user's training facts, `severity` what is expected if not the
    default. `unknown` is True when the rule must answer Unknown rather than clear.
    """

    code: str
    because: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingFacts = field(default_factory=TrainingFacts)
    severity: Severity | None = None
    unknown: bool = False


def sequential(*layers: str) -> str:
    """The code of a network `net = nn.Sequential(...)`, a layer a line, for short examples."""
    body = "".join(f"    {_with_comma(layer)}\n" for layer in layers)
    return f"net = nn.Sequential(\n{body})\n"


def _with_comma(layer: str) -> str:
    code, mark, comment = layer.partition("  #")
    return f"{code.rstrip()},{mark}{comment}"


CheckFunction: TypeAlias = Callable[[Any, Graph, Options], Answers]
FixFunction: TypeAlias = "Callable[[Finding, Graph], Intent | None]"


@dataclass(eq=False)
class Rule:
    """One piece of advice.

    `code` is `NL` and three digits, `name` the bad pattern in kebab case (so that "allow <name>" reads well), `summary` one line
    for the table, `statements` the document's statements it carries (S-numbers; empty for what goes beyond the document),
    `evidence` one line shown with each finding, `needs` what an input must be able to tell for the rule to be asked at all,
    `fix_contract` what its fix declares (None: it has no fix), `options` its settings.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    statements: tuple[str, ...] = ()
    evidence: str = ""
    needs: Fact = Fact.TOPOLOGY
    fix_contract: Contract | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    subjects: tuple[type, ...] = field(default=(), init=False)
    _check: CheckFunction | None = field(default=None, init=False, repr=False)
    _fix: FixFunction | None = field(default=None, init=False, repr=False)

    def check(self, function: CheckFunction) -> CheckFunction:
        """Registers the check. The annotation of its first parameter says what it wants to see: an operator class (or a union),
        `Graph`, `Layer`, `Optimizer`, `Loader` or `Penalty`."""
        hints = typing.get_type_hints(function)
        first = next(iter(inspect.signature(function).parameters))
        wanted = hints[first]
        union = typing.get_origin(wanted) in (typing.Union, types.UnionType)
        self.subjects = typing.get_args(wanted) if union else (wanted,)
        self._check = function
        return function

    def fix(self, function: FixFunction) -> FixFunction:
        """Registers the fix: it states an intent on the graph, which `netlint.fixes` turns into edits."""
        self._fix = function
        return function

    def answers(self, subject: object, graph: Graph, options: Options) -> list[Finding | Unknown]:
        """Runs the check on one subject; clear gives an empty list."""
        if self._check is None:
            raise TypeError(f"rule {self.code} has no check")
        result = self._check(subject, graph, options)
        if result is None:
            return []
        if isinstance(result, (Finding, Unknown)):
            return [result]
        return [answer for answer in result if answer is not None]

    @property
    def has_fix(self) -> bool:
        """Whether a fix is registered."""
        return self._fix is not None

    def intent(self, finding: Finding, graph: Graph) -> Intent | None:
        """What the fix would do about a finding; None when this rule has no fix for it."""
        return self._fix(finding, graph) if self._fix is not None else None

    def defaults(self) -> dict[str, Any]:
        """The rule's settings by their names in the settings file."""
        return {name: option.default for name, option in self.options.items()}
