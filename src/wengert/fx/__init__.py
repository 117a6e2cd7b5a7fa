"""torch.fx: its names can be imported and derived from; programs are not traced into graphs of Python calls here."""

import types

from .._facade.refusal import refuse

_REASON = "it would need a second graph of the program; forward hooks and wengert.viz see the first one"


def _refusing(name):
    def __init__(self, *args, **kwargs):
        refuse(f"torch.fx.{name}", _REASON)()

    return type(name, (), {"__init__": __init__, "_wengert_refuses": _REASON, "__doc__": f"Not in wengert: {_REASON}."})


Graph, GraphModule, Interpreter, Node, Proxy, Tracer, Transformer = map(
    _refusing, ("Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer")
)
symbolic_trace = refuse("torch.fx.symbolic_trace", _REASON)
replace_pattern = refuse("torch.fx.replace_pattern", _REASON)


def wrap(fn_or_name):
    """The function or name itself: nothing is traced that it could be kept out of.

    >>> wrap(len)([1, 2])
    2
    """
    return fn_or_name


has_side_effect = wrap


def _never(*args, **kwargs):
    """None."""


def _module(name, **names):
    made = types.ModuleType(f"torch.fx.{name}")
    made.__dict__.update(names)
    return made


_proxy_tensor = _module("experimental.proxy_tensor", get_proxy_mode=_never, make_fx=symbolic_trace)
_symbolic_shapes = _module("experimental.symbolic_shapes", guard_or_false=bool, guard_or_true=bool)
experimental = _module("experimental", proxy_tensor=_proxy_tensor, symbolic_shapes=_symbolic_shapes)
node = _module("node", Node=Node)
graph = _module("graph", Graph=Graph)
graph_module = _module("graph_module", GraphModule=GraphModule)
proxy = _module("proxy", Proxy=Proxy)
