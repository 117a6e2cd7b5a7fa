"""autograd.Function under the transforms: its vmap and jvp methods, or a batching rule made from its forward and backward."""

from collections import namedtuple

from .. import _core
from ..autograd.function import Function
from ..autograd.grad_mode import no_grad
from ._batch import wrap
from ._dual import make_dual
from ._interpret import top
from ._levels import batches
from ._vmap import vmap

Tensor = _core.Tensor
VmapInfo = namedtuple("VmapInfo", "batch_size randomness")

_NO_SETUP = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context "
    "staticmethod. For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
)


class _Context:
    """What forward and setup_context write to, apart from the tape."""

    def __init__(self, args):
        self.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        self.to_save, self.saved_for_forward, self.materialize_grads = (), (), True
        self.saved_tensors = ()

    def save_for_backward(self, *tensors):
        """Keeps tensors for backward."""
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keeps tensors for jvp."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors):
        """Accepted."""

    def mark_non_differentiable(self, *tensors):
        """Accepted."""

    def set_materialize_grads(self, value):
        """Whether gradients that are not known come as zeros."""
        self.materialize_grads = value


def _tuple(x):
    return x if isinstance(x, tuple) else (x,)


def _has_setup(cls):
    return cls.setup_context is not Function.setup_context


def _run_forward(cls, args, kwargs):
    """(context, outputs) of one call that leaves no trace on the tape."""
    context = _Context(args)
    if _has_setup(cls):
        outputs = cls.forward(*args, **kwargs)
        cls.setup_context(context, args, outputs)
    else:
        outputs = cls.forward(context, *args, **kwargs)
    return context, outputs


def apply_wrapped(cls, args, kwargs):
    """Function.apply where a transform has wrapped an argument."""
    payload = top(args)
    if payload.kind == "dual":
        return _forward_mode(cls, args, kwargs, payload.level)
    if not _has_setup(cls):
        raise RuntimeError(_NO_SETUP)
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overriden vmap staticmethod. Please set "
            "generate_vmap_rule=False or delete the overriden vmap staticmethod to avoid ambiguity. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if not own and not cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement the vmap staticmethod or "
            "set generate_vmap_rule=True. For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    level = next(b for b in batches() if b.number == payload.level)
    values, dims = [], []
    for a in args:
        inner = _core.payload(a) if isinstance(a, Tensor) else None
        batched = inner is not None and inner.kind == "batch" and inner.level == level.number
        values.append(inner.value if batched else a)
        dims.append(0 if batched else None)
    if own:
        made = cls.vmap(VmapInfo(level.size, level.randomness), tuple(dims), *values, **kwargs)
        if not (isinstance(made, tuple) and len(made) == 2):
            raise RuntimeError(
                "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure compatible "
                "with the output."
            )
        outputs, where = made
        single = not isinstance(outputs, tuple)
        where = (where,) * len(_tuple(outputs)) if not isinstance(where, tuple) else where
        result = tuple(
            o if d is None or not isinstance(o, Tensor) else wrap(o.movedim(d, 0) if d else o, level.number)
            for o, d in zip(_tuple(outputs), where)
        )
        return result[0] if single else result
    made = _generated(cls, tuple(dims), level, kwargs).apply(*values)
    return tuple(wrap(o, level.number) for o in made) if isinstance(made, tuple) else wrap(made, level.number)


def _generated(cls, dims, level, kwargs):
    """cls for whole batches: forward and backward are cls's own under vmap."""
    state = {}

    def forward(ctx, *values):
        def sample(*args):
            context, outputs = _run_forward(cls, args, kwargs)
            state["context"], state["single"] = context, not isinstance(outputs, tuple)
            state["present"] = [t is not None for t in context.to_save]
            return _tuple(outputs), tuple(t for t in context.to_save if t is not None)

        outputs, saved = vmap(sample, dims, randomness=level.randomness)(*values)
        ctx.save_for_backward(*saved)
        return outputs[0] if state["single"] else outputs

    def backward(ctx, *grads):
        def sample(gradients, saved):
            context, it = state["context"], iter(saved)
            context.saved_tensors = tuple(next(it) if present else None for present in state["present"])
            found = _tuple(cls.backward(context, *gradients))
            state["known"] = [g is not None for g in found]
            return tuple(g for g in found if g is not None)

        made = iter(vmap(sample, randomness=level.randomness)(tuple(grads), tuple(ctx.saved_tensors)))
        found = [next(made) if known else None for known in state["known"]]
        return tuple(g if g is None or d == 0 else g.sum(0) for g, d in zip(found, dims))

    return type(cls)(cls.__name__, (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


def _forward_mode(cls, args, kwargs, level):
    """Outputs with the tangents that jvp gives."""
    if cls.jvp is Function.jvp:
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )
    primals, tangents = [], []
    for a in args:
        inner = _core.payload(a) if isinstance(a, Tensor) else None
        dual = inner is not None and inner.kind == "dual" and inner.level == level
        primals.append(inner.primal if dual else a)
        tangents.append(inner.tangent if dual else None)
    outputs = cls.apply(*primals, **kwargs)
    with no_grad():
        context, _ = _run_forward(cls, tuple(primals), kwargs)
    context.saved_tensors = context.saved_for_forward or context.to_save
    if context.materialize_grads:
        tangents = [
            p.new_zeros(p.shape) if t is None and isinstance(p, Tensor) else t for p, t in zip(primals, tangents)
        ]
    found, outs = _tuple(cls.jvp(context, *tangents)), _tuple(outputs)
    if len(found) != len(outs):
        raise RuntimeError(
            f"Function's jvp returned an invalid number of forward gradients (expected {len(outs)} but got {len(found)})"
        )
    made = []
    for o, t in zip(outs, found):
        if t is not None and t.shape != o.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. Tensor is "
                f"of size {list(o.shape)} while the given forward gradient is of size {list(t.shape)}."
            )
        made.append(o if t is None else make_dual(o, t, level))
    return tuple(made) if isinstance(outputs, tuple) else made[0]
