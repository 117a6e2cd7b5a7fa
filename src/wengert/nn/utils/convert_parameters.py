"""Parameters as one vector, and back."""

import wengert as wg

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters):
    """All parameters flattened into one tensor.

    >>> parameters_to_vector([wg.zeros(2), wg.ones(1, 1)])
    tensor([0., 0., 1.])
    """
    return wg.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec, parameters):
    """Set each parameter's data to its part of `vec`.

    >>> p = wg.zeros(2)
    >>> vector_to_parameters(wg.tensor([1.0, 2.0]), [p])
    >>> p
    tensor([1., 2.])
    """
    if not isinstance(vec, wg.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {wg.typename(vec)}")
    start = 0
    for param in parameters:
        stop = start + param.numel()
        param.data = vec[start:stop].view_as(param).data
        start = stop
