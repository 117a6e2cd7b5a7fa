"""Subclasses of Tensor, foreign classes and modes take calls over as in torch: the same program in both."""

import importlib
import threading

import pytest

import wengert

PROGRAM = """
log = []

class Logging(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})

class Plain(torch.Tensor):
    pass

class Below(Plain):
    pass

class Other(torch.Tensor):
    pass

class Foreign:
    def __init__(self, value):
        self.value = value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        log.append((func.__name__, [t.__name__ for t in types]))
        plain = [a.value if isinstance(a, Foreign) else a for a in args]
        return Foreign(func(*plain, **(kwargs or {})))

class Declines:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented

def kind(value):
    return type(value).__name__

def error(function):
    try:
        return kind(function())
    except TypeError as problem:
        return str(problem)

x, y = torch.tensor([1.0, -2.0, 3.0]).as_subclass(Logging), torch.ones(3)
answers = [
    kind(value)
    for value in (
        x + 1, 1 + x, y + x, 1 - x, -x, abs(x), x[0], x[x > 0], x == y, y < x, x @ y, x**2, 2**x, x / 2, x % 2, ~(x > 0),
        (x > 0) & (y > 0), torch.add(x, 1), x.sum(), torch.stack([x, y]), torch.cat((x, y)), torch.where(y > 0, x, y),
        F.relu(x), F.linear(x, torch.ones(2, 3)), F.mse_loss(x, y), F.layer_norm(x, (3,)), torch.einsum("i,i->", x, y),
        x.detach(), x.data, x.float(), x[None].T, x.clone(), torch.zeros_like(x), x.split(1)[0], next(iter(x)),
        torch.max(x, 0).values, torch.nn.Linear(3, 2)(x), x.shape, x.item() if x.numel() == 1 else x.dim(),
        torch.nn.Parameter(torch.ones(2)) + 1,
    )
]
x[0] = 5.0
x += 1
answers += [x.tolist(), log[:]]

p = torch.ones(2).as_subclass(Plain)
answers += [
    kind(p + torch.ones(2).as_subclass(Below)), repr(p + 1), kind(Plain([1, 2])), Plain(2).shape,
    error(lambda: p + torch.ones(2).as_subclass(Other)), kind(torch.nn.Parameter(torch.ones(2)) + p),
    kind(torch.Tensor._make_subclass(Plain, torch.ones(2), True)), isinstance(p * 2, Plain), torch.is_tensor(p),
]
leaf = torch.ones(2, requires_grad=True)
sub = leaf.as_subclass(Plain)
(sub * sub).sum().backward()
answers += [leaf.grad.tolist(), kind(leaf.grad), type(sub.grad_fn).__name__]
base = torch.zeros(3)
view = base.as_subclass(Plain)[1:]
view.add_(1)
answers += [base.tolist(), kind(view), view.add_(1) is view]

log.clear()
f = Foreign(torch.ones(2))
answers += [
    kind(torch.add(f, 1)), kind(torch.add(y[:2], f)), kind(F.relu(f)), kind(F.mse_loss(f, f)), kind(y[:2] + f),
    kind(torch.mean(f)), log[:],
    error(lambda: torch.add(Declines(), 1)), error(lambda: F.relu(Declines())), error(lambda: torch.mean(Declines())),
    overrides.has_torch_function((f,)), overrides.has_torch_function((y, 1)), overrides.is_tensor_like(f),
]

class Counting(overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        log.append(func.__name__)
        return func(*args, **(kwargs or {}))

log.clear()
with Counting():
    z = torch.ones(2, 2) @ torch.ones(2, 2) + 1
    F.softmax(z, dim=0)
answers += [log[:], kind(z + 1), len(log)]
"""


def run(library):
    space = {
        "torch": importlib.import_module(library),
        "F": importlib.import_module(f"{library}.nn.functional"),
        "overrides": importlib.import_module(f"{library}.overrides"),
    }
    exec(PROGRAM, space)  # noqa: S102 (the same text in both libraries)
    return space["answers"]


def test_calls_are_taken_over_as_in_torch():
    pytest.importorskip("torch")
    ours = [str(a).replace("wengert.", "") for a in run("wengert")]
    theirs = [str(a).replace("torch.", "") for a in run("torch")]
    assert len(ours) == len(theirs) > 60
    for position, (one, other) in enumerate(zip(ours, theirs)):
        assert one.replace("torch.", "") == other, position


OPERATORS = """
names = []

class Logging(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        names.append((func.__name__, [type(a).__name__ for a in args]))
        return super().__torch_function__(func, types, args, kwargs or {})

x, n = torch.tensor([1.0, -2.0]).as_subclass(Logging), torch.tensor([1, 2]).as_subclass(Logging)
answers = [
    value.tolist()
    for value in (3 // x, 3 % x, 3 << n, 3 >> n, 3 & n, 3 | n, 3 ^ n, 3 - x, 3 + x, 3 * x, 3**n, x.__rfloordiv__(3), x // 3)
] + names
"""


@pytest.mark.parametrize("busy", [False, True], ids=["", "a mode is on in another thread"])
def test_numbers_before_operators(busy):
    pytest.importorskip("torch")
    theirs = {"torch": importlib.import_module("torch")}
    ours = {"torch": wengert}
    exec(OPERATORS, theirs)  # noqa: S102 (the same text in both libraries)
    on, off = threading.Event(), threading.Event()

    def elsewhere():
        with wengert.overrides.BaseTorchFunctionMode():
            on.set()
            off.wait()

    thread = threading.Thread(target=elsewhere)
    try:
        if busy:
            thread.start()
            on.wait()
        exec(OPERATORS, ours)  # noqa: S102
    finally:
        off.set()
        if busy:
            thread.join()
    assert ours["answers"] == theirs["answers"]


def test_plain_tensors_stay_plain_beside_a_subclass():
    class Marked(wengert.Tensor):
        pass

    assert type(wengert.ones(2).as_subclass(Marked) + 1) is Marked
    assert type(wengert.ones(2) + 1) is wengert.Tensor


def test_as_subclass_refuses_other_classes():
    with pytest.raises(TypeError, match="class that does not inherit from Tensor is not possible"):
        wengert.ones(2).as_subclass(int)


def test_slots_of_a_subclass_are_kept():
    class Slotted(wengert.Tensor):
        __slots__ = ("mark",)

    made = wengert.arange(3.0).as_subclass(Slotted)
    made.mark = "here"
    assert made.mark == "here" and made.tolist() == [0, 1, 2] and type(made) is Slotted


def test_errors_about_arguments_name_the_method_also_once_calls_may_be_taken_over():
    class Takes(wengert.Tensor):
        pass

    wengert.ones(2).as_subclass(Takes) + 1
    with pytest.raises(TypeError, match=r"^Tensor\.backward\(\) got an unexpected keyword argument 'foo'"):
        wengert.ones((), requires_grad=True).backward(foo=1)


def test_questions_about_an_object_are_not_taken_over():
    class Lazy:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise NotImplementedError(func.__name__)

    with pytest.raises(NotImplementedError, match="^add$"):
        wengert.add(Lazy(), 1)
    assert not wengert.is_tensor(Lazy()) and not wengert.is_storage(Lazy())


def test_functions_can_be_pickled_after_a_class_has_taken_calls_over():
    import pickle

    class Taking(wengert.Tensor):
        pass

    wengert.nn.functional.relu(wengert.ones(2).as_subclass(Taking))
    for function in (wengert.nn.functional.relu, wengert.nn.functional.softsign, wengert.einsum):
        assert pickle.loads(pickle.dumps(function)) is function
