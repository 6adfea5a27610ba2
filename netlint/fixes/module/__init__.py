"""Fixes of live networks: surgery on a copy of an `nn.Module`. Needs PyTorch."""

from netlint.fixes.module.surgeon import ModuleSurgeon

__all__ = ["ModuleSurgeon"]
