"""A network whose activations are modules of their own, for methods that hook each of them."""

from __future__ import annotations

import copy
import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import torch
from torch import nn
from torch.fx import GraphModule, Node
from torch.nn import functional

from xaudit.explain.engine.tracing import traced
from xaudit.explain.numerics.max_pool_windows import blocks

_Called = Callable[..., Any] | str
_POOLING = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_RELUS = (functional.relu, torch.relu, torch.relu_, "relu", "relu_")
_SIGMOIDS = (functional.sigmoid, torch.sigmoid, torch.sigmoid_, "sigmoid", "sigmoid_")
_TANHS = (functional.tanh, torch.tanh, torch.tanh_, "tanh", "tanh_")
_FUNCTIONS: Mapping[_Called, tuple[type[nn.Module], tuple[str, ...]]] = {
    **dict.fromkeys(_RELUS, (nn.ReLU, ("inplace",))),
    **dict.fromkeys(_SIGMOIDS, (nn.Sigmoid, ())),
    **dict.fromkeys(_TANHS, (nn.Tanh, ())),
    functional.celu: (nn.CELU, ("alpha", "inplace")),
    functional.elu: (nn.ELU, ("alpha", "inplace")),
    functional.gelu: (nn.GELU, ("approximate",)),
    functional.hardsigmoid: (nn.Hardsigmoid, ("inplace",)),
    functional.hardswish: (nn.Hardswish, ("inplace",)),
    functional.hardtanh: (nn.Hardtanh, ("min_val", "max_val", "inplace")),
    functional.leaky_relu: (nn.LeakyReLU, ("negative_slope", "inplace")),
    functional.logsigmoid: (nn.LogSigmoid, ()),
    functional.mish: (nn.Mish, ("inplace",)),
    functional.relu6: (nn.ReLU6, ("inplace",)),
    functional.selu: (nn.SELU, ("inplace",)),
    functional.silu: (nn.SiLU, ("inplace",)),
    functional.softplus: (nn.Softplus, ("beta", "threshold")),
    functional.softsign: (nn.Softsign, ()),
    functional.max_pool1d: (nn.MaxPool1d, _POOLING),
    functional.max_pool2d: (nn.MaxPool2d, _POOLING),
    functional.max_pool3d: (nn.MaxPool3d, _POOLING),
}
"""Functions and methods of tensors, their modules, and the order of their arguments."""

_CALLS = ("call_function", "call_method")
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
# In evaluation they return the very tensor that they get.
_PASSING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


def modular(module: nn.Module) -> nn.Module:
    """A copy of a network in which every activation is a module that is used once.

    Functions such as ``F.relu`` become modules, a module that is called several times becomes
    several, and nothing works in place; values stay the same. Maximum pooling counts as an
    activation, because DeepLIFT gives it a rule too; its windows are laid side by side. Each
    activation reads a tensor that no other one reads or returns. What cannot be traced keeps
    its functions.

    Args:
        module: any network; not changed.

    Returns:
        The copy, in evaluation mode.
    """
    twin = copy.deepcopy(module).eval()
    _name_functions(twin)
    used: set[int] = set()
    for prefix, graph in traced(twin):
        if not _is_layer(twin.get_submodule(prefix.rstrip("."))) and _rewrite(graph, used):
            graph.recompile()
            if not prefix:
                twin = graph
                break
            twin.set_submodule(prefix.rstrip("."), graph)
    for part in twin.modules():
        if getattr(part, "inplace", None) is True:
            part.inplace = False  # type: ignore[assignment]
    return twin.eval()


def _name_functions(twin: nn.Module) -> None:
    """Make modules of the functions that layers hold, as torch's own transformer does."""
    for part in list(twin.modules()):
        for name, value in list(vars(part).items()):
            if value is functional.relu or value is torch.relu:
                setattr(part, name, nn.ReLU())


def _is_layer(module: nn.Module) -> bool:
    """Whether torch ships it: a layer is kept as it is, only what calls layers is rewritten."""
    return type(module).__module__.startswith("torch.nn") and not isinstance(module, nn.Sequential)


def _rewrite(graph: GraphModule, used: set[int]) -> bool:
    """Rewrite one graph; say whether it differs from what was traced.

    Args:
        graph: to change.
        used: identities of the activations that are taken, also by other graphs.
    """
    changed = False
    for node in list(graph.graph.nodes):
        changed |= _follow(graph, node)
        own = _own(graph, node, used)
        if own is not None:
            _call(graph, node, own)
        changed |= own is not None or _detached(node)
        changed |= _separate(graph, node)
    return changed


def _own(graph: GraphModule, node: Node, used: set[int]) -> nn.Module | None:
    """The module that should stand here instead; None to leave what there is."""
    if node.target in _FUNCTIONS and node.op in _CALLS:
        skipped = {"input", "inplace"}
        settings = {key: value for key, value in _options(node).items() if key not in skipped}
        constant = not any(isinstance(value, Node) for value in settings.values())
        return _FUNCTIONS[node.target][0](**settings) if constant else None
    called = _called(graph, node)
    if called is None or not _activation(called):
        return None
    if id(called) in used:
        return copy.deepcopy(called)
    used.add(id(called))
    return None


def _call(graph: GraphModule, node: Node, module: nn.Module) -> None:
    """Let a node call a new module on its first argument."""
    name = f"own_{node.name}"
    graph.add_submodule(name, module)
    node.op, node.target = "call_module", name
    node.args, node.kwargs = (_source(node),), {}


def _separate(graph: GraphModule, node: Node) -> bool:
    """Keep what one activation passes back apart from what others do; say whether that was needed.

    captum hooks the tensor that an activation reads. Where others read or hook the same tensor,
    one hook sees or replaces what belongs to the other.
    """
    called = _called(graph, node)
    if called is None or not _activation(called):
        return False
    parts = blocks(called) if isinstance(called, _POOLS) else None
    if parts is None and not _shared(graph, node):
        return False
    with graph.graph.inserting_before(node):
        between = graph.graph.call_method("clone", (_source(node),))
    if parts is not None:
        _call(graph, between, parts[0])
        _call(graph, node, parts[1])
    node.args, node.kwargs = (between,), {}
    return True


def _shared(graph: GraphModule, node: Node) -> bool:
    """Whether the tensor that an activation reads may be read or returned by another one."""
    source = _source(node)
    while isinstance(source, Node):
        if len(source.users) > 1 or source.op == "placeholder":
            return True
        called = _called(graph, source)
        if called is None or not isinstance(called, _PASSING):
            return called is not None and _activation(called)
        source = _source(source)
    return False


def _called(graph: GraphModule, node: Node) -> nn.Module | None:
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None


def _activation(module: nn.Module) -> bool:
    if isinstance(module, nn.MultiheadAttention):
        return False
    return type(module).__module__ == nn.ReLU.__module__ or isinstance(module, _POOLS)


def _follow(graph: GraphModule, node: Node) -> bool:
    """Let what comes after a call in place read its result, also where it reads the input.

    Returns:
        Whether anything did: without work in place the network would mean something else.
    """
    source = _source(node)
    if not isinstance(source, Node) or not _in_place(graph, node):
        return False
    return bool(source.replace_all_uses_with(node, delete_user_cb=lambda user: node < user))


def _in_place(graph: GraphModule, node: Node) -> bool:
    called = _called(graph, node)
    if called is not None:
        return getattr(called, "inplace", False) is True
    return node.op in _CALLS and (bool(_options(node).get("inplace")) or bool(_stem(node)))


def _detached(node: Node) -> bool:
    """Turn a call in place into one that returns something new; say whether it was one."""
    if node.op not in _CALLS:
        return False
    options = _options(node)
    if options.get("inplace"):
        node.args, node.kwargs = node.args[:1], {**options, "inplace": False}
        return True
    stem = _stem(node)
    homes = (torch.Tensor,) if node.op == "call_method" else (functional, torch)
    found = [one for home in homes if callable(one := getattr(home, stem or "", None))]
    if found:
        node.target = str(stem) if node.op == "call_method" else found[0]
    return bool(found)


def _stem(node: Node) -> str | None:
    """What a function in place is called without its underscore; None for any other."""
    name = node.target if isinstance(node.target, str) else node.target.__name__
    # Python's own and_, or_ and is_ end like this to avoid its keywords.
    ends = name.endswith("_") and not name.endswith("__") and not hasattr(operator, name)
    return name[:-1] if ends else None


def _options(node: Node) -> dict[str, Any]:
    """The arguments after the first, by name as far as names are known."""
    names = _FUNCTIONS[node.target][1] if node.target in _FUNCTIONS else _names(node)
    return {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}


def _names(node: Node) -> Sequence[str]:
    """Names of the arguments after the first of a function that is written in Python."""
    if not isinstance(node.target, FunctionType):
        return ()
    return list(inspect.signature(node.target).parameters)[1:]


def _source(node: Node) -> Any:  # noqa: ANN401  a node, or whatever constant stands there
    return node.args[0] if node.args else node.kwargs.get("input")
