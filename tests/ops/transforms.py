"""Forward mode, vmap and formulas by hand for an op's sample calls, beside the reverse mode, differences and a loop."""

import warnings

import numpy as np
from differences import STEP, Problem, _floats, slopes, weighted

import wengert as wg
from wengert.autograd import forward_ad
from wengert.func import grad, vmap
from wengert.ops._declare import Steps, parameters
from wengert.ops._derive import differentiable_arguments
from wengert.ops._trace import T_INT

SAMPLES = 2  # in a batch


def _outputs(result):
    return [t for t in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(t, wg.Tensor)]


def close(got, want, rtol=1e-8):
    """Whether two numbers or arrays agree at the scale of the whole."""
    got, want = (np.asarray(t.detach().resolve_conj() if isinstance(t, wg.Tensor) else t) for t in (got, want))
    scale = max(1e-3, np.abs(want[np.isfinite(want)]).max(initial=0))
    return got.shape == want.shape and np.allclose(got, want, rtol=0, atol=rtol * scale, equal_nan=True)


# ---- forward mode


def _pushed(problem, directions):
    """The scalar of the tangents of a problem's outputs: <cotangents, J directions>."""
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(v.detach(), d) for v, d in zip(problem.values, directions)]
        tangents = [forward_ad.unpack_dual(t).tangent for t in _outputs(problem(duals)) if _floats(t)]
    use = [u and t is not None for u, t in zip(problem.differentiable, tangents)]
    return weighted(tangents, problem.cotangents, use).item()


def forward_mode(declared, call, seed=1):
    """The slope along random directions by forward mode, by reverse mode, by differences."""
    problem = Problem(declared, call, seed)
    directions = [problem.random_like(v) for v in problem.values]
    leaves = problem.fresh()
    total = problem.scalar(problem(leaves))
    gradients = wg.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
    back = weighted(gradients, directions, [True] * len(leaves)).item()

    def value(moved):
        with wg.no_grad():
            return problem.scalar(problem(moved)).item()

    numeric = sum(slopes(value, problem.values, k, direction=d) for k, d in enumerate(directions))
    return _pushed(problem, directions), back, numeric


def forward_over_reverse(declared, call):
    """(tangent of the gradient, gradient of the gradient) along the same directions; None where the gradient is constant."""
    problem = Problem(declared, call, seed=2)
    leaves = problem.fresh()
    gradients = wg.autograd.grad(
        problem.scalar(problem(leaves)), leaves, create_graph=True, allow_unused=True, materialize_grads=True
    )
    use = [g.requires_grad for g in gradients]
    if not any(use):
        return None
    weights, directions = ([problem.random_like(v) for v in problem.values] for _ in range(2))
    seconds = wg.autograd.grad(weighted(gradients, weights, use), leaves, allow_unused=True, materialize_grads=True)
    want = weighted(seconds, directions, [True] * len(leaves)).item()
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(v, d) for v, d in zip(problem.fresh(), directions)]
        total = problem.scalar(problem(duals))
        first = wg.autograd.grad(total, duals, create_graph=True, allow_unused=True, materialize_grads=True)
        tangents = [forward_ad.unpack_dual(g).tangent for g in first]
        got = weighted(tangents, weights, [u and t is not None for u, t in zip(use, tangents)]).item()
    return got, want


# ---- vmap


def batched(declared, call, shared=None):
    """[(vmap's, the loop's, tolerance)]: values and gradients; for gradients also their slope beside differences of the values.
    shared: the one input that all samples share."""
    problem = Problem(declared, call)
    count = len(problem.values)
    dims = tuple(None if k == shared else 0 for k in range(count))
    batch = [v if d is None else wg.stack([v, v + 1e-3 * problem.random_like(v)]) for v, d in zip(problem.values, dims)]

    def values(*inputs):
        return tuple(_outputs(problem(list(inputs))))

    def total(*inputs):
        return problem.scalar(problem(list(inputs)))

    pairs = _beside_loop(values, dims, batch)
    if not total(*problem.fresh()).requires_grad:
        return pairs
    by = _beside_loop(grad(total, argnums=tuple(range(count))), dims, batch)
    directions = [problem.random_like(v) for v in problem.values]
    slope = sum(weighted([g], [d.expand_as(g)], [True]) for (g, _, _), d in zip(by, directions))
    ends = [vmap(total, dims)(*(b + s * STEP * d for b, d in zip(batch, directions))) for s in (1, -1)]
    return pairs + by + [(slope, (ends[0] - ends[1]).sum() / (2 * STEP), 2e-5)]


def _beside_loop(function, dims, batch):
    rows = [function(*(b if d is None else b[k].clone() for b, d in zip(batch, dims))) for k in range(SAMPLES)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a loop would say so
        got = vmap(function, dims)(*batch)
    return [(g, wg.stack(list(column)), 1e-8) for g, column in zip(got, zip(*rows))]


# ---- formulas by hand


def by_hand(declared, args, outputs, gradients):
    """What the formula of an op gives when it is run on tensors: a gradient for each differentiable argument."""
    params, names, is_list = declared.signature
    position = {p[0]: k for k, p in enumerate(params)}
    rule, values = declared.derivative or declared.rule, []
    for name in parameters(rule):
        if name == "g" or (name[0] == "g" and name[1:].isdigit()):
            values.append(gradients if is_list else gradients[int(name[1:] or 0)])
        elif name in position:
            value = args[position[name]]
            number = not isinstance(value, wg.Tensor) and position[name] == 0 and params[0][1] != T_INT
            if isinstance(value, wg.Tensor):
                value.by_columns = value.dim() == 2 and value.t().is_contiguous()  # as a symbol is asked
            values.append(outputs[0].new_full((), value) if number else value)
        else:
            values.append(outputs[names.index(name) if name in names else 0])
    result = rule(*values)
    result = result if isinstance(result, tuple) else (result,)
    if declared.kind in ("elementwise", "fused") and not declared.vjp:
        g = gradients[0]

        def conjugate(p):
            return p.conj() if isinstance(p, wg.Tensor) else p

        result = [
            None if p is None else p.of(g, conjugate) if isinstance(p, Steps) else g * conjugate(p) for p in result
        ]
    return dict(zip(differentiable_arguments(declared), result))


def formula_and_program(declared, call):
    """[(gradient of the formula run by hand, gradient of the traced program)]."""
    params = declared.signature[0]
    args = [call.args[k] if k < len(call.args) else call.kwargs.get(p[0], p[2]) for k, p in enumerate(params)]
    problem = Problem(declared, call)
    leaves = problem.fresh()
    result = problem(leaves)
    outputs = _outputs(result)
    gradients = [problem.random_like(o) if o.requires_grad else None for o in outputs]
    roots = [o for o in outputs if o.requires_grad]
    seeds = [g for g in gradients if g is not None]
    want = wg.autograd.grad(roots, leaves, seeds, allow_unused=True, materialize_grads=True)
    with wg.no_grad():
        made = by_hand(declared, args, [o.detach() for o in outputs], gradients)
    pairs, names = [], [p[0] for p in params]
    for (key, k), program, leaf in zip(problem.places, want, leaves):
        got = made[key if isinstance(key, int) else names.index(key)]
        got = wg.zeros_like(leaf) if got is None else got if k is None else got[k]
        got = got.real if got.is_complex() and not leaf.is_complex() else got
        whole = got.expand(wg.broadcast_shapes(got.shape, leaf.shape))
        pairs.append((whole.sum_to_size(leaf.shape), program))
    return pairs


def composed(declared, call):
    """[(formula of a fused op run by hand, its program)]: the value and the gradients."""
    problem, results = Problem(declared, call), []
    names, wanted = [p[0] for p in declared.signature[0]], parameters(declared.rule)

    def formula(leaves):
        given = (
            dict(zip(names, call.args)) | call.kwargs | {names[key]: v for (key, _), v in zip(problem.places, leaves)}
        )
        return declared.rule(**{name: given[name] for name in wanted})

    for function in (problem, formula):
        leaves = problem.fresh()
        value = function(leaves)
        gradients = wg.autograd.grad(problem.scalar(value), leaves, allow_unused=True, materialize_grads=True)
        results.append([value, *gradients])
    return list(zip(*results))
