"""Comments that suppress findings: `# netlint: ignore[NL501] reason`, `# netlint: ignore-file[NL5]`, `# noqa: NL501`.

A comment at the end of a line speaks for that line, and for the whole statement when it stands on the statement's first line. A comment on
a line of its own speaks for the next line of code. Rules are named by code, prefix or name; `ignore` without brackets means all.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from netlint.engine.diagnostic import Diagnostic, Edit, Fix, Position
from netlint.engine.errors import NetlintError
from netlint.engine.notices import NOT_CHECKED, UNUSED_SUPPRESSION
from netlint.engine.reading import Source
from netlint.engine.registry import Registry
from netlint.engine.selection import expand, prefixed
from netlint.engine.spelling import hint

_DIRECTIVE = re.compile(r"#\s*netlint\s*:\s*(?P<verb>[\w-]*)\s*(?:\[(?P<codes>[^\]#]*)\])?[^#]*")
_NOQA = re.compile(r"#\s*noqa\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)", re.IGNORECASE)
_VERBS = ("ignore", "ignore-file")
_FRAGMENT_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Comment:
    """One suppression comment of a file.

    `words` are the rules as written (None: all). `row` is its own row; `start` and `end` are the columns of what can be removed.
    `first` and `last` bound the rows in which a finding must start to be suppressed (0 and 0: the whole file), `statement` is the first
    row of the statement the comment ends a line of (0 when it stands alone). `others` are codes of other tools in a `noqa`.
    """

    text: str
    verb: str
    words: tuple[str, ...] | None
    row: int
    start: int
    end: int
    first: int = 0
    last: int = 0
    statement: int = 0
    others: tuple[str, ...] = ()

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether the finding stands where this comment speaks."""
        if self.verb == "ignore-file":
            return True
        start, end = diagnostic.location.row, diagnostic.end_location.row
        inside_call = 0 < self.statement <= start <= self.row <= end
        return self.first <= start <= self.last or inside_call


def comments(text: str, registry: Registry | None = None) -> tuple[Comment, ...]:
    """The suppression comments of a Python file, in order; none for a file that does not tokenize (it is reported anyway). A `noqa` is one
    if it names a rule of `registry`, or what could be one of netlint's own."""
    if "netlint" not in text and "noqa" not in text.lower():
        return ()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return ()
    statements = _statements(tokens)
    return tuple(comment for token in tokens if token.type == tokenize.COMMENT for comment in _parse(token, statements, registry))


def _statements(tokens: list[tokenize.TokenInfo]) -> dict[int, tuple[int, int]]:
    """For each row with code, the first and last row of its statement (of its header, for a compound statement)."""
    rows: dict[int, tuple[int, int]] = {}
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    current: set[int] = set()
    for token in tokens:
        if token.type not in silent:
            current.update(range(token.start[0], token.end[0] + 1))
        if token.type == tokenize.NEWLINE:
            rows.update(dict.fromkeys(current, (min(current), max(current))))
            current = set()
    return rows


def _parse(token: tokenize.TokenInfo, statements: dict[int, tuple[int, int]], registry: Registry | None) -> Iterator[Comment]:
    row, offset = token.start
    alone = row not in statements
    target = row if not alone else next((below for below in sorted(statements) if below > row), 0)
    first, last = _reach(target, statements)
    statement = 0 if alone else first
    if target != first:  # a line inside a longer statement
        first = last = target
    for match in (*_DIRECTIVE.finditer(token.string), *_NOQA.finditer(token.string)):
        verb = match.groupdict().get("verb", "noqa")
        listed = match["codes"]
        words = tuple(word for word in re.split(r"[,\s]+", listed or "") if word)
        ours = tuple(word for word in words if verb != "noqa" or _is_ours(word, registry))
        if verb == "noqa" and not ours:
            continue
        yield Comment(
            text=match[0].rstrip(),
            verb=verb,
            words=None if listed is None else ours,
            row=row,
            start=offset + match.start() + 1,
            end=offset + match.start() + len(match[0].rstrip()) + 1,
            first=first,
            last=last,
            statement=statement,
            others=tuple(word for word in words if word not in ours),
        )


def _is_ours(word: str, registry: Registry | None) -> bool:
    """Whether a word of a `noqa`, which holds the codes of all linters, is for netlint."""
    return word.upper().startswith("NL") or (registry is not None and bool(prefixed(word, registry)))


def _reach(target: int, statements: dict[int, tuple[int, int]]) -> tuple[int, int]:
    return statements.get(target, (target, target))


@dataclass(slots=True)
class Suppressions:
    """The comments of one file at work: they take findings away and remember which of them did something."""

    filename: str
    source: Source
    comments: tuple[Comment, ...]
    registry: Registry
    _used: dict[Comment, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, filename: str, source: Source, registry: Registry) -> Suppressions:
        """The comments of a source text, ready to take findings away."""
        return cls(filename, source, comments(source.text, registry), registry)

    def place(self, comment: Comment) -> str:
        """Where a comment stands, in words."""
        cell = self.source.cell_of(comment.row)
        return f"cell {cell[0]}, line {cell[1]}" if cell else f"line {comment.row}"

    def takes(self, diagnostic: Diagnostic) -> Comment | None:
        """The comment that suppresses this finding, if one does. NL000 cannot be suppressed."""
        if diagnostic.code == NOT_CHECKED.code:
            return None
        taking = None
        for comment in self.comments:
            words = self._words_for(comment, diagnostic.code) if comment.covers(diagnostic) else None
            if words is not None:
                self._used.setdefault(comment, set()).update(words)
                taking = taking or comment
        return taking

    def _words_for(self, comment: Comment, code: str) -> list[str] | None:
        """The words of a comment that stand for a code; None if none does. A comment without words stands for every code."""
        if comment.verb not in (*_VERBS, "noqa"):
            return None
        if comment.words is None:
            return []
        return [word for word in comment.words if code in self._codes(word)] or None

    def _codes(self, word: str) -> frozenset[str]:
        try:
            return expand([word], self.registry)
        except NetlintError:
            return frozenset()

    def unused(self, evaluated: frozenset[str]) -> list[Diagnostic]:
        """NL001 findings for what suppressed nothing, of those rules that were evaluated."""
        return [self._complaint(comment, *problem) for comment in self.comments if (problem := self._problem(comment, evaluated))]

    def _problem(self, comment: Comment, evaluated: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
        """What is wrong with a comment, and the words of it that can stay."""
        if comment.verb not in (*_VERBS, "noqa"):
            nearest = hint(comment.verb, _VERBS) if comment.verb else ""
            return f"`{comment.text[:_FRAGMENT_LIMIT]}` is not read: write `# netlint: ignore[CODE] reason`{nearest}", ()
        used = self._used.get(comment)
        if comment.words is None:
            return None if used is not None else (f"`{comment.text[:_FRAGMENT_LIMIT]}` suppresses nothing", ())
        idle = [word for word in comment.words if word not in (used or ())]
        unknown = [word for word in idle if not self._codes(word)]
        idle = [word for word in idle if word in unknown or self._codes(word) <= evaluated]
        if not idle:
            return None
        staying = tuple(word for word in comment.words if word not in idle)
        listed = ", ".join(f"`{word}`" for word in idle)
        if unknown:
            return f"no rule {listed}{hint(unknown[0], self.registry.names)}: this comment suppresses nothing", staying
        return f"{listed} is suppressed here, but there is no such finding", staying

    def _complaint(self, comment: Comment, message: str, staying: tuple[str, ...]) -> Diagnostic:
        return Diagnostic(
            code=UNUSED_SUPPRESSION.code,
            name=UNUSED_SUPPRESSION.name,
            severity=UNUSED_SUPPRESSION.severity,
            message=message,
            filename=self.filename,
            location=Position(comment.row, comment.start),
            end_location=Position(comment.row, comment.end),
            fix=self._removal(comment, (*comment.others, *staying)),
        )

    def _removal(self, comment: Comment, staying: Iterable[str]) -> Fix:
        kept = ", ".join(staying)
        line = self.source.lines[comment.row - 1]
        start, end = Position(comment.row, comment.start), Position(comment.row, comment.end)
        if kept:
            content = re.sub(r"\[[^\]]*\]", f"[{kept}]", comment.text) if comment.verb != "noqa" else f"# noqa: {kept}"
        elif line[: comment.start - 1].strip() or line[comment.end - 1 :].strip():
            content = ""
            start = Position(comment.row, len(line[: comment.start - 1].rstrip()) + 1)
        else:
            content = ""
            start, end = Position(comment.row, 1), Position(comment.row + 1, 1)
        assert UNUSED_SUPPRESSION.fix_contract is not None
        return Fix("Remove what suppresses nothing", "safe", UNUSED_SUPPRESSION.fix_contract, (Edit(content, start, end),))
