"""torch.fx.interpreter: a graph run node by node, and run to make another graph."""

import contextlib
import inspect

from ._codegen import last_uses
from ._symbolic_trace import Tracer
from .graph import Graph
from .graph_module import GraphModule
from .node import map_aggregate, map_arg
from .proxy import Proxy

__all__ = ["Interpreter", "Transformer"]


class Interpreter:
    """Runs a GraphModule's graph node by node; derived classes change what a node does.

    garbage_collect_values: whether a value is let go of after its last use, default True; graph: another graph to run
    with the module's members.

    >>> import wengert as torch, wengert.fx
    >>> class Loud(Interpreter):
    ...     def call_function(self, target, args, kwargs):
    ...         print(target.__name__)
    ...         return super().call_function(target, args, kwargs)
    >>> Loud(torch.fx.symbolic_trace(lambda x: torch.relu(x))).run(torch.tensor([-1.0]))
    relu
    tensor([0.])
    """

    def __init__(self, module, garbage_collect_values=True, graph=None):
        self.module, self.graph = module, module.graph if graph is None else graph
        self.submodules, self.env = dict(module.named_modules()), {}
        self.name, self.extra_traceback, self.garbage_collect_values = "Interpreter", True, garbage_collect_values
        self.user_to_last_uses = last_uses(self.graph.nodes) if garbage_collect_values else {}

    def run(self, *args, initial_env=None, enable_io_processing=True):
        """What the graph gives for the arguments; initial_env: {node: value} for nodes that need not run."""
        self.env = {} if initial_env is None else initial_env
        if enable_io_processing:
            args = self.graph.process_inputs(*args)
        self.args_iter = iter(args)
        for node in self.graph.nodes:
            if node in self.env:
                continue
            try:
                self.env[node] = self.run_node(node)
            except Exception as error:
                if self.extra_traceback:
                    _say_where(error, node)
                raise
            for done in self.user_to_last_uses.get(node, ()):
                del self.env[done]
            if node.op == "output":
                result = self.env[node]
                return self.graph.process_outputs(result) if enable_io_processing else result
        return None

    def boxed_run(self, args_list):
        """run with the arguments of a list, which is emptied; RuntimeError when it has not one for each placeholder."""
        placeholders = [node for node in self.graph.nodes if node.op == "placeholder"]
        if len(args_list) != len(placeholders):
            detail = "extra arguments" if len(args_list) > len(placeholders) else "missing arguments"
            raise RuntimeError(
                f"Interpreter.boxed_run expected {len(placeholders)} arguments for placeholders "
                f"but received {len(args_list)} ({detail})"
            )
        env = dict(zip(placeholders, args_list))
        args_list.clear()
        return self.run(initial_env=env)

    @contextlib.contextmanager
    def _set_current_node(self, node):
        yield

    def run_node(self, n):
        """The value of one node."""
        with self._set_current_node(n):
            args, kwargs = self.fetch_args_kwargs_from_env(n)
            return getattr(self, n.op)(n.target, args, kwargs)

    def placeholder(self, target, args, kwargs):
        """The next argument, or all that remain; RuntimeError when there is none and no default."""
        if target.startswith("*"):
            return list(self.args_iter)
        try:
            return next(self.args_iter)
        except StopIteration as error:
            if args:
                return args[0]
            raise RuntimeError(
                f"Expected positional argument for parameter {target}, but one was not passed in!"
            ) from error

    def get_attr(self, target, args, kwargs):
        """A member of the module."""
        return self.fetch_attr(target)

    def call_function(self, target, args, kwargs):
        """A call of a function."""
        if isinstance(target, str):
            raise AssertionError("target should not be a string for call_function")
        return target(*args, **kwargs)

    def call_method(self, target, args, kwargs):
        """A call of a method of the first argument."""
        return getattr(args[0], target)(*args[1:], **kwargs)

    def call_module(self, target, args, kwargs):
        """A call of a submodule."""
        return self.fetch_attr(target)(*args, **kwargs)

    def output(self, target, args, kwargs):
        """What is returned."""
        return args[0]

    def fetch_attr(self, target):
        """A member of the module by its path; RuntimeError when there is none."""
        value, parts = self.module, target.split(".")
        for k, part in enumerate(parts):
            if not hasattr(value, part):
                raise RuntimeError(f"Node referenced nonexistent target {'.'.join(parts[: k + 1])}")
            value = getattr(value, part)
        return value

    def fetch_args_kwargs_from_env(self, n):
        """A node's arguments with values in place of nodes."""
        return self.map_nodes_to_values(n.args, n), self.map_nodes_to_values(n.kwargs, n)

    def map_nodes_to_values(self, args, n):
        """Arguments of the node n with values in place of nodes; RuntimeError for a node without a value."""

        def load(node):
            if node not in self.env:
                raise RuntimeError(
                    f"Node {n} referenced nonexistent value {node}! Run Graph.lint() to diagnose such issues"
                )
            return self.env[node]

        return map_arg(args, load)


def _say_where(error, node):
    """Add the node to an error's message."""
    said = f"While executing {node.format_node()}\nOriginal traceback:\n{node.stack_trace}"
    said = f"{error.args[0]}\n\n{said}" if error.args else said
    said += (
        "\nUse tlparse to see full graph. "
        "(https://github.com/pytorch/tlparse?tab=readme-ov-file#tlparse-parse-structured-pt2-logs)"
    )
    error.args = (said, *error.args[1:])
    if isinstance(error, KeyError):
        raise RuntimeError(*error.args) from error


class _TransformerTracer(Tracer):
    """Notes what a Transformer does; modules stay one node."""

    def __init__(self, graph, root):
        super().__init__()
        self.graph, self.root, self.tensor_attrs = graph, root, {}

    def is_leaf_module(self, m, module_qualified_name):
        return True


class Transformer(Interpreter):
    """Runs a GraphModule's graph with proxies, so that what derived classes change is in the graph that comes out.

    >>> import wengert as torch, wengert.fx
    >>> class Swap(Transformer):
    ...     def call_function(self, target, args, kwargs):
    ...         return super().call_function(torch.sin if target is torch.cos else target, args, kwargs)
    >>> print(Swap(torch.fx.symbolic_trace(lambda x: torch.cos(x))).transform().code.strip())
    def forward(self, x):
        sin = torch.sin(x);  x = None
        return sin
    """

    def __init__(self, module):
        super().__init__(module)
        self.new_graph = Graph()
        self.new_graph.set_codegen(module.graph._codegen)
        self.tracer = _TransformerTracer(self.new_graph, module)

    def placeholder(self, target, args, kwargs):
        """A placeholder in the new graph."""
        default = args[0] if args else inspect.Signature.empty
        return Proxy(self.new_graph.placeholder(target, default_value=default), self.tracer)

    def get_attr(self, target, args, kwargs):
        """The same member, in the new graph."""
        return self.tracer.create_proxy("get_attr", target, args, kwargs)

    def call_module(self, target, args, kwargs):
        """A call of a submodule, one node where the tracer takes it for a leaf."""
        module = self.fetch_attr(target)
        return self.tracer.call_module(module, module.forward, args, kwargs)

    def call_function(self, target, args, kwargs):
        """A call of a function, one node."""
        return self.tracer.create_proxy("call_function", target, args, kwargs)

    @contextlib.contextmanager
    def _set_current_node(self, node):
        before = set(self.new_graph.nodes)
        yield
        for made in self.new_graph.nodes:  # what stands for a node keeps where that was
            if made not in before:
                kept = ("stack_trace", "nn_module_stack", "custom")
                made.meta.update({key: node.meta[key] for key in kept if key in node.meta})

    def transform(self):
        """The new GraphModule."""
        result = super().run(enable_io_processing=False)
        if result is not None:
            plain = map_aggregate(result, lambda part: part.node if isinstance(part, Proxy) else part)
            self.new_graph.output(plain).meta.update(self.graph.output_node().meta)
        return GraphModule(self.module, self.new_graph)
