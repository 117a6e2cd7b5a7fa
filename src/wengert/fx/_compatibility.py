"""torch.fx._compatibility: the mark that torch puts on names that stay as they are."""


def compatibility(is_backward_compatible):
    """A decorator that changes nothing.

    >>> compatibility(is_backward_compatible=True)(len)([1])
    1
    """
    return lambda function: function
