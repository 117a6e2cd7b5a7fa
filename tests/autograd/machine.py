"""Random programs of ops, views, writes, hooks and backward passes, run by wengert, by the twin and (where it is there) by torch."""

import numpy as np

import wengert as wg

from . import twin

try:
    import torch
except ImportError:
    torch = None

SHAPES = ((3,), (2, 3), (1, 3), ())
PARTS = (lambda t: t[0], lambda t: t[-1:], lambda t: t[::2], lambda t: t.T)


def _together(a, b):
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


class Slot:
    """One value in every library; of a view the slot of its base and its flat positions there."""

    def __init__(self, values, var, base=None, index=None):
        self.values, self.var, self.base, self.index = values, var, base, index
        self.broken = False  # a library refused something about it: no more to be said


class Machine:
    """A program in the making."""

    def __init__(self):
        self.libraries = [wg] if torch is None else [wg, torch]
        self.slots, self.log = [], []
        self.count = 0

    def pick(self, k):
        return self.slots[k % len(self.slots)]

    def add(self, values, var, **more):
        slot = Slot(values, var, **more)
        self.slots.append(slot)
        self.compare(slot)

    def compare(self, slot):
        for lib, t in zip(self.libraries, slot.values):
            assert np.allclose(t.detach().numpy(), slot.var.data), (lib.__name__, self.log)
            assert t.requires_grad == slot.var.requires_grad, (lib.__name__, "requires_grad", self.log)

    def leaf(self, shape, seed, requires_grad=True):
        """A new leaf."""
        data = np.random.default_rng(seed).uniform(-1, 1, SHAPES[shape % len(SHAPES)])
        self.log.append(("leaf", data.shape))
        values = [lib.tensor(data.tolist(), dtype=lib.float64, requires_grad=requires_grad) for lib in self.libraries]
        self.add(values, twin.Var(data, leaf=requires_grad))

    def unary(self, name, k, recording=True):
        """An elementwise function, perhaps under no_grad."""
        slot = self.pick(k)
        self.log.append((name, k % len(self.slots), recording))
        values = []
        for lib, t in zip(self.libraries, slot.values):
            with lib.set_grad_enabled(recording):
                values.append(getattr(lib, name)(t))
        self.add(values, twin.unary(recording, name, slot.var))

    def binary(self, name, j, k):
        """An elementwise function of two values that broadcast."""
        a, b = self.pick(j), self.pick(k)
        if _together(a.var.data.shape, b.var.data.shape) is None:
            return
        self.log.append((name, j % len(self.slots), k % len(self.slots)))
        self.add(
            [getattr(lib, name)(x, y) for lib, x, y in zip(self.libraries, a.values, b.values)],
            twin.binary(True, name, a.var, b.var),
        )

    def detach(self, k):
        """A copy without history."""
        slot = self.pick(k)
        self.log.append(("detach", k % len(self.slots)))
        self.add([t.detach().clone() for t in slot.values], twin.Var(slot.var.data.copy()))

    def view(self, part, k):
        """Part of a value; it shares its memory."""
        slot, f = self.pick(k), PARTS[part % len(PARTS)]
        if slot.var.data.ndim == 0 or (part % len(PARTS) == 3 and slot.var.data.ndim != 2):
            return
        base = slot.base or slot
        positions = np.arange(base.var.data.size).reshape(base.var.data.shape) if slot.base is None else slot.index
        index = f(positions)
        self.log.append(("view", part % len(PARTS), k % len(self.slots)))
        self.add([f(t) for t in slot.values], twin.view(True, base.var, index), base=base, index=index)

    def write(self, k, value, scale):
        """slot.mul_(scale).add_(value), refused for leaves (and views of leaves) that require grad."""
        slot, by = self.pick(k), self.pick(value)
        base = slot.base or slot
        shape = slot.var.data.shape
        if by.var.data.ndim > len(shape) or _together(by.var.data.shape, shape) != shape or (by.base or by) is base:
            return
        self.log.append(("write", k % len(self.slots), value % len(self.slots), scale))
        refused = base.var.leaf
        for lib, t, v in zip(self.libraries, slot.values, by.values):
            try:
                t.mul_(scale).add_(v)
            except RuntimeError as error:
                if not refused and lib is torch and slot.base is not None:
                    raise Refused("torch takes a view for a leaf when its base only later required grad") from error
                assert refused and "leaf Variable" in str(error), (lib.__name__, error, self.log)
            else:
                assert not refused, (lib.__name__, "was not refused", self.log)
        if refused:
            return
        index = np.arange(base.var.data.size).reshape(shape) if slot.base is None else slot.index
        base.var = twin.written(base.var, index, by.var, scale)
        for s in self.slots:
            if s.base is base:
                s.var = twin.view(True, base.var, s.index)
        for s in self.slots:
            if s is base or s.base is base:
                self.compare(s)

    def hook(self, k):
        """A hook that doubles the gradient."""
        slot = self.pick(k)
        if not slot.var.requires_grad or slot.base is not None:
            return
        self.log.append(("hook", k % len(self.slots)))
        for t in slot.values:
            t.register_hook(lambda g: g * 2)
        slot.var.hooks.append(lambda g: g * 2)

    def backward(self, k, retain=True):
        """The gradients of the sum; all libraries agree, also on refusing."""
        slot = self.pick(k)
        if not slot.var.requires_grad:
            return
        self.log.append(("backward", k % len(self.slots), retain))
        refusals = []
        for t in slot.values:
            try:
                t.sum().backward(retain_graph=retain)
                refusals.append(None)
            except RuntimeError as error:
                refusals.append("inplace operation" if "inplace operation" in str(error) else str(error)[:60])
        assert len(set(refusals)) == 1, (refusals, self.log)
        self.count += 1
        if refusals[0] is not None:
            raise Refused(refusals[0])
        twin.backward(slot.var, np.ones_like(slot.var.data))
        for s in self.slots:
            if s.var.leaf:
                for lib, t in zip(self.libraries, s.values):
                    want = s.var.grad
                    assert (t.grad is None) == (want is None), (lib.__name__, self.log)
                    if want is not None:
                        assert np.allclose(t.grad.detach().numpy(), want), (lib.__name__, t.grad, want, self.log)


class Refused(Exception):
    """A backward pass was refused by all: a saved value was overwritten, or the graph was freed. The program ends."""


UNARY, BINARY = ("sin", "tanh", "square", "neg"), ("add", "sub", "mul")


def step(machine, kind, a, b, c):
    """One step of a program, from four numbers."""
    if not machine.slots or kind == 0:
        return machine.leaf(a, b, requires_grad=c % 4 != 0)
    if kind in (1, 2):
        return machine.unary(UNARY[a % 4], b, recording=c % 5 != 0)
    if kind in (3, 4):
        return machine.binary(BINARY[a % 3], b, c)
    if kind == 5:
        return machine.detach(a)
    if kind == 6:
        return machine.view(a, b)
    if kind in (7, 8):
        return machine.write(a, b, (0.5, 2.0, 1.0)[c % 3])
    if kind == 9:
        return machine.hook(a)
    return machine.backward(a, retain=b % 4 != 0)
