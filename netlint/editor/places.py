"""Where the things of a network stand in a document."""

from __future__ import annotations

from netlint.editor.messages import Place
from netlint.engine.diagnostic import Position
from netlint.frontends.source.code import NodeSite
from netlint.graph import Site


def holds(site: Site, filename: str, row: int | None = None) -> bool:
    """Whether a site may stand in a row of a file (or in the file at all), without computing where exactly, which costs."""
    if isinstance(site, NodeSite):
        piece = site.slice
        return piece.file.filename == filename and (row is None or piece.first <= row <= piece.last)
    return site.location().filename == filename


def of_site(site: Site) -> Place:
    location = site.location()
    return Place(Position(location.row, location.column), Position(location.end_row, location.end_column))
