"""Subclasses of Tensor and foreign classes with __torch_function__: units, a log of calls, a mode that counts."""

import collections

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode


class Metres(torch.Tensor):
    """A tensor whose results are lengths too."""


class Logged(torch.Tensor):
    calls = collections.Counter()

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls[func.__name__] += 1
        return super().__torch_function__(func, types, args, kwargs or {})


class Diagonal:
    """A diagonal matrix that stores one number and its size."""

    handled = {}

    def __init__(self, size, value):
        self.size, self.value = size, value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in cls.handled:
            return NotImplemented
        return cls.handled[func](*args, **(kwargs or {}))


Diagonal.handled[torch.mean] = lambda d: torch.tensor(d.value / d.size)
Diagonal.handled[torch.matmul] = lambda d, x: d.value * x


class Count(TorchFunctionMode):
    def __init__(self):
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


torch.manual_seed(0)
a = torch.tensor([1.0, 2.0, 3.0]).as_subclass(Metres)
print(a, a * 2, type(a.sum()).__name__, type(a[0]).__name__, type(torch.stack([a, a])).__name__)
print(a.max(0), isinstance(a + torch.ones(3), Metres))

x = torch.randn(4, 3).as_subclass(Logged).requires_grad_()
w = torch.nn.Parameter(torch.randn(2, 3))
for step in range(3):
    loss = F.mse_loss(torch.tanh(F.linear(x, w)), torch.ones(4, 2)) + w.pow(2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
    print(f"{step}: {loss.item():.4f} {type(loss).__name__}")
print(sorted(Logged.calls.items()))

d = Diagonal(4, 2.0)
print(torch.mean(d), torch.matmul(d, torch.ones(4)))
try:
    torch.add(d, 1)
except TypeError as error:
    print(str(error).splitlines()[0])

with Count() as count:
    y = torch.ones(2, 2) @ torch.full((2, 2), 2.0) + 1
    F.softmax(y, dim=-1)
print(count.names)
