"""What the base class, the supports and the table of divergences do, compared with torch."""

import warnings

import pytest

import wengert as wg
import wengert.distributions as ours

torch = pytest.importorskip("torch", reason="parity with torch needs torch")
import torch.distributions as theirs


def told(library, work):
    """What some work gives or raises, and of what it warns."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result = work(*library)
        except Exception as error:
            result = f"{type(error).__name__}: {str(error).splitlines()[:1]}"
    return result, [(each.category.__name__, str(each.message)) for each in seen]


def without_declarations(m, d):
    class Delta(d.Distribution):
        def log_prob(self, value):
            self._validate_sample(value)
            return value

    return Delta((), (), True).log_prob(m.zeros(2)).tolist()


def arg_constraints(m, d):
    return d.Distribution(validate_args=False).arg_constraints


def drawn_by_number(m, d):
    return list(d.Normal(m.zeros(2), 1.0).sample_n(3).shape)


def mixed_support(m, d):
    parts = d.Uniform(m.tensor([0.0, 1.0, 2.0]), m.tensor([1.0, 2.0, 3.0]))
    mixture = d.MixtureSameFamily(d.Categorical(m.ones(3)), parts)
    return mixture.support.check(m.tensor(0.5)).tolist(), mixture.support.check(m.tensor([0.5, 4.0])).tolist()


def mixed_support_of_vectors(m, d):
    parts = d.MultivariateNormal(m.zeros(3, 2), m.eye(2))
    support = d.MixtureSameFamily(d.Categorical(m.ones(3)), parts).support
    return support.check(m.zeros(4, 2)).tolist(), support.event_dim


def parameter_is_kept(m, d):
    p = m.tensor(2.0, requires_grad=True)
    return d.Normal(p, 1.0).loc is p, d.Normal(p, m.ones(2)).loc is p


def drawn_twice_differentiated(m, d):
    a = m.ones(3, requires_grad=True)
    (g,) = m.autograd.grad(d.Dirichlet(a).rsample()[0], a, create_graph=True)
    return m.autograd.grad(g.sum(), a)


def triangles(m, d):
    from importlib import import_module

    rows = import_module(f"{d.__name__}.utils")
    x = m.arange(9.0).reshape(3, 3)
    there = [rows.tril_matrix_to_vec(x, k) for k in (-1, 0, 1)]
    return [v.tolist() for v in there], [rows.vec_to_tril_matrix(v, k).tolist() for v, k in zip(there, (-1, 0, 1))]


def triangle_outside(m, d):
    from importlib import import_module

    return import_module(f"{d.__name__}.utils").tril_matrix_to_vec(m.ones(2, 2), 2)


def not_a_triangle(m, d):
    from importlib import import_module

    return import_module(f"{d.__name__}.utils").vec_to_tril_matrix(m.ones(5))


WORKS = (
    without_declarations, arg_constraints, drawn_by_number, mixed_support, mixed_support_of_vectors,
    parameter_is_kept, drawn_twice_differentiated, triangles, triangle_outside, not_a_triangle,
)  # fmt: skip


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.__name__)
def test_the_same_in_both(work):
    mine, his = told((wg, ours), work), told((torch, theirs), work)
    assert str(mine).replace("wengert.", "torch.") == str(his)


def divergences(d, pairs):
    """Which of the divergences registered for pairs of classes is taken for (B, B)."""

    class A(d.Normal):
        pass

    class B(A):
        pass

    classes = {"N": d.Normal, "A": A, "B": B}
    for p, q in pairs:
        d.kl.register_kl(classes[p], classes[q])(lambda *_, name=p + q: name)
    return d.kl_divergence(B(0.0, 1.0), B(0.0, 1.0))


@pytest.mark.parametrize("pairs", ["AN NA", "AA AN NA", "BN NB AA", "BN AA", "NB AA", "AB BA BN"])
def test_the_nearest_divergence_and_the_warning_where_two_are(pairs):
    mine, his = (told((d, pairs.split()), divergences) for d in (ours, theirs))
    assert mine == his
