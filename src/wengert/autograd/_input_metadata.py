"""What a node knows of the gradients that arrive at it."""

from collections import namedtuple


class InputMetadata(namedtuple("InputMetadata", "shape dtype")):
    """One entry of ``grad_fn._input_metadata``: the shape and dtype of an output of the node.

    >>> import wengert
    >>> (wengert.ones(2, requires_grad=True) * 3).grad_fn._input_metadata[0].shape
    torch.Size([2])
    """

    __slots__ = ()
    is_nested_tensor = is_cpp_nested_tensor = False

    @property
    def device(self):
        """The CPU."""
        from .. import device

        return device("cpu")
