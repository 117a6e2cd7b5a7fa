"""Variable: a name from the time before tensors carried their own history."""

from .. import _core


class _VariableMeta(type):
    def __instancecheck__(cls, other):
        return isinstance(other, _core.Tensor)


class Variable(metaclass=_VariableMeta):
    """Variable(data, requires_grad) is data, detached and marked.

    >>> import wengert
    >>> Variable(wengert.ones(1), requires_grad=True).requires_grad
    True
    """

    def __new__(cls, data, requires_grad=False, volatile=False):
        made = data.detach()
        return made.requires_grad_(True) if requires_grad else made
