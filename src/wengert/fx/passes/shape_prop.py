"""torch.fx.passes.shape_prop: notes, while a graph runs, the shape and dtype of each value."""

from typing import Any, NamedTuple

import wengert as wg

from ..interpreter import Interpreter
from ..node import map_aggregate

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What is known of a tensor: its shape, dtype, strides and how it lies in memory."""

    shape: Any
    dtype: Any
    requires_grad: bool
    stride: tuple
    memory_format: Any
    is_quantized: bool
    qparams: dict


def _extract_tensor_metadata(result, include_contiguity=True):
    formats = (wg.contiguous_format, wg.channels_last, wg.channels_last_3d) if include_contiguity else ()
    lies = None
    for memory_format in formats:
        if {wg.channels_last: 4, wg.channels_last_3d: 5}.get(memory_format, result.dim()) != result.dim():
            continue
        if result.is_contiguous(memory_format=memory_format):
            lies = memory_format
            break
    return TensorMetadata(result.shape, result.dtype, result.requires_grad, result.stride(), lies, False, {})


class ShapeProp(Interpreter):
    """Runs a graph and gives each node `meta["tensor_meta"]` and `meta["type"]`.

    >>> import wengert as torch, wengert.fx
    >>> module = torch.fx.symbolic_trace(lambda x: torch.relu(x))
    >>> _ = ShapeProp(module).propagate(torch.ones(2, 3))
    >>> [node.meta["tensor_meta"].shape for node in module.graph.nodes]
    [torch.Size([2, 3]), torch.Size([2, 3]), torch.Size([2, 3])]
    """

    def __init__(self, gm, fake_mode=None):
        super().__init__(gm)

    def run_node(self, n):
        """Run one node and note what came out; RuntimeError that names the node when it fails."""
        try:
            result = super().run_node(n)
        except Exception as error:
            raise RuntimeError(f"ShapeProp error for: node={n.format_node()} with meta={n.meta}") from error
        found = False

        def note(value):
            nonlocal found
            if not isinstance(value, wg.Tensor):
                return value
            found = True
            return _extract_tensor_metadata(value)

        meta = map_aggregate(result, note)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args):
        """Run the graph; gives what it returns."""
        return super().run(*args)
