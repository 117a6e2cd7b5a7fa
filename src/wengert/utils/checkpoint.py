"""torch.utils.checkpoint: trade time for memory by computing parts of a network again in backward."""

import contextlib
import warnings

import wengert as wg
from wengert.autograd import Function
from wengert.autograd.graph import saved_tensors_hooks

from .. import _core
from ._selective import (
    SAC_IGNORED_OPS,
    CheckpointPolicy,
    SelectiveCheckpointContext,
    _CachedTorchDispatchMode,  # noqa: F401 (torch's name for it)
    _CachingTorchDispatchMode,  # noqa: F401
    create_selective_checkpoint_contexts,
)

__all__ = [
    "SAC_IGNORED_OPS",
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

_settings = {"early_stop": True, "debug": None}


class CheckpointError(RuntimeError):
    """The second computation differs from the first."""


class _Enough(Exception):
    """Ends a second computation early."""


def noop_context_fn():
    """Two blocks that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def _setting(name, value):
    before = _settings[name]
    _settings[name] = value
    try:
        yield
    finally:
        _settings[name] = before


def set_checkpoint_early_stop(enable):
    """A block in which checkpoints stop (by default) or do not stop as soon as all that is needed is computed."""
    return _setting("early_stop", enable)


def set_checkpoint_debug_enabled(enabled):
    """A block for more detailed errors in torch; here they name the positions in any case."""
    return _setting("debug", enabled)


def detach_variable(inputs):
    """A tuple's tensors without their histories, each requiring grad as before."""
    if not isinstance(inputs, tuple):
        raise RuntimeError("Only tuple of tensors is supported. Got Unsupported input type: ", type(inputs).__name__)
    return tuple(t.detach().requires_grad_(t.requires_grad) if isinstance(t, wg.Tensor) else t for t in inputs)


def check_backward_validity(inputs):
    """Warns when none of the inputs requires grad."""
    if not any(isinstance(t, wg.Tensor) and t.requires_grad for t in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=5)


def get_device_states(*args):
    """The devices other than the CPU that tensors among args are on, and the states of their generators: none.

    >>> get_device_states(wg.ones(1))
    ([], [])
    """
    return [], []


def set_device_states(devices, states, *, device_type=None):
    """Puts back what get_device_states gave."""


@contextlib.contextmanager
def _generator_at(state):
    """A block with the generator as it was, None to leave it alone."""
    if state is None:
        yield
        return
    now = wg.get_rng_state()
    wg.set_rng_state(state)
    try:
        yield
    finally:
        wg.set_rng_state(now)


def _described(tensor):
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


_TIP = (
    "\nTip: To see a more detailed error message, either pass `debug=True` to\n`torch.utils.checkpoint.checkpoint(...)` or wrap the code "
    "block\nwith `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to\nenable checkpoint\u2011debug mode globally.\n\n"
    "If this error occurs under torch.compile with automatic_dynamic_shapes enabled,\n"
    "it may be because the recomputation selected a different compiled graph than the\n"
    "forward pass (e.g., a dynamic graph instead of the original static graph).\nTo fix this, either:\n"
    "  - Use torch._dynamo.mark_dynamic() to explicitly mark varying dimensions as\n"
    "    dynamic upfront, avoiding the static-to-dynamic transition.\n"
    "  - Call torch._C._dynamo.eval_frame._set_lru_cache(False) to disable LRU cache\n"
    "    reordering, which can change which graph is checked first between forward\n    and recompute.\n"
    "See https://github.com/pytorch/pytorch/issues/166926 for more details and\nworkaround examples.\n"
)


class _Frame:
    """One checkpointed call: how to repeat it, and what it saved."""

    def __init__(self, repeat, early_stop, check):
        self.repeat, self.early_stop, self.check = repeat, early_stop, check
        self.saved, self.complete = [], False
        self.values = {}  # by backward pass: {position: tensor}, each until it is used

    def pack(self, tensor):
        """Keep a number in place of the tensor."""
        self.saved.append(_described(tensor))
        return len(self.saved) - 1

    def unpack(self, position):
        """The tensor, from a second computation in every backward pass that needs it, for one use."""
        now = _core.current_pass()
        if now == -1:
            return self._compute_again()[position]
        if now not in self.values:
            self.values[now] = self._compute_again()
            _core.at_end_of_pass(lambda: self.values.pop(now))
        if position not in self.values[now]:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you are calling "
                "ctx.saved_tensors in backward, make sure to do so only once. Otherwise please open an issue with details on your "
                "use case."
            )
        return self.values[now].pop(position)

    def _compute_again(self):
        values, seen = [], []

        def keep(tensor):
            if len(values) == len(self.saved):
                if not self.complete:  # a gradient taken within the forward pass: what comes after it is not known yet
                    return tensor.detach()
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than "
                    "during the original forward pass.\n" + _TIP
                )
            seen.append(_described(tensor))
            values.append(tensor.detach() if tensor.requires_grad else tensor)
            if self.early_stop and len(values) == len(self.saved):
                raise _Enough
            return tensor.detach()

        try:
            with wg.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
                self.repeat()
        except _Enough:
            pass
        if len(values) != len(self.saved):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.saved)}\nNumber of tensors saved "
                f"during recomputation: {len(values)}.\n{_TIP}"
            )
        self._compare(seen)
        return dict(enumerate(values))

    def _compare(self, values):
        pairs = enumerate(zip(self.saved, values, strict=True))
        different = [(place, before, after) for place, (before, after) in pairs if before != after]
        if different and self.check:
            text = "".join(
                f"tensor at position {place}:\nsaved metadata: {before}\nrecomputed metadata: {after}\n"
                for place, before, after in different
            )
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different "
                f"metadata than during the forward pass.\n{text}.\n{_TIP}"
            )


class CheckpointFunction(Function):
    """The older form: the call is one node, whose backward runs a backward of its own."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        """Run without a graph, keeping the inputs."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.state = wg.get_rng_state() if preserve_rng_state else None
        ctx.places = [place for place, arg in enumerate(args) if isinstance(arg, wg.Tensor)]
        ctx.others = [None if isinstance(arg, wg.Tensor) else arg for arg in args]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
        with wg.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        """Run again with a graph, then backward through it."""
        if _core.pass_has_inputs():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.others)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[place] = tensor.detach().requires_grad_(tensor.requires_grad)
        with wg.enable_grad(), _generator_at(ctx.state):
            outputs = ctx.run_function(*inputs)
        outputs = (outputs,) if isinstance(outputs, wg.Tensor) else outputs
        pairs = [
            (output, grad)
            for output, grad in zip(outputs, grads, strict=True)
            if isinstance(output, wg.Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        wg.autograd.backward([output for output, _ in pairs], [grad for _, grad in pairs])
        return (None, None, *(value.grad if isinstance(value, wg.Tensor) else None for value in inputs))


def checkpoint(
    function,
    *args,
    use_reentrant=None,
    context_fn=noop_context_fn,
    determinism_check="default",
    debug=False,
    early_stop=True,
    **kwargs,
):
    """`function(*args)`, keeping for backward only the arguments: what is between is computed again then.

    `use_reentrant=False` is the better form. With `preserve_rng_state=True` (the default) dropout repeats its mask.

    >>> import wengert
    >>> x = wengert.ones(2, requires_grad=True)
    >>> checkpoint(lambda x: (x * x).sin(), x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([1.0806, 1.0806])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in "
            "PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception. "
            "use_reentrant=False is recommended, but if you need to preserve the current default behavior, "
            "you can pass use_reentrant=True. Refer to docs for more details on the differences between the "
            "two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    first, second = context_fn()
    state = wg.get_rng_state() if preserve else None

    def repeat():
        with _generator_at(state), second:
            function(*args, **kwargs)

    if not wg.is_grad_enabled():
        return function(*args, **kwargs)
    frame = _Frame(repeat, early_stop and _settings["early_stop"], determinism_check != "none")
    with saved_tensors_hooks(frame.pack, frame.unpack), first:
        result = function(*args, **kwargs)
    frame.complete = True
    return result


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Functions or modules one after the other, checkpointed in `segments` parts of which the last is not.

    >>> import wengert
    >>> checkpoint_sequential([wengert.sin, wengert.cos], 2, wengert.zeros(1), use_reentrant=False)
    tensor([1.])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed "
            "explicitly. In version 2.9 we will raise an exception if use_reentrant is not passed. "
            "use_reentrant=False is recommended, but if you need to preserve the current default behavior, "
            "you can pass use_reentrant=True. Refer to docs for more details on the differences between the "
            "two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children()) if isinstance(functions, wg.nn.Sequential) else list(functions)

    def part(begin, end):
        def run(value):
            for function in functions[begin:end]:
                value = function(value)
            return value

        return run

    size = len(functions) // segments
    for begin in range(0, size * (segments - 1), size):
        input = checkpoint(part(begin, begin + size), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return part(size * (segments - 1), len(functions))(input)
