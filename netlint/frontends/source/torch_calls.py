"""What happens when modules, functions of torch, or things that cannot be seen are called."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from netlint.frontends.source import classes, module_methods, module_tree, torch_modules, torch_training
from netlint.frontends.source.heap import leaves
from netlint.frontends.source.interpreter import Raised
from netlint.frontends.source.values import (
    ABSENT,
    CONTAINERS,
    Anything,
    Class,
    External,
    Function,
    LoaderValue,
    Module,
    Native,
    ParameterValue,
    Several,
    Tensor,
    members,
)
from netlint.frontends.torch_api import (
    CREATORS,
    CREATORS_LIKE,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    TRANSFORMER_STACKS,
    Signature,
    SignatureError,
    canonical,
)
from netlint.graph.parameter import Parameter
from netlint.graph.unknown import Unknown

if TYPE_CHECKING:
    from netlint.frontends.source.interpreter import Interpreter
from netlint.frontends.source.creation import create, create_like, initializer, make_parameter
from netlint.frontends.source.operands import apply, call_spec, opaque, operands, structured
from netlint.frontends.source.tensors import measure, tensor_attribute


@cache
def public_names(path: str) -> list[str]:
    """The names that `from path import *` binds, for modules of torch."""
    tables = (LAYERS, FUNCTIONS, CONTAINERS, TRANSFORMER_STACKS, INITIALIZERS, CREATORS)
    prefix = f"{path}."
    names = {name.removeprefix(prefix) for table in tables for name in table if name.startswith(prefix)}
    return sorted(name for name in names if "." not in name) + (["Module", "Parameter", "functional", "init"] if path == "torch.nn" else [])


def batch(interpreter: Interpreter, value: LoaderValue) -> Tensor:
    """A batch drawn from a loader."""
    return torch_training.draw_batch(interpreter, value)


def call_module(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`module(...)`: runs its forward."""
    module.called = True
    if not interpreter.applying and not interpreter.building:
        if module_tree.named_parameters(module):  # what a loss is given is compared, and may be made up: an adversary's ones
            args = [torch_training.as_data(interpreter, value) for value in args]
            kwargs = {name: torch_training.as_data(interpreter, value) for name, value in kwargs.items()}
        call = torch_training.enter_network(interpreter, module, args, kwargs)
        call.result = _run_forward(interpreter, module, args, kwargs)
        call.end = len(interpreter.trace.operators)
        return call.result
    return _run_forward(interpreter, module, args, kwargs)


def _run_forward(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:

    if len(interpreter.applying) > 40:
        return opaque(interpreter, module.layer.kind, "modules nested too deeply", [*args, *kwargs.values()])
    own = module.attributes.get("forward")
    forward = own if own is not None else classes.class_attribute(module.cls, "forward") if isinstance(module.cls, Class) else None
    if forward is None or (isinstance(forward, Native)):
        return apply_builtin_forward(interpreter, module, args, kwargs)
    interpreter.applying.append(module)
    try:
        return interpreter.call(forward, args if own is not None else [module, *args], kwargs)
    finally:
        interpreter.applying.pop()


def apply_builtin_forward(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The forward of a leaf or container of torch's own."""
    if module.operator is not None:
        return _apply_leaf(interpreter, module, args, kwargs)
    if module.container == "Sequential":
        return _apply_in_order(interpreter, module, list(module.children.values()), args, kwargs)
    if "layers" in module.children and module.layer.kind in TRANSFORMER_STACKS:
        layers = module.children["layers"]
        chain = list(layers.children.values()) + ([module.children["norm"]] if "norm" in module.children else [])
        rest = args[1:2] if "Decoder" in module.layer.kind else []
        value = args[0] if args else kwargs.get("src", kwargs.get("tgt"))
        for child in chain:
            extra = rest if child is not chain[-1] or "norm" not in module.children else []
            value = _apply_in_order(interpreter, module, [child], [value, *extra], {})
        return value
    reason = module.tainted.reason if module.tainted is not None else "its forward cannot be seen"
    return opaque(interpreter, module.layer.kind, reason, [*args, *kwargs.values()], layer=module.layer)


def _apply_in_order(interpreter: Interpreter, module: Module, children: list[Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.applying.append(module)
    site = interpreter.site
    value: Any = args[0] if args else kwargs.get("input")
    rest = args[1:]
    try:
        for child in children:
            present = [option for option in members(child) if option is not ABSENT and option is not None]
            if not present:
                continue

            def run(child: Any, value: Any = value) -> Any:
                if isinstance(child, Module) and child.layer.site is not None:
                    interpreter.site = child.layer.site  # type: ignore[assignment]
                return interpreter.call(child, [value, *rest], {})

            runs = [lambda child=option: run(child) for option in present]
            if len(present) < len(members(child)):
                runs.append(lambda value=value: value)
            value = runs[0]() if len(runs) == 1 else interpreter.choose(runs, "which layer it is")
    finally:
        interpreter.applying.pop()
        interpreter.site = site
    return value


def _leaf_spec(module: Module) -> Any:
    names = [module.cls.name] if isinstance(module.cls, External) else module.cls.external_bases()
    return next((LAYERS[canonical(name)] for name in names if canonical(name) in LAYERS), None)


def _apply_leaf(interpreter: Interpreter, module: Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    spec = _leaf_spec(module)
    template = module.operator
    assert template is not None
    try:
        bound = Signature(spec.call).bind(args, kwargs)
    except SignatureError:
        return opaque(interpreter, module.layer.kind, "its arguments do not fit", [*args, *kwargs.values()], layer=module.layer)
    inputs = [operator for name in spec.tensors for operator in operands(interpreter, bound.get(name))]
    node = apply(interpreter, spec.called(template, bound), inputs, layer=module.layer)
    return structured(interpreter, node, spec.results(node) if spec.results is not None else None)


def call_external(interpreter: Interpreter, name: str, args: list[Any], kwargs: dict[str, Any], opened: Unknown | None = None) -> Any:
    """Calls a function or class outside the project, by its qualified name."""
    from netlint.frontends.source.python_builtins import BUILTINS
    from netlint.frontends.source.python_library import LIBRARY

    name = canonical(name)
    if name.startswith("numpy."):
        twin = f"torch.{NUMPY.get(name.removeprefix('numpy.'), name.removeprefix('numpy.'))}"
        if twin in CREATORS or (twin in FUNCTIONS and any(isinstance(arg, Tensor) for arg in args)):
            name = twin
    if name in LIBRARY:
        return LIBRARY[name](interpreter, args, kwargs)
    if name in LAYERS or name in CONTAINERS or name in TRANSFORMER_STACKS:
        return torch_modules.construct_leaf(interpreter, name, args, kwargs, opened)
    if name in FUNCTIONS:
        return call_spec(interpreter, FUNCTIONS[name], name, args, kwargs, opened)
    if name in SPECIAL:
        return SPECIAL[name](interpreter, args, kwargs)
    if name in INITIALIZERS:
        return initializer(interpreter, name, args, kwargs)
    if name in CREATORS:
        return create(interpreter, name, args, kwargs)
    if name in CREATORS_LIKE:
        return create_like(interpreter, name, args)
    found = torch_training.call(interpreter, name, args, kwargs)
    if found is not None:
        return found
    if name.startswith("torch.Tensor.") and args and isinstance(args[0], (Tensor, ParameterValue, Several)):
        return interpreter.call(tensor_attribute(interpreter, args[0], name.removeprefix("torch.Tensor.")), args[1:], kwargs)
    if name.startswith("builtins."):
        return interpreter.call(BUILTINS.get(name.removeprefix("builtins."), Anything(name)), args, kwargs)
    if "." not in name and (name.endswith(("Error", "Exception", "Warning")) or name in ("StopIteration", "KeyboardInterrupt")):
        return External(name)
    if name.startswith("typing."):
        return External(name)
    base, _, method = name.rpartition(".")
    if torch_modules.is_module_class(base):
        return module_methods.call_builtin(interpreter, base, method, args, kwargs, opened)
    if opened is None and name in _PURE_CONTEXTS:
        return External(f"{name}()")
    return call_unknown(interpreter, External(name), args, kwargs)


NUMPY = {"array": "tensor", "asarray": "tensor", "concatenate": "cat", "power": "pow"}


"""NumPy's names for what torch calls otherwise."""


_PURE_CONTEXTS = frozenset(
    {
        "torch.no_grad",
        "torch.inference_mode",
        "torch.enable_grad",
        "torch.autograd.no_grad",
        "torch.device",
        "torch.amp.autocast",
        "torch.cuda.amp.autocast",
        "torch.autocast",
        "enum.auto",
        "contextlib.nullcontext",
        "property",
        "object",
    }
)


def call_unknown(interpreter: Interpreter, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Calls something that cannot be seen: an opaque operator if tensors go in, else a value that may be anything."""
    values = [*args, *kwargs.values()]
    label = function.name if isinstance(function, External) else "a function that cannot be seen"
    reason = (
        function.reason
        if isinstance(function, Unknown)
        else f"`{label}` is outside the project"
        if isinstance(function, External)
        else "it is not a function"
    )
    for value in values:
        if isinstance(value, Module) and interpreter.building and value in interpreter.building:
            value.tainted = value.tainted or Unknown(f"it is handed to `{label}`, which cannot be seen")
    passed = torch_training.pass_through(function, values)
    if passed is not None:
        return passed
    for value in values:
        _run_handler(interpreter, value)
    if any(_holds_tensor(value) for value in values):
        return opaque(interpreter, label, reason, values)
    return Anything(f"the result of `{label}`: {reason}" if isinstance(function, External) else reason)


def _run_handler(interpreter: Interpreter, value: Any) -> None:
    """Runs a training step that was written where the network is and handed to a library (`Engine(train_step)`), which will call it.

    A function at module level is an entry point of its own.
    """
    if not isinstance(value, Function) or value.scope.parent is None or id(value.node) in interpreter.called:
        return
    if interpreter.building or interpreter.applying or "backward" not in value.names:
        return
    with suppress(Raised):
        interpreter.call(value, [], {})


def _holds_tensor(value: Any) -> bool:
    found = leaves(value) if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(item, (Tensor, Several)) for item in found or ())


def training_attribute(interpreter: Interpreter, value: Any, name: str) -> Any:
    """An attribute of an optimizer, loader or data set."""
    return torch_training.attribute(interpreter, value, name)


def _first(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _false(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return False


def _none(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return None


def _checkpoint(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return interpreter.call(
        args[0], args[1:], {key: value for key, value in kwargs.items() if key not in ("use_reentrant", "preserve_rng_state", "context_fn")}
    )


def _checkpoint_sequential(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value: Any = args[2] if len(args) > 2 else kwargs.get("input")
    for function in interpreter.items(args[0]) or []:
        value = interpreter.call(function, [value], {})
    return value


def _size(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(interpreter.items(args[0]) or ()) if args else ()


def _is_tensor(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[0], Unknown):
        return Unknown(args[0].reason)
    return isinstance(args[0], (Tensor, ParameterValue))


def _wrap_norm(kind: str) -> Any:
    def wrap(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
        module = args[0] if args else kwargs.get("module")
        name = args[1] if len(args) > 1 else kwargs.get("name", "weight")
        if not isinstance(module, Module) or not isinstance(name, str):
            return module
        module.layer.wrapped = (*module.layer.wrapped, kind)
        weight = module.parameters.get(name)
        if kind == "weight_norm" and isinstance(weight, ParameterValue) and weight.parameter.shape:
            dim = args[2] if len(args) > 2 else kwargs.get("dim", 0)
            shape = weight.parameter.shape
            known = isinstance(dim, int) and -len(shape) <= dim < len(shape)
            magnitude: Any = (
                tuple(size if i == dim % len(shape) else 1 for i, size in enumerate(shape)) if known else () if dim is None else None
            )
            module.parameters[f"{name}_g"] = ParameterValue(Parameter(f"{name}_g", magnitude, owner=module.layer), module)
        return module

    return wrap


def _data_parallel(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module = args[0] if args else kwargs.get("module")
    if isinstance(module, Module):
        module.attributes["module"] = module
    return module


def _module_base(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Anything("a module")


def _numel(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return measure(args[0], "numel", [], {}) if args and isinstance(args[0], (Tensor, ParameterValue)) else Unknown("a number of elements")


def _rearrange(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    from netlint.graph.operators import Rearrange

    pattern = args[1] if len(args) > 1 else kwargs.get("pattern", "")
    return Tensor(
        apply(interpreter, Rearrange(how="einops", arguments=(pattern,)), operands(interpreter, args[0] if args else kwargs.get("tensor")))
    )


SPECIAL: dict[str, Any] = {
    "torch.nn.Parameter": make_parameter,
    "torch.nn.parameter.Parameter": make_parameter,
    "torch.nn.UninitializedParameter": lambda interpreter, args, kwargs: ParameterValue(Parameter("parameter", None)),
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.utils.checkpoint.checkpoint_sequential": _checkpoint_sequential,
    "torch.Size": _size,
    "torch.is_tensor": _is_tensor,
    "torch.numel": _numel,
    "torch.nn.Module": _module_base,
    "torch.nn.DataParallel": _data_parallel,
    "torch.nn.parallel.DataParallel": _data_parallel,
    "torch.nn.parallel.DistributedDataParallel": _data_parallel,
    "einops.rearrange": _rearrange,
    "einops.repeat": _rearrange,
    "einops.reduce": _rearrange,
    "os.environ.get": lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None,
    "os.getenv": lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None,
}


for _name in (
    "torch.jit.script torch.jit.trace torch.jit.export torch.jit.ignore torch.jit.unused torch.compile torch.fx.wrap "
    "torch.jit.interface torch.jit.script_if_tracing torch.nn.SyncBatchNorm.convert_sync_batchnorm torch.compiler.disable "
    "torch.jit._overload_method torch.autograd.Variable torch.autograd.variable.Variable torch.jit.freeze torch.jit.Attribute "
    "torch.jit.annotate torch.nn.utils.remove_weight_norm tqdm.tqdm tqdm.auto.tqdm"
).split():
    SPECIAL[_name] = _first


SPECIAL["torch.jit.Attribute"] = _first


def _execute(interpreter: Interpreter, args: list[Any], kwargs: dict[str, Any]) -> Any:
    interpreter.taint("code in a string is not followed")
    return Anything("the result of code in a string")


SPECIAL["exec"] = SPECIAL["eval"] = _execute
SPECIAL["torch.set_grad_enabled"] = lambda interpreter, args, kwargs: External(
    "torch.no_grad()" if False in (*args, *kwargs.values()) else "torch.enable_grad()"
)


SPECIAL["torch.jit.annotate"] = lambda interpreter, args, kwargs: args[1] if len(args) > 1 else None


for _name in (
    "torch.jit.is_scripting torch.jit.is_tracing torch.onnx.is_in_onnx_export torch.compiler.is_compiling "
    "torch._dynamo.is_compiling torch.is_autocast_enabled torch.overrides.has_torch_function "
    "torch.overrides.has_torch_function_unary torch.overrides.has_torch_function_variadic torch.compiler.is_exporting "
    "torch.compiler.is_dynamo_compiling torch._jit_internal.is_scripting torch.fx._symbolic_trace.is_fx_tracing "
    "torch.distributed.is_initialized"
).split():
    SPECIAL[_name] = _false


for _name in (
    "torch._assert torch.manual_seed torch._C._log_api_usage_once torch.set_float32_matmul_precision "
    "torch.nn.utils.clip_grad_norm_ torch.save torch.cuda.empty_cache"
).split():
    SPECIAL[_name] = _none


for _name, _kind in (
    ("torch.nn.utils.weight_norm", "weight_norm"),
    ("torch.nn.utils.parametrizations.weight_norm", "weight_norm"),
    ("torch.nn.utils.spectral_norm", "spectral_norm"),
    ("torch.nn.utils.parametrizations.spectral_norm", "spectral_norm"),
):
    SPECIAL[_name] = _wrap_norm(_kind)
