"""The old package functorch: the same programs with torch's own and with wengert's."""

import warnings

import pytest
from both import torch

import wengert as wg
from wengert.func import functorch as ours

theirs = pytest.importorskip("functorch", reason="comes with torch, which is not installed")


def _model(lib, buffers):
    model = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3) if buffers else lib.nn.Tanh())
    with lib.no_grad():
        model[0].weight.copy_(lib.arange(6.0).view(3, 2))
        model[0].bias.fill_(1)
    return model


def with_buffers(lib, old):
    f, params, buffers = old.make_functional_with_buffers(_model(lib, True))
    out = f(params, buffers, lib.arange(8.0).view(4, 2))
    return repr(f), out.tolist(), [b.tolist() for b in buffers], f.param_names, f.buffer_names


def without(lib, old):
    model = _model(lib, False)
    f, params = old.make_functional(model, disable_autograd_tracking=True)
    x = lib.ones(1, 2)
    grads = old.grad(lambda p: f(p, x).sum())(params)
    return [g.tolist() for g in grads], params[0].requires_grad, params[0] is model[0].weight


def refused(lib, old):
    old.make_functional(_model(lib, True))


def ensemble(lib, old):
    f, params, buffers = old.combine_state_for_ensemble([_model(lib, True).eval() for _ in range(3)])
    out = old.vmap(f, in_dims=(0, 0, None))(params, buffers, lib.ones(4, 2))
    return out.tolist(), [tuple(p.shape) for p in params], params[0].requires_grad


def no_model(lib, old):
    old.combine_state_for_ensemble([])


def two_classes(lib, old):
    old.combine_state_for_ensemble([lib.nn.Linear(2, 3), lib.nn.ReLU()])


def two_modes(lib, old):
    old.combine_state_for_ensemble([lib.nn.Linear(2, 3), lib.nn.Linear(2, 3).eval()])


def transforms(lib, old):
    x = lib.arange(3.0)
    found = [
        old.grad_and_value(lambda x: x.sin().sum())(x),
        old.jvp(lib.sin, (x,), (x,)),
        old.jacrev(lib.sin)(x),
        old.jacfwd(lib.sin)(x),
        old.hessian(lambda x: x.sin().sum())(x),
        old.vjp(lib.sin, x)[1](x),
    ]
    return [[y.tolist() for y in (t if isinstance(t, tuple) else (t,))] for t in found]


PROGRAMS = [with_buffers, without, refused, ensemble, no_model, two_classes, two_modes, transforms]


def _rounded(found):
    if isinstance(found, (list, tuple)):
        return [_rounded(x) for x in found]
    return round(found, 5) + 0.0 if isinstance(found, float) else found


def _outcome(program, lib, old):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            found = program(lib, old)
        except Exception as error:
            found = type(error), str(error)
    return found, [(w.category, str(w.message)) for w in seen if w.category is FutureWarning]


@pytest.mark.parametrize("program", PROGRAMS)
def test_as_torch(program):
    mine, theirs_ = _outcome(program, wg, ours), _outcome(program, torch, theirs)
    assert mine[1] == theirs_[1] and mine[1]
    assert _rounded(mine[0]) == _rounded(theirs_[0])
