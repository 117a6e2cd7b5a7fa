"""The same programs under torch and wengert: values, types of errors and their texts inside the transforms."""

import copy
import pickle

import pytest
from both import agree


def dual(lib, *values):
    forward = lib.autograd.forward_ad
    values = lib.tensor(values)
    return forward.make_dual(values, values + 10)


def tangents(lib, *tensors):
    return [lib.autograd.forward_ad.unpack_dual(t).tangent for t in tensors]


def a_view_taken_before_its_base(lib):
    with lib.autograd.forward_ad.dual_level():
        base = lib.zeros(2, 2)
        view, corner = base[0], base[0][1:]
        base.add_(dual(lib, 1.0, 2.0))
        corner.mul_(3)
        return tangents(lib, view, corner, base, view * view, base.t())


def a_base_written_through_a_view(lib):
    with lib.autograd.forward_ad.dual_level():
        base = lib.ones(3)
        whole, view = base[:], base[1:]
        view.mul_(dual(lib, 1.0, 2.0))
        return tangents(lib, base, view, whole, base * whole)


def views_inside_vmap(lib):
    def f(x, t):
        def inner(y):
            base = x.clone()
            view, later = base[:1], base[1:]
            base.copy_(y)
            later.add_(view)
            return view, base, later * view

        return lib.func.jvp(inner, (x * 2,), (t,))

    x = lib.arange(6.0).reshape(3, 2)
    return lib.func.vmap(f)(x, x + 10)


def complex_base_of_a_real_view(lib):
    with lib.autograd.forward_ad.dual_level():
        base = lib.zeros(2, dtype=lib.complex64)
        view = lib.view_as_real(base)
        base.add_(dual(lib, 1.0, 2.0) * 1j)
        return tangents(lib, view, view[0] * view[1])


@pytest.mark.parametrize(
    "program",
    [
        a_view_taken_before_its_base,
        a_base_written_through_a_view,
        views_inside_vmap,
        complex_base_of_a_real_view,
    ],
)
def test_tangents_of_views(program):
    assert isinstance(agree(program)[0], list)


def layout(lib, tangent):
    return [tuple(tangent.stride()), tangent.storage_offset(), tangent.untyped_storage().nbytes()]


def tangents_lie_as_primals(lib):
    forward = lib.autograd.forward_ad
    with forward.dual_level():
        found = []
        for primal in (lib.ones(4)[1:], lib.ones(3, 2).t()[:, 0], lib.ones(3)):
            for tangent in (lib.ones(3), lib.ones(()).expand(3), lib.arange(6.0, dtype=lib.float64)[::2]):
                found.append(layout(lib, forward.unpack_dual(forward.make_dual(primal, tangent)).tangent))
        return found


def _making(build):
    def program(lib):
        with lib.autograd.forward_ad.dual_level():
            return build(lib, lib.autograd.forward_ad)

    return program


MAKING = [
    lambda lib, fw: fw.make_dual(lib.ones(()).expand(3), lib.ones(3)),
    lambda lib, fw: fw.make_dual(lib.ones(2), lib.ones(2), level=1),
    lambda lib, fw: fw.make_dual(lib.ones(2), dual(lib, 1.0, 2.0)),
    lambda lib, fw: fw.make_dual(3, lib.ones(2)),
    lambda lib, fw: fw.unpack_dual(3),
    lambda lib, fw: lib.add(dual(lib, 1.0), dual(lib, 1.0), out=lib.ones(1)),
    lambda lib, fw: lib.add(lib.ones(1), lib.ones(1), out=dual(lib, 1.0)),
]


@pytest.mark.parametrize("build", MAKING)
def test_refusals_of_dual_numbers(build):
    assert agree(_making(build))[0].endswith("Error")


def test_layout_of_tangents():
    agree(tangents_lie_as_primals)


def switched_off(lib):
    forward = lib.autograd.forward_ad
    with forward.dual_level():
        x = dual(lib, 1.0)
        with forward._set_fwd_grad_enabled(False):
            off = forward.unpack_dual(x).tangent, forward.unpack_dual(x * 2).tangent
        return *off, forward.unpack_dual(x * 2).tangent


def after_the_level(lib):
    forward, base = lib.autograd.forward_ad, lib.ones(2)
    view = base[1:]
    with forward.dual_level():
        base.mul_(dual(lib, 1.0, 2.0))
    with forward.dual_level():
        return forward.unpack_dual(base).tangent, forward.unpack_dual(view).tangent, base + view


def test_where_tangents_end():
    agree(switched_off)
    agree(after_the_level)


INSIDE = {
    "out": lambda lib, x: lib.add(x, x, out=lib.zeros(4)),
    "out of shared": lambda lib, x: lib.add(lib.ones(4), 1, out=x),
    "data": lambda lib, x: x.data,
    "set data": lambda lib, x: setattr(x, "data", lib.zeros(4)),
    "be data": lambda lib, x: setattr(lib.zeros(4), "data", x),
    "data_ptr": lambda lib, x: x.data_ptr(),
    "deepcopy": lambda lib, x: copy.deepcopy(x),
    "pickle": lambda lib, x: pickle.dumps(x),
    "storage": lambda lib, x: x.untyped_storage(),
    "numpy": lambda lib, x: x.numpy(),
    "bool": lambda lib, x: bool(x),
    "clone": lambda lib, x: x.reshape(1, 1, 2, 2).clone(memory_format=lib.channels_last),
    "is_contiguous": lambda lib, x: x.reshape(1, 1, 2, 2).is_contiguous(memory_format=lib.channels_last),
    "tolist": lambda lib, x: x.tolist(),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_a_sample_has_not(name):
    def program(lib):
        return lib.func.vmap(lambda x: (INSIDE[name](lib, x), x)[1])(lib.arange(12.0).reshape(3, 4))

    assert agree(program)[0].endswith("Error")


@pytest.mark.parametrize("use", [lambda x: x.sin(), lambda x: x + x, lambda x: x[0], lambda x: x.mul_(1)])
def test_a_sample_that_escaped(use):
    def program(lib):
        kept = []
        lib.func.vmap(lambda x: (kept.append(x), x)[1])(lib.ones(3, 2))
        return use(kept[0])

    assert agree(program)[0] == "RuntimeError"


@pytest.mark.parametrize("p", [0, 0.5, 1.5, 2, 3, float("inf"), -float("inf")])
def test_norms_at_zero(p):
    def program(lib):
        x = lib.tensor([[0.0, 0.0], [0.0, 3.0]], dtype=lib.float64)
        return [lib.func.jvp(lambda x: lib.linalg.vector_norm(x, p, d), (x,), (x + 1,)) for d in (None, 0, 1)]  # noqa: B023

    agree(program)


X3 = [0.0, 1.0, 2.0]
REFUSED = {
    "cotangent's tree": lambda F, x: F.vjp(lambda x: x * 2, x)[1]((x, x)),
    "cotangent's keys": lambda F, x: F.vjp(lambda x: {"a": x}, x)[1]({"b": x}),
    "cotangent's shape": lambda F, x: F.vjp(lambda x: x[:2], x)[1](x),
    "cotangent no tensor": lambda F, x: F.vjp(lambda x: x[:2], x)[1](3.0),
    "vjp of a number": lambda F, x: F.vjp(lambda x: x * 2, 3.0),
    "grad of a number": lambda F, x: F.grad(lambda x: x * 2)(3.0),
    "grad of a tree with a number": lambda F, x: F.grad(lambda d: (d["a"] * d["b"]).sum())({"a": x, "b": 2}),
    "grad of integers": lambda F, x: F.grad(lambda x: x.sum())(x.long()),
    "no output": lambda F, x: F.grad(lambda x: None)(x),
    "a vector": lambda F, x: F.grad(lambda x: x)(x),
    "two outputs": lambda F, x: F.grad(lambda x: (x.sum(), 1))(x),
    "a complex output": lambda F, x: F.grad(lambda x: (x * 1j).sum())(x),
    "no aux": lambda F, x: F.grad(lambda x: x.sum(), has_aux=True)(x),
    "jvp of integers": lambda F, x: F.jvp(lambda x: x * 2, (x.long(),), (x.long(),)),
    "an integer tangent": lambda F, x: F.jvp(lambda x: x * 2, (x,), (x.long(),)),
    "a tangent's shape": lambda F, x: F.jvp(lambda x: x * 2, (x,), (x[:2],)),
    "jacfwd of integers": lambda F, x: F.jacfwd(lambda x: x)(x.long()),
    "linearize of integers": lambda F, x: F.linearize(lambda x: x, x.long()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_of_transforms(name):
    assert agree(lambda lib: REFUSED[name](lib.func, lib.tensor(X3)))[0].endswith("Error")


def dims_of_trees(lib):
    x, found = lib.arange(6.0).reshape(2, 3), []
    for out, dims in (([x, x], (0, 1)), ((x, x), [0, 1]), ([x], (0,)), ({"a": x, "b": x}, {"b": 1, "a": 0})):

        def outputs(dims=dims, out=out):
            made = lib.func.vmap(
                lambda x: type(out)((k, x) for k in out) if isinstance(out, dict) else out, out_dims=dims
            )(x)
            return list(made.values()) if isinstance(made, dict) else made

        def inputs(dims=dims, out=out):
            return lib.func.vmap(lambda z: sum(z.values() if isinstance(z, dict) else z), in_dims=(dims,))(out)

        found += [attempt(outputs), attempt(inputs)]
    return found


def attempt(program):
    try:
        return program()
    except Exception as error:
        return [type(error).__name__, str(error)]


def draws(lib):
    found = []
    for shape, dim in (((4, 10), 0), ((10, 4), 1), ((4, 2, 10), 0)):
        lib.manual_seed(3)
        x = lib.rand(shape)
        found.append(lib.func.vmap(lambda x: lib.multinomial(x, 3), in_dims=dim, randomness="different")(x))
    return found


OTHERS = {
    "dims of trees": dims_of_trees,
    "multinomial": draws,
    "random out": lambda lib: lib.func.vmap(lambda x: lib.rand(3, out=lib.zeros(3)), randomness="same")(lib.ones(2)),
    "view_as_complex": lambda lib: lib.func.vmap(lib.view_as_complex)(lib.ones(2)),
    "squeeze": lambda lib: lib.func.vmap(lambda x: x.squeeze(1))(lib.ones(2)),
    "an empty part of cat": lambda lib: (
        lib.func.vmap(lambda a, b: lib.cat([a, b]))(lib.ones(2, 0, requires_grad=True), lib.ones(2, 3)).requires_grad
    ),
    "inputs that come back": lambda lib: [
        lib.func.vmap(lambda x: x, in_dims=d, out_dims=d)(x) is x for x in (lib.ones(2, 2),) for d in (0, 1)
    ],
    "parts of complex numbers": lambda lib: [
        lib.real(x)._base is x and lib.imag(x)._base is x and lib.func.vmap(lib.real)(x)._base is x
        for x in (lib.ones(2, 2, dtype=lib.complex64),)
    ],
    "the real part of real numbers": lambda lib: [lib.real(x) is x for x in (lib.ones(2),)],
}


@pytest.mark.parametrize("name", OTHERS)
def test_corners_of_vmap(name):
    agree(OTHERS[name])


def forgotten_in_place(lib):
    ad, leaf = lib.autograd.forward_ad, lib.ones(2, requires_grad=True)
    with ad.dual_level():
        x = ad.make_dual(leaf * 3, lib.ones(2)).clone()
        before = ad.unpack_dual(x)
        x.detach_()
        after = ad.unpack_dual(x * 2)
        return before.primal.requires_grad, after.primal, after.tangent, after.primal.requires_grad, x.requires_grad


def unpacked_anew(lib):
    ad, plain = lib.autograd.forward_ad, lib.ones(2)
    with ad.dual_level():
        x = ad.make_dual(plain, lib.ones(2))
        first, second = ad.unpack_dual(x), ad.unpack_dual(x)
        ones = ad.unpack_dual(plain)
        return (
            first.primal is second.primal,
            first.tangent is second.tangent,
            ones.primal is plain,
            ones.primal._base is plain,
        )


@pytest.mark.parametrize("program", [forgotten_in_place, unpacked_anew])
def test_duals_taken_apart(program):
    agree(program)


def pulled_later(lib):
    x, found = lib.tensor(3.0, requires_grad=True), []
    with lib.no_grad():
        out, pull = lib.func.vjp(lambda x: x**2, x)
    (y,) = pull(lib.tensor(1.0))
    found += [out.requires_grad, y, y.requires_grad, lib.autograd.grad(y, x)[0]]
    with lib.no_grad():
        (y,) = pull(lib.tensor(1.0))
    out, pull = lib.func.vjp(lambda x: x**2, x.detach())
    return *found, y.requires_grad, out.requires_grad, pull(lib.tensor(1.0))[0].requires_grad


def test_pulling_back_where_gradients_are_wanted():
    agree(pulled_later)


def strided_gradients(lib):
    x, cotangents = lib.arange(6.0).reshape(2, 3), lib.arange(8.0).reshape(2, 2, 2)
    return lib.func.vmap(lambda c: lib.func.vjp(lambda x: x.as_strided((2, 2), (3, 1), 1) * 2, x)[1](c))(cotangents)


def test_samples_of_as_strided_keep_their_gradients():
    agree(strided_gradients)
