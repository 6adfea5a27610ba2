"""Bytes of Python source to text."""

from __future__ import annotations

import codecs
import io
import tokenize

from netlint.frontends.errors import SourceError

_WIDE = ("utf-16", "utf-32")
"""Encodings in which Python reads no source: its coding comment would not be readable in them."""
_MARKS = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF32_BE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def decode(data: bytes) -> str:
    """The text of a Python file: its BOM or coding comment is honoured, UTF-8 otherwise. Raises SourceError."""
    wide = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    if wide is not None:
        raise SourceError(f"cannot decode the file: it is {wide}, which Python does not read either; save it as UTF-8")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if codecs.lookup(encoding).name.startswith(_WIDE):
            raise SourceError(f"cannot decode the file: it says that it is {encoding}, which Python does not read")
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(f"cannot decode the file: {error}") from error
