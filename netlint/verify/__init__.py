"""Proof for fixes, and measurements on the network itself. Nothing of the user's code is run.

`equivalence` compares two graphs and answers with `Evidence`. `propagation` measures how signals and gradients go through a network at its
own initialisation, `alternatives` gives the same network with each of the usual cures; `batch_noise` and `costs` measure what batch
statistics and operators cost. A measurement that cannot be made is an `Unknown` with the reason.
"""

from netlint.verify.cost import Cost, activation_costs, costs, total
from netlint.verify.equivalence import Operators, equivalence
from netlint.verify.evidence import Counterexample, Distance, Evidence
from netlint.verify.network import rewritten
from netlint.verify.noise import BatchNoise, batch_noise
from netlint.verify.propagation import LayerSignal, Propagation, Units, alternatives, propagation
from netlint.verify.state import Remap

__all__ = [
    "BatchNoise",
    "Cost",
    "Counterexample",
    "Distance",
    "Evidence",
    "LayerSignal",
    "Operators",
    "Propagation",
    "Remap",
    "Units",
    "activation_costs",
    "alternatives",
    "batch_noise",
    "costs",
    "equivalence",
    "propagation",
    "rewritten",
    "total",
]
