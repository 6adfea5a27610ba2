"""Proof for fixes, and measurements on the network itself. Nothing of the user's code is run.

`equivalence` compares two graphs, and answers with `Evidence`.
"""

from netlint.verify.equivalence import Operators, equivalence
from netlint.verify.evidence import Counterexample, Distance, Evidence
from netlint.verify.state import Remap

__all__ = ["Counterexample", "Distance", "Evidence", "Operators", "Remap", "equivalence"]
