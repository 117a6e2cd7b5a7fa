"""What writes into a tensor counts as a write: its version, by which backward passes know what was overwritten."""

import pytest

import wengert as wg

first = wg.tensor([0])
WRITES = {
    "add_": lambda x: x.add_(1),
    "an operator": lambda x: x.__iadd__(1),
    "clamp_": lambda x: x.clamp_(0, 1),
    "zero_": lambda x: x.zero_(),
    "fill_": lambda x: x.fill_(2.0),
    "copy_": lambda x: x.copy_(wg.ones(3)),
    "an assigned element": lambda x: x.__setitem__(0, 5.0),
    "an assigned slice": lambda x: x.__setitem__(slice(1, None), wg.zeros(2)),
    "an assigned mask": lambda x: x.__setitem__(x > 0, 1.0),
    "a write into a view": lambda x: x[1:].mul_(2),
    "index_put_": lambda x: x.index_put_((first,), wg.tensor(1.0)),
    "index_fill_": lambda x: x.index_fill_(0, first, 2.0),
    "index_add_": lambda x: x.index_add_(0, first, wg.ones(1)),
    "index_copy_": lambda x: x.index_copy_(0, first, wg.ones(1)),
    "scatter_": lambda x: x.scatter_(0, first, 1.0),
    "scatter_add_": lambda x: x.scatter_add_(0, first, wg.ones(1)),
    "masked_fill_": lambda x: x.masked_fill_(x > 0, 1.0),
    "masked_scatter_": lambda x: x.masked_scatter_(x > 0, wg.ones(3)),
    "cumsum_": lambda x: x.cumsum_(0),
    "normal_": lambda x: x.normal_(),
    "uniform_": lambda x: x.uniform_(),
    "bernoulli_": lambda x: x.bernoulli_(0.5),
    "out=": lambda x: wg.exp(wg.ones(3), out=x),
    "out= of a reduction": lambda x: wg.sum(wg.ones(2, 3), 0, out=x),
    "a foreach": lambda x: wg._foreach_add_([x], 1.0),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_counted_and_seen_by_backward(write):
    x = wg.tensor([1.0, 2.0, 3.0])
    before = x._version
    WRITES[write](x)
    assert x._version > before
    w = wg.ones(3, requires_grad=True)
    x = wg.tensor([1.0, 2.0, 3.0])
    y = (w * x).sum()
    WRITES[write](x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_step_of_an_optimizer_is_counted_for_each_parameter():
    parameters = [wg.ones(2, requires_grad=True), wg.ones(3, requires_grad=True)]
    optimizer = wg.optim.Adam(parameters)
    for p in parameters:
        p.grad = wg.ones_like(p)
    for _ in range(2):  # the first step goes another way than the later ones
        before = [p._version for p in parameters]
        optimizer.step()
        assert all(p._version > v for p, v in zip(parameters, before))
