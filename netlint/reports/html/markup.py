"""HTML and SVG elements. Text is escaped unless it is markup already, so that no name of a file or a class can become an element.

What is made is well-formed XML too (every element is closed, every attribute has a value), and pure ASCII: it means the same in whichever
encoding it is written.
"""

from __future__ import annotations

import html

from netlint.reports.terminal import printable

VOID = ("meta", "input")
"""Elements that HTML closes by itself."""


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def text(written: str) -> Markup:
    """Text as markup: escaped, without control characters, in ASCII. A markup is left as it is."""
    if isinstance(written, Markup):
        return written
    return Markup(html.escape(printable(written)).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def joined(*content: str) -> Markup:
    """One markup of several, and of texts."""
    return Markup("".join(text(part) for part in content))


def element(name: str, /, *content: str, **attributes: str | float) -> Markup:
    """An element. `class_` is written as `class`, `stroke_width` as `stroke-width`."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(_value(value))}"' for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(*content)}</{name}>")


def _value(value: str | float) -> str:
    """A number is a length or a place in a drawing, where a hundredth is enough."""
    return value if isinstance(value, str) else f"{round(value, 2):g}"
