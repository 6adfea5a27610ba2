"""What an input can tell about a network at all."""

from __future__ import annotations

from enum import Enum


class Fact(Enum):
    """A kind of knowledge that a rule needs, and that a graph has or has not, whatever network it shows. The value says what is missing."""

    TOPOLOGY = "how the operators are connected"
    CODE = "how the code is written, where the result is the same"
    TRAINING_LAYERS = "the layers that act in training alone: dropout, batch norms that an export folds into convolutions"
    INITIALIZATION = "the values that the weights start from"
    TRAINING = "how the network is trained: losses, optimizers, batches"


EVERY_FACT = frozenset(Fact)
