"""The typed graph of a network. This room uses nothing else of the project."""

from netlint.graph.facts import EVERY_FACT, Fact
from netlint.graph.graph import Blind, Graph
from netlint.graph.operator import Operator
from netlint.graph.parameter import Initialization, Layer, Parameter
from netlint.graph.provenance import FixedSite, Location, Site
from netlint.graph.training import Loader, Optimizer, ParameterGroup, Penalty, TrainingContext
from netlint.graph.unknown import Dim, Int, Shape, Unknown

__all__ = [
    "EVERY_FACT",
    "Blind",
    "Dim",
    "Fact",
    "FixedSite",
    "Graph",
    "Initialization",
    "Int",
    "Layer",
    "Loader",
    "Location",
    "Operator",
    "Optimizer",
    "Parameter",
    "ParameterGroup",
    "Penalty",
    "Shape",
    "Site",
    "TrainingContext",
    "Unknown",
]
