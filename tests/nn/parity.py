"""Building the same layer in torch and in wengert, and comparing what they do."""

import warnings

import pytest

torch = pytest.importorskip("torch", reason="torch is the oracle of these tests")
pytest.importorskip("torch.nn.utils.prune")  # which torch does not import by itself

import wengert as wg


def to_wg(value, memo=None):
    """A torch value as wengert's: tensors copied (one tensor stays one), containers walked."""
    memo = {} if memo is None else memo
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            if wg.Tensor is torch.Tensor:
                made = value.detach().clone()
            else:
                made = wg.from_numpy(value.detach().numpy().copy())
            memo[id(value)] = made.requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(to_wg(v, memo) for v in value)
    if isinstance(value, dict):
        return {k: to_wg(v, memo) for k, v in value.items()}
    if isinstance(value, torch.dtype):
        return getattr(wg, str(value).split(".")[1])
    return value


def array(t):
    """A tensor of either library as a NumPy array."""
    return t.detach().numpy()


def tensors(value):
    """All tensors in a nested result, in order."""
    if hasattr(value, "detach"):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors(v)]
    return []


def assert_same(ours, theirs, rtol=1e-4, atol=1e-5, what=""):
    """The two results have the same structure, shapes, dtypes, and nearly the same numbers."""
    import numpy as np

    ours, theirs = tensors(ours), tensors(theirs)
    assert len(ours) == len(theirs), what
    for a, b in zip(ours, theirs):
        assert tuple(a.shape) == tuple(b.shape), what
        assert str(a.dtype) == str(b.dtype), what
        np.testing.assert_allclose(array(a), array(b), rtol=rtol, atol=atol, err_msg=what, equal_nan=True)


def same_seed(seed=0):
    """Seed both libraries."""
    torch.manual_seed(seed)
    wg.manual_seed(seed)


def build_both(name, args, kwargs, seed=0):
    """The layer `name` in both libraries, made from the same seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        theirs = getattr(torch.nn, name)(*args, **kwargs)
        wg.manual_seed(seed)
        ours = getattr(wg.nn, name)(*to_wg(args), **to_wg(kwargs))
    return ours, theirs


def total(value):
    """A scalar that depends on every floating point tensor of a result with different weights."""
    out = None
    for t in tensors(value):
        if t.is_floating_point() and t.requires_grad:
            term = (t * t.detach().sin()).sum() + t.sum()
            out = term if out is None else out + term
    return out


def run_both(ours, theirs, inputs, seed=1):
    """Call both with the inputs and differentiate; returns ((result, grads), (result, grads))."""
    results = []
    for module, args in ((ours, to_wg(inputs)), (theirs, inputs)):
        same_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = module(*args)
        loss = total(out)
        leaves = [t for t in tensors(list(args)) if t.requires_grad]
        leaves += list(module.parameters()) if hasattr(module, "parameters") else []
        if loss is not None:
            loss.backward()
        results.append((out, [None if t.grad is None else t.grad for t in leaves]))
    return results


def check(ours, theirs, inputs, rtol=1e-4, atol=1e-5):
    """Outputs and all gradients agree."""
    (out, grads), (expected, expected_grads) = run_both(ours, theirs, inputs)
    assert_same(out, expected, rtol, atol, "output")
    assert [g is None for g in grads] == [g is None for g in expected_grads]
    for i, (g, e) in enumerate(zip(grads, expected_grads)):
        if g is not None:
            assert_same(g, e, rtol, atol, f"gradient {i}")


def x(*shape, grad=True, seed=7):
    """Random input of torch."""
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator).requires_grad_(grad)
