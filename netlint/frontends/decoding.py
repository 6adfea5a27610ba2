"""Bytes of Python source to text."""

from __future__ import annotations

import io
import tokenize

from netlint.frontends.errors import SourceError


def decode(data: bytes) -> str:
    """The text of a Python file: its BOM or coding comment is honoured, UTF-8 otherwise. Raises SourceError."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(f"cannot decode the file: {error}") from error
