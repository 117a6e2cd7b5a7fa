"""torch.fx: programs traced into graphs of calls, changed there, and run again as Python."""

from . import _names, immutable_collections  # noqa: F401
from . import graph as graph
from . import node as node
from . import proxy as proxy

_names.register_all()

from ._symbolic_trace import PH, ProxyableClassMeta, Tracer, symbolic_trace, wrap  # noqa: E402, F401
from .graph import CodeGen, Graph  # noqa: E402, F401
from .graph_module import GraphModule  # noqa: E402
from .interpreter import Interpreter, Transformer  # noqa: E402
from .node import Node, has_side_effect, map_arg  # noqa: E402
from .proxy import Proxy  # noqa: E402
from .subgraph_rewriter import replace_pattern  # noqa: E402

__all__ = [
    "symbolic_trace",
    "Tracer",
    "wrap",
    "Graph",
    "GraphModule",
    "Interpreter",
    "Transformer",
    "Node",
    "Proxy",
    "replace_pattern",
    "has_side_effect",
    "map_arg",
]
