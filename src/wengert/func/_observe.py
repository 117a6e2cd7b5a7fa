"""What Python asks of a tensor inside the transforms that it cannot have there: its data, its memory, its place in the tape."""

from .. import _core
from ._levels import alive, levels

_INSTEAD = (
    "inside of a function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch transforms "
    "(e.g. grad, vjp, jacrev, jacfwd, hessian) or call {}() outside of a function being transformed instead."
)
REQUIRES_GRAD = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) "
    + _INSTEAD.format("requires_grad_")
)
_IN_ANY_TRANSFORM = {
    "requires_grad_": REQUIRES_GRAD,
    "requires_grad_(False)": REQUIRES_GRAD,
    "retain_grad": "You are attempting to call Tensor.retain_grad() " + _INSTEAD.format("retain_grad"),
    "backward": "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp instead "
    "or call backward() outside of functorch transforms.",
}
_FORMAT = "NYI: querying is_contiguous inside of vmap for memory_format other than torch.contiguous_format"
_OF_A_SAMPLE = {
    ".data": "accessing `data` under vmap transform is not allowed",
    ".data =": "mutating directly with `.data` under vmap transform is not allowed.",
    "data": "Cannot access data pointer of Tensor that doesn't have storage",
    "torch.channels_last": _FORMAT,
    "torch.channels_last_3d": _FORMAT,
    "bool": "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that yet, please "
    "file an issue at https://github.com/pytorch/pytorch/issues .",
    "item": "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to "
    "rewrite what you're doing with other operations. If error is occurring somewhere inside PyTorch internals, please file a bug report.",
}
_OF_A_SAMPLE_UNDER_GRAD = (
    "vmap: It looks like you're either (1) calling .item() on a Tensor or (2) attempting to use a Tensor in some data-dependent control "
    "flow or (3) encountering this error in PyTorch internals. For (1): we don't support vmap over calling .item() on a Tensor, please try "
    "to rewrite what you're doing with other operations. For (2): we don't support data-dependent control flow in vmap yet, please file an "
    "issue at https://github.com/pytorch/pytorch/issues . For (3): please file an issue."
)


def _of_a_dual_number(dual, what):
    if what.startswith("out=") and dual.level in alive:
        raise NotImplementedError(
            f"Trying to use forward AD with {what[4:].partition('.')[0]}_out that does not support it because it is an out= function"
        )
    if what.startswith("requires_grad_"):
        _core.let_require_grad(dual.primal, what == "requires_grad_")
    elif (inner := _core.payload(dual.primal)) is not None:
        observe(inner, what)


def observe(payload, what):
    """Called by the machine when Python asks for `what` of a wrapped tensor, or (payload None) of any inside a transform."""
    if (payload is None or payload.kind == "batch" or _core.transforms()) and what in _IN_ANY_TRANSFORM:
        raise RuntimeError(_IN_ANY_TRANSFORM[what])
    if payload is None:
        return
    if payload.kind == "meta":
        from .._tensor.meta import refuse

        return refuse(what)
    if payload.kind == "dispatch":
        if what == "data":
            raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage")
        return
    if payload.kind == "dual":
        _of_a_dual_number(payload, what)
    elif what.startswith("out="):
        raise RuntimeError(
            f"Batching rule not implemented for aten::{what[4:].partition('.')[0]}.out; the fallback path doesn't work on out= or view ops."
        )
    elif what == "storage":
        raise NotImplementedError("Cannot access storage of BatchedTensorImpl")
    elif what in ("bool", "item") and any(
        level.kind in ("grad", "jvp") and level.number > payload.level for level in levels()
    ):
        raise RuntimeError(_OF_A_SAMPLE_UNDER_GRAD)
    elif what in _OF_A_SAMPLE:
        raise RuntimeError(_OF_A_SAMPLE[what])
