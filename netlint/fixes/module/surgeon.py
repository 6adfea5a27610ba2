"""What can be done with a live `nn.Module`: findings, surgery on a copy, and a comparison of both by running them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from netlint.engine.intent import (
    ChangeClass,
    Initialize,
    InsertAfter,
    Intent,
    Register,
    Replace,
    Rewrite,
    SetOption,
    SplitGroups,
    Step,
    Swap,
)
from netlint.engine.reading import Source, reading_of
from netlint.engine.rule import Contract
from netlint.engine.settings import Settings
from netlint.engine.targets import given_model
from netlint.fixes.checking import check_networks
from netlint.fixes.models import Comparison, Operated
from netlint.fixes.module import operations
from netlint.fixes.module.comparing import compared
from netlint.fixes.module.copies import draws_kept
from netlint.fixes.module.operations import Done, Patient
from netlint.fixes.module.places import in_code
from netlint.fixes.proposal import Checked, Refusal
from netlint.graph import Graph, Operator

_TRAINING = "a live module does not hold its training; where that is written: `netlint check FILE --fix`"


@dataclass(frozen=True)
class ModuleSurgeon:
    """A `Surgeon` of `torch.nn.Module`. The module that it is given is never changed.

    `example_inputs` are the arguments of its forward, as `netlint.check` takes them (None: guessed where that is safe).
    """

    settings: Settings
    example_inputs: Any = None

    def check(self, model: nn.Module) -> Checked:
        """The module's network, with what is found in it. Its forward is run. Raises NetlintError if it cannot be."""
        file = replace(given_model(model), example_inputs=self.example_inputs)
        with draws_kept(model):  # its forward may draw from generators that PyTorch knows nothing of
            networks = reading_of(file).graphs
        return check_networks(file, self.settings, networks, Source(""))

    def operate(self, model: nn.Module, graph: Graph, intent: Intent, contract: Contract) -> Operated[nn.Module]:
        """A copy of the module in which one intent is done. Raises Refusal with the reason."""
        steps = intent if isinstance(intent, tuple) else (intent,)
        patient = Patient(model, graph, steps)
        done = [_done(patient, step) for step in steps]
        caveats = dict.fromkeys(caveat for one in done for caveat in one.caveats)
        return Operated(patient.copy, operations.told(done), patient.state_dict(), tuple(caveats))

    def compare(self, before: nn.Module, after: nn.Module, contract: Contract) -> Comparison | None:
        """Both modules, run on the example inputs and on adversarial tensors of the same shapes; None if the one before cannot be run."""
        return compared(before, after, contract, self.example_inputs)


def _done(patient: Patient, step: Step) -> Done:
    match step:
        case Swap(first, second):
            return operations.swap(patient, first, second)
        case Replace(old, new):
            return operations.replace(patient, old, new)
        case InsertAfter(after, new):
            return operations.insert_after(patient, after, new)
        case SetOption(target, options) if isinstance(target, Operator):
            return operations.set_options(patient, target, options)
        case Initialize(layers, name, options):
            return operations.initialize(patient, layers, name, options)
        case Register(layer):
            raise in_code("the layer is kept where PyTorch does not look", layer.site)
        case ChangeClass() | SplitGroups() | SetOption():
            raise Refusal(_TRAINING)
        case Rewrite():
            raise Refusal(step.because)
