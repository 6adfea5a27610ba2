"""Live networks: a `torch.nn.Module`, a `package.module:name` that makes one, or an exported program. Needs PyTorch."""

from netlint.frontends.module.inputs import parse_input
from netlint.frontends.module.loading import load
from netlint.frontends.module.program import read_program
from netlint.frontends.module.reader import read

__all__ = ["load", "parse_input", "read", "read_program"]
