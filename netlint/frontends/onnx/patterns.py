"""Compositions of operators that exporters write for one operation, recognised as that one."""

from __future__ import annotations

from netlint.frontends.onnx.ir import Program


def recognize(program: Program) -> None:
    """Puts one node in the place of each composition that is known."""
