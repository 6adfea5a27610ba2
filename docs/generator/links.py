"""Links: the repository's Markdown names files of the repository, the site has some of them under other names, and others not at all."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Mapping

_PIECES = re.compile(r"(^[ ]*```.*?^[ ]*```$|`[^`\n]*`|!?\[[^\]]*\]\([^)\s]+\)|^#.*?$)", re.MULTILINE | re.DOTALL)
"""What is no plain text: blocks and spans of code, links, headings."""
_LINK = re.compile(r"(!?\[([^\]]*)\])\(([^)#]*)(#[^)]*)?\)")
_CODE = re.compile(r"\bNL\d{3}\b")


def on_site(markdown: str, page: str, sources: Mapping[str, str], rules: Container[str]) -> str:
    """The text of the page `page` of the site, with links set right.

    `sources` maps each page and file of the site to the file of the repository that it is. A link to a file that the site does not have
    loses its link and keeps its text; a code of `rules` in the text gets a link to its page.
    """
    uris = {source: uri for uri, source in sources.items()}
    folder = posixpath.dirname(page)

    def linked(match: re.Match[str]) -> str:
        shown, text, target, anchor = match.groups(default="")
        if not target or ":" in target:
            return match.group()
        source = posixpath.normpath(posixpath.join(posixpath.dirname(sources[page]), target))
        return f"{shown}({posixpath.relpath(uris[source], folder)}{anchor})" if source in uris else text

    def named(match: re.Match[str]) -> str:
        code = match.group()
        uri = f"rules/{code}.md"
        return f"[{code}]({posixpath.relpath(uri, folder)})" if code in rules and uri != page else code

    plain_and_not = _PIECES.split(markdown)
    plain_and_not[::2] = [_CODE.sub(named, text) for text in plain_and_not[::2]]
    plain_and_not[1::2] = [_LINK.sub(linked, piece) if piece.startswith(("[", "!")) else piece for piece in plain_and_not[1::2]]
    return "".join(plain_and_not)
