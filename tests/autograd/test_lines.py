"""Errors of autograd name lines: where the graph was cut, where a tensor was saved, overwritten or carried over.

The programs mark the line that must be named with a comment; the messages show the code of their lines.
"""

import copy
import warnings

import pytest

import wengert as wg
from wengert import nn

X = wg.ones(3, requires_grad=True)


def _argmax():
    y = (X * 2).argmax()  # named
    return y + 1.0


def _comparison():
    right = (X > 0.5).float()  # named
    return right.mean()


def _under_no_grad():
    with wg.no_grad():
        h = X * 2  # named
        h = h + 1
    return h.sum() * 3


@wg.no_grad()
def _decorated(x):
    return x * 2  # named


def _written_under_no_grad():
    buffer = wg.zeros(3)
    with wg.no_grad():
        buffer[1] = X[1] * 2  # named
    return buffer.sum()


def _inference():
    with wg.inference_mode():
        h = X * 2  # named
    return h.sum()


def _detached():
    return wg.stack([wg.ones(3), (X * 2).detach()]).sum()  # named


def _data():
    return X.data.sum()  # named


def _integers():
    n = (X * 2).long()  # named
    return n.sum()


def _indices():
    i = X.max(0)[1]  # named
    return i * 1.0


def _rebuilt():
    return wg.tensor([X[0], X[1]]).sum()  # named


def _number():
    loss = (X * 2).sum().item()  # named
    return wg.tensor(loss)


def _first_derivative():
    (g,) = wg.autograd.grad((X**2).sum(), X)  # named
    return g.sum()


def _of_a_function():
    class Twice(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.mark_non_differentiable(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g

    return Twice.apply(X).sum()  # named


CUTS = [
    (_argmax, "made by argmax (no derivative)"),
    (_comparison, "made by gt (no derivative)"),
    (_under_no_grad, "made under no_grad"),
    (lambda: _decorated(X).sum(), "made under no_grad"),
    (_written_under_no_grad, "made under no_grad"),
    (_inference, "made under inference_mode"),
    (_detached, "`.detach()`"),
    (_data, "`.data`"),
    (_integers, "made by to (integer result)"),
    (_indices, "made by max (integer result)"),
    (_rebuilt, "rebuilt by tensor(...)"),
    (_number, "a number taken out by `.item()`"),
    (_first_derivative, "a gradient made without create_graph=True"),
    (_of_a_function, "an autograd.Function's output without a derivative"),
]


@pytest.mark.parametrize("program,how", CUTS, ids=[how for _, how in CUTS])
def test_the_error_names_what_cut_the_graph(program, how):
    loss = program()
    for act in (loss.backward, lambda: wg.autograd.grad(loss, X), lambda: wg.autograd.backward([loss])):
        with pytest.raises(RuntimeError) as caught:
            act()
        first, cut, *_ = str(caught.value).split("\n")
        assert first == "element 0 of tensors does not require grad and does not have a grad_fn"
        assert cut.startswith(f"  cut: {how} at ") and cut.endswith("# named") and "test_lines.py:" in cut
    assert str(wg.why(loss)).startswith(f"does not require grad: {how} at ")


def test_without_a_cut_nothing_is_blamed():
    with pytest.raises(RuntimeError, match="nothing that it was made of requires grad"):
        (wg.ones(3) * 2).sum().backward()


def test_a_result_with_a_history_is_not_cut():
    y = (X.detach() * X).sum()
    y.backward()
    assert "cut" not in str(wg.why(X))


def _message(act):
    with pytest.raises(RuntimeError) as caught:
        act()
    return str(caught.value).split("\n")


def test_a_hidden_state_that_is_carried_over_is_named():
    w, h = wg.ones(3, requires_grad=True), wg.zeros(3)

    def train():
        nonlocal h
        for _ in range(2):
            h = wg.tanh(w * (h + 1))  # named
            h.sum().backward()

    lines = _message(train)
    carried = next(line for line in lines if "earlier iteration" in line)
    assert "`h` made by TanhBackward0" in carried and carried.endswith("# named")
    fix = lines[-1]
    assert "h = h.detach()" in fix and fix.index("detach") < fix.index("retain_graph")


def test_a_graph_shared_by_two_losses_names_the_shared_tensor():
    make, judge = nn.Linear(3, 3), nn.Linear(3, 1)
    fake = make(wg.ones(1, 3))  # named
    judge(fake).sum().backward()
    lines = _message(lambda: judge(fake).sum().backward())
    assert any("`fake` made by AddmmBackward0" in line and line.endswith("# named") for line in lines)


def test_the_same_graph_twice_says_so():
    loss = (X**2).sum()
    loss.backward()
    assert any("all of the graph was freed" in line for line in _message(loss.backward))


def test_an_overwritten_tensor_shows_both_lines():
    y = X.exp()  # saved
    y.add_(1)  # written
    lines = _message(lambda: y.sum().backward())
    assert any(line.startswith("  created at ") and line.endswith("# saved") for line in lines)
    assert any(line.startswith("  overwritten at ") and line.endswith("# written") for line in lines)


def test_a_step_between_two_backward_passes_is_named():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    optimizer = wg.optim.SGD(model.parameters(), lr=0.1)
    loss = model(wg.ones(1, 3)).sum()
    loss.backward(retain_graph=True)
    optimizer.step()  # written
    lines = _message(loss.backward)
    assert any(line.startswith("  overwritten at ") and line.endswith("optimizer.step()  # written") for line in lines)
    assert "after every backward()" in lines[-1]


def test_other_errors_name_the_line_of_their_tensor():
    parts = (X * 1).split(1)  # named
    assert _message(lambda: parts[0].mul_(2))[1].endswith("# named")
    row = X[0:1]  # named
    assert _message(lambda: row.mul_(2))[1].endswith("# named")
    y = X * 2  # named
    assert _message(lambda: y.backward())[1].endswith("# named")
    assert _message(lambda: y.requires_grad_(False))[1].endswith("# named")
    cut = X.detach()  # named
    assert _message(lambda: cut.register_hook(print))[1].endswith("# named")
    assert _message(lambda: cut.retain_grad())[1].endswith("# named")
    assert _message(lambda: wg.autograd.grad(X.sum(), cut))[1].endswith("# named")
    z = (X * cut).sum()
    other = wg.ones(1, requires_grad=True)
    assert any(line.endswith("# named") for line in _message(lambda: wg.autograd.grad(z, other)))


def test_why_on_a_training_loop_with_a_cut_in_the_middle():
    wg.manual_seed(0)
    encoder, head = nn.Linear(3, 3), nn.Linear(3, 1)
    optimizer = wg.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
    for _ in range(2):
        h = encoder(wg.ones(2, 3)).relu()
        code = h.detach()  # named
        loss = head(code).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for answer in (wg.why(encoder.weight), wg.why(encoder.weight, loss), wg.why(encoder)):
        assert "grad is None" in str(answer) and "`.detach()`" in str(answer) and "# named" in str(answer)
    assert str(wg.why(head.weight)).startswith("grad is finite and not all zero")
    assert "weight: grad is finite and not all zero" in str(wg.why(head))


def test_why_names_the_op_that_made_a_gradient_zero_nan_or_inf():
    w = wg.ones(3, requires_grad=True)
    loss = (-w).relu().sum()  # dead
    loss.backward()
    assert "all zero" in str(wg.why(w)) and "ReluBackward0" in str(wg.why(w)) and "# dead" in str(wg.why(w, loss))
    v = wg.zeros(3, requires_grad=True)
    root = v.sqrt().sum()  # steep
    root.backward()
    assert "3 inf of 3" in str(wg.why(v, root)) and "SqrtBackward0" in str(wg.why(v, root))
    u = wg.zeros(2, requires_grad=True)
    entropy = (u * u.log()).sum()
    entropy.backward()
    assert "2 nan of 2" in str(wg.why(u)) and "LogBackward0" in str(wg.why(u))


def test_a_warning_free_copy_of_a_tensor_is_a_cut_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = wg.tensor(X * 2)
    assert "rebuilt by tensor(...)" in str(wg.why(made))


def test_grad_dtype_decides_what_is_accumulated():
    x = wg.ones(2, requires_grad=True)
    x.grad_dtype = wg.float64
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.dtype == wg.float64 and x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(
        RuntimeError, match="Cannot set grad_dtype to 'Float' because there is already a gradient with dtype 'double'"
    ):
        x.grad_dtype = wg.float32
    with pytest.raises(RuntimeError, match="grad_dtype can only be set on leaf tensors."):
        (x * 2).grad_dtype = wg.float64


def test_a_hook_that_returns_nonsense_is_told_where_it_sits():
    y = X * 2  # named
    y.register_hook(lambda g: wg.ones(7))
    lines = _message(lambda: y.sum().backward())
    assert lines[0] == "hook '<lambda>' has changed the size of value"
    assert lines[1] == "  the hook is on the result of MulBackward0" and lines[2].endswith("# named")
    assert "likeliest fix: return None" in lines[3]


def test_a_tensor_used_as_one_without_a_history_names_its_line():
    y = X * 2  # named
    for act in (y.numpy, lambda: copy.deepcopy(y), lambda: y.backward(wg.ones(7))):
        assert any("made by MulBackward0" in line and line.endswith("# named") for line in _message(act)[1:])


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("inf", [False, True])
def test_anomaly_mode_looks_at_the_forward_pass_when_asked(inf):
    zero = wg.zeros(2, requires_grad=True)

    def nan():
        return zero / zero  # named

    def infinite():
        return zero.log()  # named

    with wg.autograd.detect_anomaly(check_forward=True, check_inf=inf):
        first, where, fix = _message(nan)
        assert first == "Function 'div' returned nan values in its 0th output, in the forward pass."
        assert where.endswith("# named") and "add an eps" in fix
        if inf:
            assert "Function 'log' returned inf values" in _message(infinite)[0]
            taken = wg.full((2,), float("inf"), requires_grad=True)
            assert "an input had inf before" in _message(lambda: taken * 2)[-1]
        else:
            infinite()
    with wg.autograd.detect_anomaly(check_inf=inf):
        nan()  # only backward passes are looked at
        if inf:
            assert "Function 'SqrtBackward0' returned inf values" in _message(lambda: zero.sqrt().sum().backward())[0]
            zero.grad = None


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_anomaly_mode_looks_at_the_forward_pass_of_functions():
    class Bad(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x / 0

        @staticmethod
        def backward(ctx, g):
            return g

    with wg.autograd.detect_anomaly(check_forward=True, check_inf=True):
        lines = _message(lambda: Bad.apply(X))  # named
    assert lines[0] == "Function 'BadBackward' returned inf values in its 0th output, in the forward pass."
    assert lines[1].endswith("# named")
