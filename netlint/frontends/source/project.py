"""Finding the file of an imported name inside the project. Nothing outside the project's folders is ever opened."""

from __future__ import annotations

from pathlib import Path

from netlint.frontends.decoding import decode
from netlint.frontends.errors import SourceError
from netlint.frontends.files import content
from netlint.frontends.limits import Limits
from netlint.frontends.reading import Lookups, digest
from netlint.frontends.source.code import NodeCache, SourceFile

MAX_KEPT_LINES = 2_000
"""Parsed lines of imported files that are kept from one reading to the next, about 15 kB each."""
LIBRARIES = frozenset({"torch", "numpy"})
"""Packages whose meaning is known here: their source is not read, even where it lies beside the project's."""


class Project:
    """The Python files around a root folder, by dotted module name.

    The roots are the folder itself, its `src`, and for each file the folder of its outermost package and its own folder
    (a script's neighbours are importable). Files are read when something imports them, and kept.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._roots: list[Path] = []
        if root is not None:
            self._roots = [root, root / "src"]
        self._files: dict[Path, SourceFile | None] = {}
        self._found: dict[tuple[str, Path], tuple[Path | None, dict[str, bool]]] = {}
        """Where a module is as seen from a folder, and where it was looked for."""
        self._bytes: dict[Path, bytes] = {}
        self._digests: dict[Path, str] = {}
        self._asked: set[tuple[str, Path]] = set()
        """The keys of `_found` that the present reading has asked for."""
        self.limits = Limits()
        self.lookups = Lookups()
        """What the present reading has asked of the file system."""
        self._display: dict[Path, str] = {}
        self.opened: list[Path] = []

    def add(self, path: Path, text: str, filename: str | None = None) -> SourceFile:
        """Registers a file whose text is at hand, and begins to read it. Raises SourceError if it cannot be parsed."""
        path = path.absolute()
        self.lookups = Lookups()
        self._asked.clear()
        shown = filename if filename is not None else str(path)
        self._display[path] = shown
        name, is_package = self._module_name(path)
        file = SourceFile(text, shown, name, is_package, path)
        self._files[path] = file
        return file

    def _module_name(self, path: Path) -> tuple[str, bool]:
        is_package = path.name == "__init__.py"
        parts = [] if is_package else [path.stem]
        folder = path.parent
        while self._is_file(folder / "__init__.py") and folder.parent != folder:
            parts.insert(0, folder.name)
            folder = folder.parent
        return ".".join(parts), is_package

    def _search_roots(self, importer: SourceFile, importer_path: Path | None) -> list[Path]:
        if importer_path is None:
            return self._roots
        top = importer_path.parent
        while self._is_file(top / "__init__.py") and top.parent != top:
            top = top.parent
        return [importer_path.parent, top, *self._roots] if top != importer_path.parent else [top, *self._roots]

    def forget(self) -> None:
        """Lets go of what executing the files left, and of the files that were not used for longest when there are many."""
        kept = 0
        self._bytes.clear()
        self.forget_nodes()
        for path, file in reversed(list(self._files.items())):
            kept += file.weight if file is not None else 0
            if kept > MAX_KEPT_LINES:
                del self._files[path]
            elif file is not None:
                file.forget()

    def forget_nodes(self) -> None:
        """Lets go of what was computed for nodes of syntax trees."""
        NodeCache.forget_nodes()

    def files(self) -> list[SourceFile]:
        """The files read so far."""
        return [file for file in self._files.values() if file is not None]

    def resolve(self, module: str, importer: SourceFile) -> SourceFile | None:
        """The file of an absolute module name as seen from `importer`; None if it is not part of the project."""
        path = self._find(module, importer)
        return self._load(path, module) if path is not None else None

    def has(self, module: str, importer: SourceFile) -> bool:
        """Whether a module is part of the project, without reading it."""
        return self._find(module, importer) is not None

    def may_give(self, module: str, name: str, importer: SourceFile) -> bool:
        """Whether `from module import *` may bind a name, by a look at the file's bytes: cheap enough to ask hundreds of files."""
        path = self._find(module, importer)
        if path is None:
            return True
        if path not in self._bytes:
            self._bytes[path] = self._read(path) or b""
        data = self._bytes[path]
        return name.encode() in data or b"import *" in data

    def _find(self, module: str, importer: SourceFile) -> Path | None:
        if not module or module.partition(".")[0] in LIBRARIES:  # no name: `from . import *` outside a package
            return None
        importer_path = importer.path
        if importer_path is None and not self._roots:
            return None
        start = importer_path.parent if importer_path else self._roots[0]
        key = (module, start)
        if key not in self._found:
            outer, self.lookups.exists = self.lookups.exists, {}
            try:
                found = self._locate(module, self._search_roots(importer, importer_path))
                self._found[key] = (found, self.lookups.exists)
            finally:
                self.lookups.exists = outer
        found, where = self._found[key]
        if key not in self._asked:
            self._asked.add(key)
            self.lookups.exists.update(where)
        return found

    def _locate(self, module: str, roots: list[Path]) -> Path | None:
        relative = Path(*module.split("."))
        for root in roots:
            package = root / relative / "__init__.py"
            if self._is_file(package):
                return package
            plain = root / relative.with_suffix(".py")
            if self._is_file(plain):
                return plain
        return None

    def _is_file(self, path: Path) -> bool:
        there = path.is_file()
        self.lookups.exists[str(path)] = there
        return there

    def _load(self, path: Path, module: str) -> SourceFile | None:
        path = path.absolute()
        if path not in self._files:
            self._files[path] = self._opened(path, module)
            self._digests[path] = self.lookups.read[str(path)]
        else:
            self._files[path] = self._files.pop(path)  # the latest used stands last
        if path not in self._digests:  # its text was at hand
            self._read(path)
            self._digests[path] = self.lookups.read[str(path)]
        self.lookups.read[str(path)] = self._digests[path]
        return self._files[path]

    def _opened(self, path: Path, module: str) -> SourceFile | None:
        data = self._read(path)
        if data is None:
            return None
        try:
            file = SourceFile(decode(data), self._shown(path), module, path.name == "__init__.py", path, parses_when_called=True)
        except SourceError:
            return None
        self.opened.append(path)
        return file

    def _read(self, path: Path) -> bytes | None:
        """A file's bytes, and a note of what they were; None for one that cannot be read or is too large."""
        try:
            data = content(path, self.limits.file_size)
        except OSError:
            data = None
        self.lookups.read[str(path)] = "" if data is None else digest(data)
        return data

    def _shown(self, path: Path) -> str:
        """The name under which findings in an imported file are reported: relative to a root as the user wrote it."""
        for known, shown in self._display.items():
            try:
                tail = path.relative_to(known.parent)
            except ValueError:
                continue
            folder = Path(shown).parent
            return str(folder / tail)
        return str(path)
