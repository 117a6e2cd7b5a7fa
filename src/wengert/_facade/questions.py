"""torch's small questions about a tensor, as functions: what a method or attribute answers too."""

from .. import _core
from .._core import Tensor


def is_tensor(obj):
    """Whether obj is a tensor.

    >>> import wengert
    >>> wengert.is_tensor(wengert.zeros(1)), wengert.is_tensor(0.0)
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_storage(obj):
    """Whether obj is the storage of a tensor."""
    from ..storage import TypedStorage, UntypedStorage

    return isinstance(obj, (UntypedStorage, TypedStorage))


def _of_tensor(name, ask, says):
    """The function form of a question; TypeError for what is no tensor."""

    def question(input):
        if not isinstance(input, Tensor):
            if _core.override_takes(input):
                from ..overrides._taking import take

                return take(question, (input,), {})
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        return ask(input)

    question.__name__ = question.__qualname__ = name
    question.__doc__ = says
    return question


is_floating_point = _of_tensor(
    "is_floating_point", lambda t: t.is_floating_point(), "Whether the dtype is a real float."
)
is_complex = _of_tensor("is_complex", lambda t: t.is_complex(), "Whether the dtype is complex.")
is_signed = _of_tensor("is_signed", lambda t: t.dtype.is_signed, "Whether the dtype has a sign.")
is_inference = _of_tensor("is_inference", lambda t: t.is_inference(), "Whether it was made in inference mode.")
is_conj = _of_tensor("is_conj", lambda t: t.is_conj(), "Whether it is a lazy conjugate.")
is_neg = _of_tensor("is_neg", lambda t: t.is_neg(), "Whether it is a lazy negative.")
numel = _of_tensor("numel", lambda t: t.numel(), "How many elements it has.")
