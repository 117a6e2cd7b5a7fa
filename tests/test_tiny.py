"""The whole library in two seconds: what must work before anything else is worth running."""

import io

import wengert as wg


def test_values_and_dtypes():
    x = wg.arange(6.0).reshape(2, 3)
    assert (x.T @ wg.ones(2)).tolist() == [3.0, 5.0, 7.0]
    assert (wg.tensor([1, 2]) / 2).dtype == wg.float32 and (wg.tensor([1, 2]) + 1.5).dtype == wg.float32
    assert x.sum(1, keepdim=True).shape == (2, 1) and x.max().item() == 5
    assert x[:, [2, 0]].tolist() == [[2.0, 0.0], [5.0, 3.0]] and x[x > 3].tolist() == [4.0, 5.0]


def test_first_and_second_derivatives():
    x = wg.tensor([0.5, 2.0], requires_grad=True, dtype=wg.float64)
    (g,) = wg.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = wg.autograd.grad(g.sum(), x)
    assert g.tolist() == [0.75, 12.0] and h.tolist() == [3.0, 12.0]
    assert wg.autograd.gradcheck(lambda a: (a.sin() * a.exp()).sum(), x)


def test_views_share_and_count_versions():
    x = wg.zeros(2, 2)
    x[0].fill_(3)
    x.T[1, 0] = 5
    assert x.tolist() == [[3.0, 5.0], [0.0, 0.0]] and x._version == 2


def test_a_write_into_what_is_saved_is_refused():
    x = wg.ones(3, requires_grad=True)
    y = x.exp()
    y.mul_(2)
    try:
        y.sum().backward()
    except RuntimeError as refusal:
        assert "modified by an inplace operation" in str(refusal)
    else:
        raise AssertionError("not refused")


def test_training_goes_down():
    from wengert import nn, optim

    wg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    x = wg.rand(64, 2)
    y = (x[:, :1] * x[:, 1:]).detach()
    losses = []
    for optimizer in (optim.Adam(model.parameters(), lr=0.02), optim.SGD(model.parameters(), lr=0.05, momentum=0.9)):
        for _ in range(60):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0] / 10
    file = io.BytesIO()
    wg.save(model.state_dict(), file)
    file.seek(0)
    again = wg.load(file)
    assert all((again[k] == v).all() for k, v in model.state_dict().items())


def test_layers_run_forth_and_back():
    from wengert.nn import functional as F

    image = wg.rand(2, 3, 8, 8, requires_grad=True)
    kernel, bias = wg.rand(4, 3, 3, 3, requires_grad=True), wg.zeros(4, requires_grad=True)
    y = F.max_pool2d(F.relu(F.conv2d(image, kernel, bias, padding=1)), 2)
    y = F.layer_norm(y.flatten(1), (64,))
    F.cross_entropy(y, wg.tensor([3, 9])).backward()
    assert image.grad.shape == image.shape and kernel.grad.isfinite().all() and bias.grad.shape == (4,)


def test_own_functions_and_hooks():
    class Double(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    seen = []
    x = wg.ones(2, requires_grad=True)
    y = Double.apply(x)
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0] and seen == [[1.0, 1.0]]


def test_linear_algebra_and_sorting():
    a = wg.tensor([[4.0, 1.0], [1.0, 3.0]], requires_grad=True)
    assert wg.allclose(wg.linalg.solve(a, a @ wg.ones(2)), wg.ones(2))
    wg.linalg.det(a).backward()
    assert wg.allclose(a.grad, wg.tensor([[3.0, -1.0], [-1.0, 4.0]]))
    values, where = wg.tensor([3, 1, 2]).sort()
    assert values.tolist() == [1, 2, 3] and where.tolist() == [1, 2, 0]
