"""Writing into memory that several elements share, or that is read too; outputs, shapes and sizes of other kinds."""

import warnings

import pytest

import wengert as wg

LINES = """
x.index_fill_(0, i, 1.0)
x.index_put_((i,), m.ones(3))
x.masked_fill_(x > 0, 2.0)
x.masked_fill_(x > 0, m.tensor(2.0))
x.masked_scatter_(x > 0, m.ones(6))
x.index_copy_(0, i, m.ones(3))
x.index_add_(0, i, m.ones(3))
x.scatter_(0, i, m.ones(3))
x.scatter_(0, i, 2.0)
x.fill_(2)
x.zero_()
x.bernoulli_()
x.copy_(m.ones(6))
x.__setitem__(m.tensor([0]), 3.0)
y.index_add_(0, i, y[:3])
i.index_add_(0, i, i.clone())
y.index_copy_(0, i, y[:3])
i.index_copy_(0, i.clone(), i)
i.index_fill_(0, i, 0)
y.index_put_((i,), y[0])
i.index_put_((i,), i.clone())
i.scatter_(0, i, i)
y.scatter_(0, i, y[:3])
i.scatter_add_(0, i, i.clone())
m.take(y, i, out=y[:3])
b.masked_fill_(b, False)
b[:3].masked_fill_(b[1:], False)
y[:3].copy_(y[1:4])
y[1:4].copy_(y[:3])
y[:3].copy_(y[:3])
y.__setitem__(slice(0, 3), y[1:4])
q.copy_(q.t())
y[:3].copy_(y[1:4].double())
y.copy_(1.5)
y.copy_(y[0])
y[1:].add_(y[:-1])
m.logcumsumexp(y.double(), 0, out=m.empty(6))
m.cumsum(y, 0, out=m.empty(6).double())
m.cummax(y, 0, out=(m.empty(6).short(), m.empty(6).long()))
m.cummax(y, 0, out=(m.empty(6), m.empty(6)))
m.all(m.ones(2), out=m.empty(0))
m.all(m.ones(2), 0, out=m.empty(0, dtype=m.uint8))
m.max(y, 0, out=(m.empty(0).int(), m.empty(0).long()))
m.mode(y, 0, out=(m.empty(0).int(), m.empty(0).long()))
m.kthvalue(y, 1, out=(m.empty(0).int(), m.empty(0).long()))
m.argmax(y, 0, out=m.empty(0).int())
m.searchsorted(y, y, out=m.empty(6))
m.std(m.ones(1)), m.var(m.ones(2, 3), dim=0, correction=5), m.var(m.ones(0))
m.range(0, 3)
m.add(x1=y, x2=y), m.sum(a=y)
y.long().numpy().dtype.type
m.add(q.t(), 1, out=m.empty(0)).stride()
m.max(y, m.tensor(2.0)), i.max(m.tensor(1)), i.min(m.tensor(1)), m.max(q, 0), m.min(q, m.ones(3))
m.max(i.short(), i.int(), out=m.empty(3, dtype=m.half))
m.imag(y)
m.imag(m.tensor([3 + 4j])), m.imag(m.tensor([3 + 4j], requires_grad=True)).grad_fn.name()
(y + m.tensor(1j, dtype=m.complex128)).dtype, (m.tensor(1j, dtype=m.complex128) * y).dtype, (y.double() + 1j).dtype
(i + m.tensor(1j, dtype=m.complex128)).dtype, (m.tensor(1.0) + m.tensor(1j, dtype=m.complex128)).dtype
m.testing.make_tensor(3, dtype=m.float32, device="cpu", low=2, high=2)
m.testing.make_tensor(3, dtype=m.uint8, device="cpu", low=300, high=400)
m.testing.make_tensor(3, dtype=m.float32, device="cpu", low=-3.4e38, high=3.4e38).isfinite()
m.add(q.t(), 1, out=m.empty(3, 3)).stride()
m.diff(m.ones(2, 3), prepend=m.ones(3, 3), dim=1)
m.diff(m.ones(2, 3), append=m.ones(3), dim=1)
m.diff(m.ones(3), n=1, dim=3)
m.Size(m.ones(3))
m.Size(m.tensor([1, 2])), m.Size([m.tensor(3), True])
m.Size([1.0])
m.Size(["a"])
m.Size([1, 2]) + (3,), (3,) + m.Size([1, 2]), m.Size([1, 2]) * 2
m.Size([1, 2]) + [3]
m.Size([1]) + ("a",)
""".strip().splitlines()


def run(m, line):
    scope = {"m": m, "x": m.ones(1).expand(6), "i": m.tensor([2, 1, 0]), "y": m.arange(6.0)}
    scope |= {"q": m.arange(9.0).view(3, 3), "b": m.tensor([True, False, True, True])}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = repr(eval(line, scope))
        except (RuntimeError, TypeError, IndexError, ValueError) as error:
            result = f"{type(error).__name__}: {error}"
    return result, [(w.category, str(w.message).split(" (Triggered")[0]) for w in caught]


@pytest.mark.parametrize("line", LINES)
def test_writes_are_allowed_and_refused_as_in_torch(line):
    assert run(wg, line) == run(pytest.importorskip("torch"), line)


def test_a_number_copied_into_a_tensor_lets_no_gradient_through():
    x = wg.ones(2, requires_grad=True)
    y = x * 2
    y.copy_(3.0)
    y.sum().backward()
    assert y.tolist() == [3, 3] and x.grad.tolist() == [0, 0]
