"""What `fix_model` needs for an ONNX model."""

from __future__ import annotations

from pathlib import Path

import onnx

from netlint.engine.errors import NetlintError
from netlint.engine.intent import InsertAfter, Intent, Replace, Rewrite, SetOption, Swap
from netlint.engine.reading import Source
from netlint.engine.rule import Contract, TrainingEffect
from netlint.engine.settings import Settings
from netlint.engine.targets import InputFile
from netlint.fixes.checking import check_networks
from netlint.fixes.models import Comparison, Operated
from netlint.fixes.onnx.external import is_external
from netlint.fixes.onnx.options import set_option
from netlint.fixes.onnx.replacing import insert_after, replace
from netlint.fixes.onnx.running import compare
from netlint.fixes.onnx.swapping import swap
from netlint.fixes.onnx.validity import problem
from netlint.fixes.proposal import Checked, Refusal, words_of
from netlint.frontends.errors import InputError
from netlint.frontends.onnx import read
from netlint.graph import Graph, Operator


class OnnxSurgeon:
    """Changes copies of the models of one file (or of one at hand), and compares them.

    `file` names the model in messages, and says in which folder its external weights lie. A model is held as a whole, and so is its changed
    copy: twice its size in memory, and twice more while the two are run.
    """

    def __init__(self, file: InputFile, settings: Settings) -> None:
        self._file = file
        self._settings = settings
        self._folder = file.path.parent if file.model is None else None

    def check(self, model: onnx.ModelProto) -> Checked:
        """The model's network and what is found in it. Raises NetlintError if it cannot be read."""
        try:
            name = Path(self._file.filename).stem if self._file.model is None else None
            reading = read(model, name=name, inputs=tuple(example.shape for example in self._file.inputs))
        except InputError as error:
            raise NetlintError(f"`{self._file.filename}`: {error}") from error
        return check_networks(self._file, self._settings, reading.graphs, Source(""))

    def operate(self, model: onnx.ModelProto, graph: Graph, intent: Intent, contract: Contract) -> Operated[onnx.ModelProto]:
        """A changed copy, valid for onnx's checker if the model itself is. Raises Refusal with the reason."""
        steps = intent if isinstance(intent, tuple) else (intent,)
        for step in steps:
            if isinstance(step, Rewrite):
                raise Refusal(step.because)
        if contract.training is TrainingEffect.CHANGES:
            raise Refusal("its weights are trained, and fit the network as it is: change the source, train, and export again")
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        caveats: dict[str, None] = {}
        swapped: set[Operator] = set()
        for step in steps:
            match step:
                case Swap(first, second):
                    if swapped & {first, second}:
                        raise Refusal(f"the {first.name} would be moved twice")
                    swapped |= {first, second}
                    caveats.update(dict.fromkeys(swap(changed, graph, first, second, self._folder)))
                case Replace(old, new):
                    replace(changed, old, new)
                case InsertAfter(after, new_operator):
                    insert_after(changed, after, new_operator)
                case SetOption(target, options) if isinstance(target, Operator):
                    set_option(changed, target, options)
                case _:
                    raise Refusal("an ONNX model says nothing of how it is trained")
        self._refuse_invalid(model, changed)
        return Operated(changed, words_of(intent), caveats=tuple(caveats))

    def compare(self, before: onnx.ModelProto, after: onnx.ModelProto, contract: Contract) -> Comparison | None:
        """Runs both on the same inputs (see `running`)."""
        return compare(before, after, contract, self._folder, tuple(self._file.inputs))

    @staticmethod
    def _refuse_invalid(before: onnx.ModelProto, after: onnx.ModelProto) -> None:
        if is_external(after):
            return  # the checker wants to see the weights: `write_model` has it look at the file beside them
        for full in (True, False):
            found = problem(after, full)
            if found is None:
                return
            if problem(before, full) is None:
                raise Refusal(f"the changed model is not valid: {found}")
