"""autograd.Function under the transforms, the same programs in torch and wengert: forward mode's checks, refusals, vmap's rules."""

import itertools

import pytest
from both import agree

FORWARDS = {
    "itself": lambda x: x,
    "new": lambda x: x * 2,
    "view": lambda x: x.view(-1),
    "part": lambda x: x[:1],
    "written": lambda x: x.mul_(2),
}
PUSHES = {
    "itself": lambda t: t,
    "new": lambda t: t * 2,
    "view": lambda t: t.view(-1),
    "part": lambda t: t[:1],
    "written": lambda t: t.mul_(2),
    "two": lambda t: (t, t),
    "number": lambda t: 3.0,
}


def made_of(lib, forward, push=None, *, old=False, dirty=False, frozen=False, save="neither", save_for="backward"):
    """A Function that computes forward and pushes tangents with push; how its context is set up is for the options to say."""

    def setup(ctx, inputs, output):
        if dirty:
            ctx.mark_dirty(inputs[0])
        if frozen:
            ctx.mark_non_differentiable(output)
        kept = {"input": inputs, "output": (output,), "neither": ()}[save]
        (ctx.save_for_forward if save_for == "jvp" else ctx.save_for_backward)(*kept)

    def both(ctx, x):
        output = forward(x)
        setup(ctx, (x,), output)
        return output

    members = {"backward": staticmethod(lambda ctx, g: g)}
    if push is not None:
        members["jvp"] = staticmethod(lambda ctx, t: push(t))
    if old:
        members["forward"] = staticmethod(both)
    else:
        members |= {"forward": staticmethod(lambda x: forward(x)), "setup_context": staticmethod(setup)}
    return type(lib.autograd.Function)("A", (lib.autograd.Function,), members)


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("forward", FORWARDS)
def test_tangents_of_outputs(forward, push):
    for old, dirty, frozen in itertools.product((False, True), repeat=3):

        def program(lib):
            function = made_of(lib, FORWARDS[forward], PUSHES[push], old=old, dirty=dirty, frozen=frozen)  # noqa: B023
            ad = lib.autograd.forward_ad
            with ad.dual_level():
                x = ad.make_dual(lib.tensor([2.0, 3.0]), lib.ones(2))
                y = function.apply(x)
                return ad.unpack_dual(y), ad.unpack_dual(x), y is x

        agree(program)


def test_forward_mode_sees_the_context_and_runs_forward_once():
    def program(lib):
        runs = []

        class Twice(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                runs.append(1)
                ctx.factor = 2
                ctx.save_for_forward(x)
                return x * 2

            @staticmethod
            def jvp(ctx, t):
                return t * ctx.factor * len(ctx.saved_tensors)

        ad = lib.autograd.forward_ad
        with ad.dual_level():
            return ad.unpack_dual(Twice.apply(ad.make_dual(lib.ones(2), lib.ones(2)))), len(runs)

    assert agree(program)[1] == 1


def saves(lib, save, save_for, dirty):
    function = made_of(lib, lambda x: x, lambda t: t.add_(0), dirty=dirty, save=save, save_for=save_for)
    x = lib.tensor([2.0, 3.0])
    return (
        lib.func.grad(lambda x: function.apply(x.clone()).sum())(x),
        lib.func.jvp(lambda x: function.apply(x.clone()), (x,), (x + 1,)),
        function.apply(x.clone()),
    )


@pytest.mark.parametrize("save", ["input", "output", "neither"])
def test_what_is_handed_back_as_it_is_and_saved(save):
    for save_for, dirty in itertools.product(("backward", "jvp"), (False, True)):
        agree(lambda lib: saves(lib, save, save_for, dirty))  # noqa: B023


TRANSFORMS = {
    "grad": lambda lib, f, x: lib.func.grad(lambda x: f(x).sum())(x),
    "vjp": lambda lib, f, x: lib.func.vjp(f, x)[0],
    "jvp": lambda lib, f, x: lib.func.jvp(f, (x,), (x,)),
    "vmap": lambda lib, f, x: lib.func.vmap(f)(x),
    "jacrev": lambda lib, f, x: lib.func.jacrev(f)(x),
    "hessian": lambda lib, f, x: lib.func.hessian(lambda x: f(x).sum())(x),
    "functionalize": lambda lib, f, x: lib.func.functionalize(f)(x),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_functions_without_setup_context(name):
    def program(lib, generate=False):
        function = made_of(lib, lambda x: x * 2, old=True)
        function.generate_vmap_rule = generate
        return TRANSFORMS[name](lib, function.apply, lib.ones(3))

    assert "must override the setup_context" in agree(program)[1]
    agree(lambda lib: program(lib, generate=True))


def inside(lib, name, action):
    weight = lib.ones(3, requires_grad=True)
    return TRANSFORMS[name](lib, lambda x: (action(lib, x, weight), x * 2)[1], lib.ones(3, 3)[0])


ACTIONS = {
    "requires_grad_": lambda lib, x, weight: x.requires_grad_(),
    "backward": lambda lib, x, weight: x.sum().backward(),
    "backward of what is captured": lambda lib, x, weight: weight.sum().backward(),
    "jacobian": lambda lib, x, weight: lib.autograd.functional.jacobian(lib.sin, lib.ones(2)),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["grad", "vjp", "jvp", "vmap", "jacrev"])
def test_the_tape_is_not_for_the_function(name, action):
    if action == "jacobian" and name not in ("jvp", "vmap"):
        return  # torch is stopped there by its hooks on saved tensors, which do not exist here
    assert agree(lambda lib: inside(lib, name, ACTIONS[action]))[0] == "RuntimeError"


@pytest.mark.parametrize("name", ["grad", "vjp", "jvp", "jacrev", "hessian"])
def test_hooks_on_saved_tensors(name):
    def around(lib):
        with lib.autograd.graph.save_on_cpu():
            return TRANSFORMS[name](lib, lib.square, lib.ones(3))

    def within(lib):
        def f(x):
            with lib.autograd.graph.save_on_cpu():
                return x * x

        return TRANSFORMS[name](lib, f, lib.ones(3))

    assert (agree(around)[0] == "RuntimeError") is (name != "jvp")
    agree(within)


RULES = {
    "a tuple too much": lambda x: (x + 1, (None,)),
    "one dim for two": lambda x: ((x, x + 1), 0),
    "two dims for one": lambda x: (x, (0, 0)),
    "three returns": lambda x: (x, 0, 0),
    "one return": lambda x: x,
    "a dict": lambda x: ({"a": x + 1}, {"a": 0}),
    "shared": lambda x: (x[0] + 1, None),
    "the input itself": lambda x: (x, None),
    "other dim": lambda x: (x.t() + 1, 1),
    "nested": lambda x: ((x, [x + 1]), (0, [0])),
}


@pytest.mark.parametrize("rule", RULES)
def test_own_batching_rules(rule):
    def program(lib):
        def vmap(info, in_dims, x):
            assert in_dims == (0,) and info.batch_size == 2
            return RULES[rule](x)

        function = made_of(lib, lambda x: x)
        function.vmap = staticmethod(vmap)
        made = lib.func.vmap(function.apply)(lib.arange(6.0).reshape(2, 3))
        return made["a"] if isinstance(made, dict) else made

    agree(program)


def test_arguments_of_own_rules_are_trees():
    def program(lib):
        class Sum(lib.autograd.Function):
            @staticmethod
            def forward(x, more):
                return x + more[0]

            @staticmethod
            def setup_context(ctx, inputs, output):
                pass

            @staticmethod
            def vmap(info, in_dims, x, more):
                assert in_dims == (0, [0, None])
                return x + more[0] * more[1], 0

        return lib.func.vmap(lambda x: Sum.apply(x, [x, 2]))(lib.arange(6.0).reshape(2, 3))

    agree(program)
