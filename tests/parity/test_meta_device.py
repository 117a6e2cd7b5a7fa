"""device="meta" against torch: shapes, dtypes and strides without values, modules made without memory, and refusals."""

import copy
import io

import pytest

import wengert

torch = pytest.importorskip("torch")


def described(value, library):
    """What can be asked of a result: of meta tensors all but values."""
    if isinstance(value, library.Tensor):
        facts = str(value.dtype), str(value.device), tuple(value.shape), value.stride(), value.requires_grad
        return (*facts, type(value).__name__, repr(value))
    if isinstance(value, (tuple, list)):
        return [described(v, library) for v in value]
    return str(value)


def outcome(library, f):
    try:
        return described(f(library), library)
    except Exception as e:
        return type(e).__name__, str(e)


def same(f):
    ours, theirs = outcome(wengert, f), outcome(torch, f)
    assert ours == theirs


OPS = {
    "add": lambda t, x: x + 1,
    "promote": lambda t, x: x.long() * 2.5,
    "compare": lambda t, x: x > x.mT.mT,
    "matmul": lambda t, x: x @ x.t(),
    "scalar": lambda t, x: x + t.tensor(1.0),
    "transpose": lambda t, x: x.t(),
    "view": lambda t, x: x.view(3, 2)[1:],
    "reshape": lambda t, x: x.t().reshape(-1),
    "expand": lambda t, x: x[:1].expand(5, 3),
    "sum": lambda t, x: (x.sum(), x.sum(0), x.mean(1, keepdim=True)),
    "max": lambda t, x: tuple(x.max(1)),
    "cat": lambda t, x: t.cat([x, x], 1),
    "split": lambda t, x: x.split(2, 1),
    "softmax": lambda t, x: x.softmax(-1),
    "topk": lambda t, x: tuple(x.topk(2)),
    "to dtype": lambda t, x: x.to(t.float64),
    "clone": lambda t, x: x.t().clone(),
    "detach": lambda t, x: x.detach(),
    "data": lambda t, x: x.data,
    "zeros_like": lambda t, x: t.zeros_like(x),
    "empty_like": lambda t, x: t.empty_like(x, dtype=t.int64),
    "like on the CPU": lambda t, x: t.zeros_like(x, device="cpu"),
    "new": lambda t, x: x.new_zeros(4),
    "conv": lambda t, x: t.nn.functional.conv1d(x.view(1, 2, 3), t.empty(4, 2, 2, device="meta")),
    "fill": lambda t, x: x.fill_(3),
    "normal": lambda t, x: x.normal_(),
    "add in place": lambda t, x: x.add_(x),
    "index": lambda t, x: x[t.tensor([0, 1, 1], device="meta")],
    "copy into it": lambda t, x: x.copy_(t.ones(3)),
    "copy out of it": lambda t, x: t.zeros(2, 3).copy_(x),
    "cpu": lambda t, x: x.cpu(),
    "to cpu": lambda t, x: x.to("cpu"),
    "to meta": lambda t, x: t.ones(2).to("meta"),
    "to like": lambda t, x: t.ones(2).to(x),
    "item": lambda t, x: x.sum().item(),
    "float": lambda t, x: float(x.sum()),
    "bool": lambda t, x: bool(x.sum()),
    "tolist": lambda t, x: x.tolist(),
    "address": lambda t, x: x.data_ptr(),
    "is_meta": lambda t, x: (x.is_meta, x.device, t.ones(1).is_meta, x.device.type),
    "gradient": lambda t, x: t.autograd.grad((x.requires_grad_() * 2).sum(), x),
    "division": lambda t, x: x.long() // x.long(),
    "copied": lambda t, x: t.tensor(x.detach()).device,
    "parameter": lambda t, x: t.nn.Parameter(x),
    "mixed": lambda t, x: x + t.ones(3),
}


@pytest.mark.parametrize("op", OPS)
def test_op(op):
    same(lambda t: OPS[op](t, t.empty(2, 3, device="meta")))


FACTORIES = {
    "empty": lambda t: t.empty(2, 0, device="meta"),
    "zeros": lambda t: t.zeros(2, 3, dtype=t.int32, device=t.device("meta")),
    "ones": lambda t: t.ones((2, 3), device="meta", requires_grad=True),
    "full": lambda t: t.full((2,), 1, device="meta"),
    "rand": lambda t: t.rand(4, device="meta"),
    "randint": lambda t: t.randint(3, (2, 2), device="meta"),
    "arange": lambda t: t.arange(1, 7, 2, device="meta"),
    "eye": lambda t: t.eye(3, device="meta"),
    "strided": lambda t: t.empty_strided((2, 3), (1, 2), device="meta"),
    "tensor": lambda t: t.tensor([[1, 2]], device="meta"),
    "as_tensor": lambda t: t.as_tensor([1.0], device="meta"),
    "like": lambda t: t.randn_like(t.ones(2, 3).t(), device="meta"),
    "negative": lambda t: t.empty(-1, device="meta"),
    "huge": lambda t: t.zeros(1 << 20, 1 << 20, device="meta").sum,
}


@pytest.mark.parametrize("name", [n for n in FACTORIES if n != "huge"])
def test_factory(name):
    same(FACTORIES[name])


def test_huge():
    x = wengert.zeros(1 << 18, 1 << 14, device="meta")
    assert x.numel() == 1 << 32 and x.uniform_() is x and x[0].shape == (1 << 14,)


def network(t):
    return t.nn.Sequential(
        t.nn.Conv2d(1, 2, 3), t.nn.BatchNorm2d(2), t.nn.ReLU(), t.nn.Flatten(), t.nn.Linear(8, 4), t.nn.LayerNorm(4)
    )


@pytest.mark.filterwarnings("ignore")
def test_saved():
    file = io.BytesIO()
    wengert.save({"x": wengert.ones(2, 3, device="meta")}, file)
    for library in (wengert, torch):
        file.seek(0)
        x = library.load(file)["x"]
        assert x.is_meta and tuple(x.shape) == (2, 3)


def test_shapes_that_values_decide():
    x = wengert.ones(3, device="meta")
    for f in (lambda: x.nonzero(), lambda: x[x > 0]):
        with pytest.raises(NotImplementedError, match="attempted to run this operator with Meta tensors"):
            f()


def test_modules():
    def f(t):
        with t.device("meta"):
            model = network(t)
            x = t.randn(5, 1, 4, 4)
        y = model(x)
        y.sum().backward()
        gradients = [(tuple(p.grad.shape), p.grad.dtype, p.grad.is_meta) for p in model.parameters()]
        return [*model.parameters(), *model.buffers(), gradients, y, t.ones(1)]

    same(f)


def test_operators_are_what_they_were_after_a_mode():
    with wengert.device("meta"):
        wengert.nn.Parameter(wengert.ones(3))
    for x in (wengert.ones(3), wengert.nn.Parameter(wengert.ones(3)).detach()):
        with pytest.raises(TypeError, match="unsupported operand type"):
            x += None
        with pytest.raises(TypeError, match="unsupported operand type"):
            x + None


def test_materialised():
    with wengert.device("meta"):
        model = network(wengert)
    other = network(wengert)
    with pytest.raises(NotImplementedError, match="Please use torch.nn.Module.to_empty"):
        copy.deepcopy(model).to("cpu")
    model.to_empty(device="cpu").load_state_dict(other.state_dict())
    x = wengert.randn(2, 1, 4, 4)
    assert wengert.equal(model.eval()(x), other.eval()(x))


def test_assigned():
    with wengert.device("meta"):
        model = network(wengert)
    other = network(wengert)
    model.load_state_dict(other.state_dict(), assign=True)
    assert all(not p.is_meta for p in model.parameters())
    x = wengert.randn(2, 1, 4, 4)
    assert wengert.equal(model.eval()(x), other.eval()(x))


def test_default_device():
    def f(t):
        t.set_default_device("meta")
        try:
            with t.device("cpu"):
                inner = t.ones(1), t.tensor([1])
            return t.get_default_device(), t.ones(1), t.tensor([1]), inner
        finally:
            t.set_default_device(None)

    same(f)
    same(lambda t: (t.get_default_device(), t.ones(1)))
