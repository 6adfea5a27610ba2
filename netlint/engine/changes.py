"""What changed since a revision of git: the lines to which `netlint check --diff-base` keeps.

Git is asked with external diff drivers, text converters and file-system monitors switched off: a repository's own settings run nothing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.targets import SOURCES

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_FILE = re.compile(r"^\+\+\+ b/(?P<name>.*?)\t?$")
_HUNK = re.compile(r"^@@ -\S+ \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")


@dataclass(frozen=True, slots=True)
class Changes:
    """The lines that are new or other than at a revision, by absolute path; None for a file that is new as a whole."""

    lines: Mapping[Path, frozenset[int] | None]

    def touch(self, finding: Diagnostic) -> bool:
        """Whether a finding, or another place that belongs to it, stands on changed lines. A notebook or model file changed as a whole."""
        places = [(finding.filename, range(finding.location.row, finding.end_location.row + 1))]
        places += [(one.filename, range(one.location.row, one.location.row + 1)) for one in finding.related]
        return any(self._touched(Path(filename).absolute(), rows) for filename, rows in places)

    def _touched(self, path: Path, rows: range) -> bool:
        if path not in self.lines:
            return False
        changed = self.lines[path]
        return changed is None or path.suffix != SOURCES[0] or not changed.isdisjoint(rows)


def changes_since(revision: str, folder: Path) -> Changes:
    """What the working tree has that the common ancestor of it and a revision has not; files that git does not know are new.

    Raises NetlintError outside a repository, and for a revision that git does not know.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", may_fail=True).strip()
    if not commit:
        raise NetlintError(f"--diff-base: git knows no revision `{revision}`")
    base = _git(folder, "merge-base", commit, "HEAD", may_fail=True).strip() or commit
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
    lines: dict[Path, frozenset[int] | None] = {}
    path: Path | None = None
    for line in _git(root, "diff", *options, base, "--").splitlines():
        if name := _FILE.match(line):
            path = root / name["name"]
            lines.setdefault(path, frozenset())
        elif (hunk := _HUNK.match(line)) and path is not None:
            first, count = int(hunk["first"]), int(hunk["count"] or 1)
            lines[path] = (lines[path] or frozenset()) | frozenset(range(first, first + count))
    for other in _git(root, "diff", "--name-only", "-z", "--no-renames", base, "--").split("\0"):
        if other:
            lines.setdefault(root / other, frozenset())  # one that is binary for git, or that only lost lines
    for new in _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0"):
        if new:
            lines[root / new] = None
    return Changes(lines)


def _git(folder: Path, *arguments: str, may_fail: bool = False) -> str:
    try:
        done = subprocess.run([*_GIT, *arguments], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise NetlintError(f"--diff-base asks git, which cannot be run: {error.strerror or error}") from error
    if done.returncode and not may_fail:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NetlintError(f"--diff-base: {said[-1] if said else 'git failed'}")
    return done.stdout.decode("utf-8", "surrogateescape") if not done.returncode else ""
