"""Live networks: a `torch.nn.Module`, a `package.module:name` that makes one, or an exported program. Needs PyTorch."""

from netlint.frontends.module.inputs import parse_input
from netlint.frontends.module.reader import read

__all__ = ["parse_input", "read"]
