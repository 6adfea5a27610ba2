"""A design review of a network: what it is, how signals and gradients go through it, and what each of the usual cures would change.

Everything is measured on the network's own graph, with reference layers: nothing of the user's code is run.
"""

from netlint.advice.activations import ActivationCost, ActivationTable
from netlint.advice.cures import Remarks, remarks
from netlint.advice.design import Design
from netlint.advice.flow import Cure, Flow
from netlint.advice.penalties import Ladder, Rung
from netlint.advice.review import Noise, Review, Standing, Unjudged, review, review_file

__all__ = [
    "ActivationCost",
    "ActivationTable",
    "Cure",
    "Design",
    "Flow",
    "Ladder",
    "Noise",
    "Remarks",
    "Review",
    "Rung",
    "Standing",
    "Unjudged",
    "remarks",
    "review",
    "review_file",
]
