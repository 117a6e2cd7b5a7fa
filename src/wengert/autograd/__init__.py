"""torch.autograd: backward, grad, and doors to the rest."""

import warnings
from importlib import import_module as _import

from .. import _core
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled, set_multithreading_enabled

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]

_LAZY = {
    "Function": "function",
    "NestedIOFunction": "function",
    "detect_anomaly": "anomaly_mode",
    "set_detect_anomaly": "anomaly_mode",
    "gradcheck": "gradcheck",
    "gradgradcheck": "gradcheck",
    "GradcheckError": "gradcheck",
    "is_multithreading_enabled": "grad_mode",
    "is_view_replay_enabled": "grad_mode",
    "enforce_grad_layout_policy": "grad_mode",
    "SavedTensor": "_saved_tensor",
    "_unsafe_preserve_version_counter": "grad_mode",
    "Variable": "variable",
}


def __getattr__(name):
    if name in (
        "graph",
        "functional",
        "forward_ad",
        "function",
        "anomaly_mode",
        "variable",
        "profiler",
        "profiler_util",
    ):
        return _import(f"{__name__}.{name}")
    if name in _LAZY:
        value = getattr(_import(f"{__name__}.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")


_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient which can cause a memory "
    "leak. We recommend using autograd.grad when creating the graph to avoid this. If you have to use this function, make sure to reset the "
    ".grad fields of your parameters to None after use to break the cycle and avoid the leak."
)


def _sequence(x):
    if isinstance(x, _core.Tensor):
        return (x,)
    if isinstance(x, tuple) and hasattr(x, "output_nr"):
        return (x,)  # one GradientEdge
    return tuple(x)


def _about(question, tensor, *more):
    """What _lines.py adds to an error about a tensor; nothing for a GradientEdge."""
    if not isinstance(tensor, _core.Tensor):
        return ""
    from . import _lines

    return getattr(_lines, question)(tensor, *more)


def _meta(output):
    """(shape, dtype, requires grad) of a root: a tensor or a GradientEdge."""
    if isinstance(output, _core.Tensor):
        return output.shape, output.dtype, output.requires_grad
    assert isinstance(output, tuple), "Expected output to be a torch.Tensor"
    shape, dtype = output[0]._input_metadata[output[1]]
    return shape, dtype, True


def _calculate_shape(output, grad, is_grads_batched):
    """(shape of an output, shape of its gradient without the batch dim), as errors show them."""
    return _meta(output)[0], grad.shape[1:] if is_grads_batched else grad.shape


def _profiler_enabled():
    """Whether a profiler is recording."""
    from ..profiler import is_on

    return is_on()


def kineto_available():
    """False: there is no Kineto."""
    return False


def _size(shape):
    return f"torch.Size({list(shape)})"


def _make_gradients(outputs, gradients, batched=False):
    made = []
    for i, (out, g) in enumerate(zip(outputs, gradients)):  # as torch: more gradients than outputs are not looked at
        shape, dtype, requires = _meta(out)
        if g is None:
            if requires:
                n = 1
                for s in shape:
                    n *= s
                if n != 1:
                    raise RuntimeError(
                        "grad can be implicitly created only for scalar outputs" + _about("not_scalar", out)
                    )
                if not dtype.is_floating_point:
                    raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {dtype}")
                from .. import ones, ones_like

                own = isinstance(out, _core.Tensor) and (out.is_meta or hasattr(type(out), "__torch_dispatch__"))
                g = ones_like(out.detach()) if own else ones(shape, dtype=dtype)
            made.append(g)
            continue
        if not isinstance(g, _core.Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
        if type(g) is not _core.Tensor and g.is_sparse:
            g = g.to_dense()  # as the engine adds gradients up
        got = g.shape[1:] if batched else g.shape
        if tuple(got) != tuple(shape):
            if batched:
                raise RuntimeError(
                    f"If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. "
                    f"The sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch "
                    f"was detected: grad_output[{i}] has a shape of {_size(g.shape[2:])} and output[{i}] has a shape of {_size(shape)}. "
                    f"If you only want some tensors in `grad_output` to be considered batched, consider using vmap."
                )
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {_size(g.shape)} and output[{i}] has a shape of {_size(shape)}."
                + _about("graph_of", out, "pass a gradient of the output's shape, or let the output be summed first")
            )
        if dtype.is_complex != g.dtype.is_complex:
            raise RuntimeError(
                f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
                f"grad_output[{i}] has a dtype of {g.dtype} and output[{i}] has a dtype of {dtype}."
                + _about("graph_of", out, "pass a gradient of the output's dtype")
            )
        made.append(g)
    if len(made) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(made)} gradients")
    return tuple(made)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Sums the gradients of tensors into the .grad of the leaves they depend on.

    tensors: a tensor or a sequence of them (or of GradientEdges); grad_tensors: a gradient for each that is not a
    scalar; retain_graph: default create_graph; inputs: only these accumulate. RuntimeError as torch's.

    >>> import wengert
    >>> x = wengert.ones(2, requires_grad=True)
    >>> backward((x * 3).sum())
    >>> x.grad
    tensor([3., 3.])
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if inputs is not None:
        inputs = _sequence(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    tensors = _sequence(tensors)
    if _core.transforms():
        from ..func._observe import observe

        observe(None, "backward")
    if grad_tensors is None:
        gradients = (None,) * len(tensors)
    else:
        gradients = (grad_tensors,) if isinstance(grad_tensors, _core.Tensor) else tuple(grad_tensors)
    gradients = _make_gradients(tensors, gradients)
    keep = create_graph if retain_graph is None else retain_graph
    if create_graph:
        from .._facade.settings import warn_once

        warn_once(_CYCLE, stacklevel=4)
    if inputs is None:
        _core.run_backward(tensors, gradients, bool(keep), bool(create_graph), None, True)
        return
    for tensor in inputs:
        if isinstance(tensor, _core.Tensor):
            tensor.retain_grad()  # of a leaf: nothing
    _core.run_backward(tensors, gradients, bool(keep), bool(create_graph), inputs, True)


def _starting_gradients(outputs, grad_outputs, batched):
    """What flows into each output: given, or ones."""
    if grad_outputs is None:
        gradients = (None,) * len(outputs)
    else:
        gradients = (grad_outputs,) if isinstance(grad_outputs, _core.Tensor) else tuple(grad_outputs)
    return _make_gradients(outputs, gradients, batched)


def _without_gaps(result, outputs, inputs, allow_unused, materialize, create_graph):
    """The gradients as a list, where an input was not used with zeros, None or an error, as was asked for."""
    result = list(result)
    for i, (x, g) in enumerate(zip(inputs, result)):
        if g is not None:
            continue
        if materialize:
            if not isinstance(x, _core.Tensor):
                raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
            from .. import zeros_like

            result[i] = zeros_like(x, requires_grad=bool(create_graph))
        elif not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior." + _about("unused", x, outputs)
            )
    return result


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
):
    """The gradients of outputs with respect to inputs, as a tuple (a dict for a dict of inputs); .grad is not touched.

    allow_unused: None instead of an error for inputs that outputs do not depend on; materialize_grads: zeros for those;
    is_grads_batched: grad_outputs have a leading batch dim. RuntimeError as torch's.

    >>> import wengert
    >>> x = wengert.tensor([2.0], requires_grad=True)
    >>> grad(x ** 3, x)
    (tensor([12.]),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts of the "
            "graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads:
        if allow_unused is False:
            raise ValueError(
                f"Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused={allow_unused}."
            )
        allow_unused = True
    outputs = _sequence(outputs)
    keys = None
    if isinstance(inputs, dict):
        keys, inputs = list(inputs), tuple(inputs.values())
    else:
        inputs = _sequence(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    gradients = _starting_gradients(outputs, grad_outputs, is_grads_batched)
    keep = bool(create_graph if retain_graph is None else retain_graph)

    wrapped = any(isinstance(t, _core.Tensor) and t._wrapped for t in (*outputs, *inputs))

    def sweep(gs):
        if wrapped:  # by vmap or forward mode
            from ..func._grad import run_backward

            return run_backward(outputs, gs, keep, bool(create_graph), inputs)
        return _core.run_backward(outputs, gs, keep, bool(create_graph), inputs, False)

    if is_grads_batched:
        from .._vmap_internals import _vmap

        result = _vmap(lambda *gs: tuple(sweep(gs)), allow_none_pass_through=True)(*gradients)
    else:
        result = sweep(gradients)
    result = _without_gaps(result, outputs, inputs, allow_unused, materialize_grads, create_graph)
    return dict(zip(keys, result)) if keys is not None else tuple(result)
