"""A run of a module as the graph that TensorBoard draws: a node for every innermost module, edges by the tape."""

from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.versions_pb2 import VersionDef

import wengert as wg


def _tensors(value):
    """The tensors in nested lists, tuples and dicts."""
    if isinstance(value, wg.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [tensor for part in parts for tensor in _tensors(part)]


class _Run:
    """Which node every tensor came from, told by the tensor itself or by its place on the tape."""

    def __init__(self):
        self.nodes = []
        self.kept = []  # so that nothing else gets the same id
        self.by_tensor = {}
        self.by_function = {}

    def add(self, name, op, inputs, outputs):
        taken = {node.name for node in self.nodes}
        unique, count = name, 0
        while unique in taken:
            count += 1
            unique = f"{name}_{count}"
        self.nodes.append(NodeDef(name=unique, op=op, input=inputs))
        for tensor in outputs:
            self.kept.append(tensor)
            self.by_tensor[id(tensor)] = unique
            if tensor.grad_fn is not None:
                self.by_function[tensor.grad_fn] = unique

    def sources(self, tensors):
        """The nodes that the tensors were made from, each once."""
        found, seen = [], set()
        waiting = []
        for tensor in tensors:
            if id(tensor) in self.by_tensor:
                found.append(self.by_tensor[id(tensor)])
            elif tensor.grad_fn is not None:
                waiting.append(tensor.grad_fn)
        while waiting:
            function = waiting.pop()
            if function in seen:
                continue
            seen.add(function)
            if function in self.by_function:
                found.append(self.by_function[function])
            else:
                waiting += [edge for edge, _ in function.next_functions if edge is not None]
        return list(dict.fromkeys(found))


def _label(model, path):
    """`Net/Sequential[body]/Linear[0]` for the module at `body.0`."""
    label, module = type(model).__name__, model
    for part in path.split(".") if path else ():
        module = getattr(module, part)
        label += f"/{type(module).__name__}[{part}]"
    return label


def graph(model, inputs):
    """The GraphDef of one run of a module on a tensor or a tuple of them."""
    run, args = _Run(), []
    for k, value in enumerate(inputs if isinstance(inputs, (list, tuple)) else (inputs,)):
        if isinstance(value, wg.Tensor):
            real = value.is_floating_point() or value.is_complex()
            value = value.detach().requires_grad_().clone() if real else value.clone()
            run.add(f"input/{k}", "IO Node", [], [value])
        args.append(value)

    def watch(label):
        def after(module, given, made):
            run.add(label, type(module).__name__, run.sources(_tensors(given)), _tensors(made))

        return after

    innermost = [(path, m) for path, m in model.named_modules() if not any(m.children())]
    handles = [m.register_forward_hook(watch(_label(model, path))) for path, m in innermost]
    try:
        with wg.enable_grad():
            made = model(*args)
    finally:
        for handle in handles:
            handle.remove()
    run.add("output/output", "IO Node", run.sources(_tensors(made)), [])
    return GraphDef(node=run.nodes, versions=VersionDef(producer=22))
