"""What changed since a revision of git: the lines to which `netlint check --diff-base` keeps.

A folder that was sent may be a repository with settings and hooks of its own. Git is asked so that none of them runs: without external diff
drivers, text converters, file-system monitors, hooks (nothing is written, the index neither), submodules, what a partial clone would fetch,
and filters that the repository's own settings name. Filters of the user's settings (Git LFS, say) do their work.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.errors import NetlintError
from netlint.engine.targets import SOURCES

_GIT = (
    "git",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "diff.ignoreSubmodules=all"),
    *("-c", "core.quotePath=false"),
)
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-renames")
_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
_FILTER = re.compile(r"(?:local|worktree)\0filter\.(?P<name>.*)\.(?:clean|smudge|process|required)(?:\n.*)?", re.IGNORECASE | re.DOTALL)
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
    without = _without_filters(root)
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", may_fail=(1, 128)).strip()
    if not commit:
        raise NetlintError(f"--diff-base: git knows no revision `{revision}`")
    base = _git(folder, "merge-base", commit, "HEAD", may_fail=(1, 128)).strip() or commit
    options = (*_PLAIN, "--unified=0", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")
    lines: dict[Path, frozenset[int] | None] = {}
    path: Path | None = None
    for line in _git(root, *without, "diff", *options, base, "--").splitlines():
        if name := _FILE.match(line):
            path = root / name["name"]
            lines.setdefault(path, frozenset())
        elif (hunk := _HUNK.match(line)) and path is not None:
            first, count = int(hunk["first"]), int(hunk["count"] or 1)
            lines[path] = (lines[path] or frozenset()) | frozenset(range(first, first + count))
    for other in _git(root, *without, "diff", "--name-only", "-z", *_PLAIN, base, "--").split("\0"):
        if other:
            lines.setdefault(root / other, frozenset())  # one that is binary for git, or that only lost lines
    for new in _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0"):
        if new:
            lines[root / new] = None
    return Changes(lines)


def _without_filters(root: Path) -> list[str]:
    """What switches off the filters that the repository's own settings name. Raises NetlintError for a name that git takes for another."""
    told = _git(root, "config", "--null", "--show-scope", "--get-regexp", r"^filter\.", may_fail=(1,))  # 1: there are none
    found = re.findall(r"([^\0]*\0[^\0]*)\0", told)
    names = {match["name"] for setting in found if (match := _FILTER.fullmatch(setting))}
    odd = next((name for name in names if "=" in name), None)
    if odd is not None:
        raise NetlintError(f"--diff-base: the settings of this repository name a filter, `{odd}`, that cannot be switched off")
    off = [f"filter.{name}.{key}=" for name in sorted(names) for key in ("clean", "process")]
    off += [f"filter.{name}.required=false" for name in sorted(names)]
    return [word for setting in off for word in ("-c", setting)]


def _git(folder: Path, *arguments: str, may_fail: Collection[int] = ()) -> str:
    """What git prints; nothing if it ends with one of the codes `may_fail`. Raises NetlintError if it fails otherwise."""
    try:
        environment = {**os.environ, **_ENVIRONMENT}
        done = subprocess.run([*_GIT, *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    except OSError as error:
        raise NetlintError(f"--diff-base asks git, which cannot be run: {error.strerror or error}") from error
    if done.returncode and done.returncode not in may_fail:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NetlintError(f"--diff-base: {said[-1] if said else 'git failed'}")
    return done.stdout.decode("utf-8", "surrogateescape") if not done.returncode else ""
