"""Operators that stand for several: fused ones of other domains, sums of many terms, convolutions with uneven padding."""

from __future__ import annotations

from netlint.frontends.onnx.ir import Program


def expand(program: Program) -> None:
    """Puts the plain operators in the place of those that stand for several."""
