"""autograd.Function: a user's own forward and backward, torch's door."""

import functools
import warnings

from .. import _core
from .anomaly_mode import check_outputs
from .grad_mode import no_grad

_MISSING_BACKWARD = "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."

_VIEW_AMONG_SEVERAL = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more than one Tensor. "
    "This is not supported by the current autograd engine. You should either make sure the input is not a view (using .clone() for "
    "example) or make your Function only return one Tensor (potentially splitting it into two Functions: one doing the inplace that "
    "returns a single Tensor and a second one that does the other operations). You can ask on the forum https://discuss.pytorch.org/ "
    "if you need help to do this change."
)


class FunctionCtx(_core.Node):
    """The context of one call: what forward keeps for backward. It is the call's node in the graph."""

    def save_for_backward(self, *tensors):
        """Keeps inputs or outputs for backward, guarded by version checks. Call once, in forward."""
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keeps tensors for jvp."""
        for t in tensors:
            if not (t is None or isinstance(t, _core.Tensor)):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args):
        """States which inputs forward changed in place; they must be returned."""
        if not all(isinstance(t, _core.Tensor) for t in args):
            raise RuntimeError("mark_dirty can only accept variables, but argument ")
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args):
        """States which outputs have no gradient."""
        if not all(isinstance(t, _core.Tensor) for t in args):
            raise RuntimeError("mark_non_differentiable only accepts variable arguments, but got ")
        self.non_differentiable = args

    def set_materialize_grads(self, value):
        """Whether gradients that are not known come as zeros (default) or None."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)"
            )
        self.materialize_grads = value

    def mark_shared_storage(self, *pairs):
        """Does nothing: shared storages are tracked without it."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that calls to "
            "`set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    @property
    def saved_tensors(self):
        """What save_for_backward kept. RuntimeError once the graph was freed or a tensor was changed in place."""
        if self._recording:
            return tuple(self.to_save)
        if not self._forward_cls.clear_saved_tensors_on_access:
            return _core.saved_on_node(self)
        if self._taken:
            raise RuntimeError(
                "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
                "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
            )
        tensors, self._taken = _core.saved_on_node(self), True
        _core.save_on_node(self, (), ())
        return tensors

    @property
    def saved_variables(self):
        """saved_tensors under its old name, which warns."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    to_save, saved_for_forward, dirty_tensors, non_differentiable = (), (), (), ()
    materialize_grads, needs_input_grad, _recording, _taken = True, (), False, False
    _materialize_non_diff_grads, _without_gradient = True, frozenset()  # outputs whose gradient is None at all times

    @staticmethod
    def _backward(self, grads):
        raise NotImplementedError


class BackwardCFunction(FunctionCtx):
    """The node of a Function; a subclass of it, named after the Function, is made for each."""

    def apply(self, *args):
        """Runs the backward of this node by hand."""
        return self._backward(args)

    def _materialize(self, grads):
        if not self.materialize_grads:
            return grads
        from .. import zeros

        return tuple(
            zeros(shape, dtype=dtype) if g is None and k not in self._without_gradient else g
            for k, (g, (shape, dtype)) in enumerate(zip(grads, self._input_metadata))
        )

    def _backward(self, grads):
        cls = self._forward_cls
        has_backward, has_vjp = cls.backward is not Function.backward, cls.vjp is not Function.vjp
        if has_backward and has_vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of them."
            )
        grads = self._materialize(grads)
        results = (cls.vjp if has_vjp else cls.backward)(self, *([list(grads)] if cls.boxed_grads_call else grads))
        if not isinstance(results, tuple):
            results = (results,)
        kinds, name = self._argument_kinds, type(self).__name__
        if len(results) > len(kinds) and all(r is None for r in results[len(kinds) :]):
            results = results[: len(kinds)]
        if len(results) != len(kinds):
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {len(kinds)}, got {len(results)})"
            )
        edges = []
        for i, (is_tensor, g) in enumerate(zip(kinds, results)):
            if is_tensor:
                edges.append(g.to_dense() if type(g) is not _core.Tensor and getattr(g, "is_sparse", False) else g)
            elif g is not None:
                raise RuntimeError(
                    f"function {name} returned a gradient different than None at position {i + 1}, but the corresponding forward input was not a Variable"
                )
        return tuple(edges)


class FunctionMeta(type):
    """Gives every Function class the node class of its calls."""

    def __init__(cls, name, bases, attributes):
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls})
        super().__init__(name, bases, attributes)


def _outputs_of(ctx, args, outputs, record):
    """The outputs as (tensor, differentiable, dirty, view) and the objects to return."""
    inputs = {id(a) for a in args if isinstance(a, _core.Tensor)}
    dirty = {id(t) for t in ctx.dirty_tensors}
    frozen = {id(t) for t in ctx.non_differentiable}
    if not dirty <= inputs:
        if record:
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
                "should be passed to ctx.mark_dirty().",
                stacklevel=4,
            )
        dirty &= inputs
    if not dirty <= {id(o) for o in outputs}:
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified "
            "inplace must all be outputs of the Function."
        )
    specs, made = [], []
    for out in outputs:
        if not isinstance(out, _core.Tensor):
            specs.append((out, False, False, False))
            made.append(out)
            continue
        differentiable = id(out) not in frozen and (out.dtype.is_floating_point or out.dtype.is_complex)
        is_dirty, aliased = id(out) in dirty, False
        if id(out) in inputs and not is_dirty:
            out = out.view(out.shape)  # an input handed back as it is: a view of it (made without recording)
            aliased = True
        specs.append((out, differentiable, is_dirty, not is_dirty and (aliased or out._is_view())))
        made.append(out)
    several = sum(differentiable for _, differentiable, *_ in specs) > 1
    for out, _, _, view in specs:
        if view:
            _core.mark_function_view(out, several)
    return specs, made


def _check_dirty(tensors, inputs, count):
    """What forward wrote to must be able to have a history."""
    for t in tensors:
        if id(t) in inputs and t.requires_grad and t.is_leaf:
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
        if t._is_view() and t._base.requires_grad and t._base.is_leaf:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        if count > 1 and t._is_view():
            raise RuntimeError(_VIEW_AMONG_SEVERAL)


def _record(ctx, tensors, outputs, specs, saved):
    """Makes ctx the node of its outputs and puts what it saves on it."""
    inputs = {id(t) for t in tensors}
    if ctx.dirty_tensors:
        _check_dirty(ctx.dirty_tensors, inputs, len(outputs))
    position = {id(o): k for k, o in enumerate(outputs) if isinstance(o, _core.Tensor)}
    where = tuple(-1 if t is None or id(t) in inputs else position.get(id(t), -1) for t in saved)
    for t in ctx.dirty_tensors:
        t._bump_version()
    _core.record_function(ctx, tuple(tensors), tuple(specs))
    known = ctx._materialize_non_diff_grads
    if not all(differentiable or known and isinstance(o, _core.Tensor) for o, differentiable, *_ in specs):
        ctx._without_gradient = frozenset(
            k for k, (o, on, *_) in enumerate(specs) if not (on or known and isinstance(o, _core.Tensor))
        )
    _core.save_on_node(ctx, saved, where)
    check_outputs(ctx, outputs)


def _refuse_saved_as_is(ctx, tensors, outputs):
    """What setup_context saves must not be an input that is handed back as it is."""
    as_is = {id(t) for t in tensors} & {id(o) for o in outputs} - {id(t) for t in ctx.dirty_tensors}
    if any(id(t) in as_is for t in (*ctx.to_save, *ctx.saved_for_forward)):
        raise RuntimeError(
            "An input that has been returned as-is as output is being saved for backward. This is not supported if you override "
            "setup_context. You should return and save a view of the input instead, e.g. with x.view_as(x) or setup ctx inside the "
            "forward function itself."
        )


class Function(metaclass=FunctionMeta):
    """Base of user-defined differentiable functions.

    Write static methods forward(ctx, *args) and backward(ctx, *grads), or forward(*args) and
    setup_context(ctx, inputs, output); call Function.apply.

    >>> import wengert
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         x, = ctx.saved_tensors
    ...         return 3 * x ** 2 * grad
    >>> x = wengert.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    generate_vmap_rule = False
    clear_saved_tensors_on_access = False  # whether what ctx.saved_tensors gave once is let go of
    boxed_grads_call = False  # whether backward is called with one list of the gradients

    def __init__(self, *args, **kwargs):
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke "
            "them on the class itself. Instantiating an autograd function will raise an error in a future version of "
            "PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args, **kwargs):
        """What the function computes; runs without recording."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keeps what backward needs, when forward has no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """The vector-Jacobian product: one gradient (or None) for each argument of forward."""
        raise NotImplementedError(_MISSING_BACKWARD)

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """The Jacobian-vector product: one tangent for each output."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info, in_dims, *args):
        """The batching rule: (outputs, out_dims)."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Runs forward and records the call as one node."""
        tensors = [a for a in args if isinstance(a, _core.Tensor)]
        if _core.transforms() or any(t._wrapped for t in (*tensors, *kwargs.values()) if isinstance(t, _core.Tensor)):
            from ..func._function import apply_transformed

            return apply_transformed(cls, args, kwargs, tensors)
        return cls._call(args, kwargs, tensors)

    @classmethod
    def _call(cls, args, kwargs, tensors, push=None):
        split = cls.setup_context is not Function.setup_context
        if split and (kwargs or len(args) < _parameters(cls.forward)):
            args, kwargs = _positional(cls.forward, args, kwargs), {}
        ctx = cls._backward_cls()
        ctx.needs_input_grad = tuple(isinstance(a, _core.Tensor) and a.requires_grad for a in args)
        ctx._argument_kinds = tuple(isinstance(a, _core.Tensor) for a in args)
        ctx._recording = True
        record = _core.is_grad_enabled() and any(ctx.needs_input_grad)
        with no_grad():
            if split:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
            single = not isinstance(output, tuple)
            outputs = (output,) if single else output
            if (
                single
                and not isinstance(output, _core.Tensor)
                and output is not None
                and not isinstance(output, (int, float, str, bool, list, dict))
            ):
                raise TypeError(
                    f"{cls.__name__}.forward: expected Tensor or tuple of Tensor (got {type(output).__name__}) for return value 0"
                )
            specs, made = _outputs_of(ctx, args, outputs, record)
        saved = tuple(ctx.to_save)
        if split and (saved or ctx.saved_for_forward):
            _refuse_saved_as_is(ctx, tensors, outputs)
        for i, t in enumerate(saved):
            if not (t is None or isinstance(t, _core.Tensor)):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}"
                )
        if record:
            _record(ctx, tensors, outputs, specs, saved)
        else:
            for t in ctx.dirty_tensors:
                t._bump_version()
        if push is not None:
            made = push(ctx, made, [differentiable for _, differentiable, *_ in specs])
        ctx.to_save, ctx._recording = (), False
        ctx.dirty_tensors = ctx.non_differentiable = ()
        return made[0] if single else tuple(made)


def _parameters(forward):
    return getattr(getattr(forward, "__code__", None), "co_argcount", 0)  # as far as a glance tells


def _positional(forward, args, kwargs):
    import inspect

    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args


def once_differentiable(function):
    """For backward methods that are not made of differentiable ops: a second derivative is an error, not a wrong number."""

    @functools.wraps(function)
    def wrapper(ctx, *args):
        with no_grad():
            outputs = function(ctx, *args)
        if not _core.is_grad_enabled() or not any(isinstance(a, _core.Tensor) and a.requires_grad for a in args):
            return outputs
        many = isinstance(outputs, tuple)
        outputs = outputs if many else (outputs,)
        from ._special_nodes import ErrorNode, alike

        node = ErrorNode()
        node.message = "trying to differentiate twice a function that was marked with @once_differentiable"
        outputs = alike(
            node, [_core.let_require_grad(o.detach()) if isinstance(o, _core.Tensor) else o for o in outputs]
        )
        return outputs if many else outputs[0]

    return wrapper


class NestedIOFunction(Function):
    """Present for programs that name it."""


class InplaceFunction(Function):
    """Present for programs that name it."""
