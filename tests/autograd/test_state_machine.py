"""A state machine that writes programs and compares wengert with a naive twin, and with torch where it is installed."""

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from .machine import BINARY, UNARY, Machine, Refused, step

small = st.integers(0, 11)


class Programs(RuleBasedStateMachine):
    """Rules are the steps of a program."""

    def __init__(self):
        super().__init__()
        self.machine, self.over = Machine(), False

    @initialize(shape=small)
    def begin(self, shape):
        self.machine.leaf(shape, 0)

    @rule(shape=small, seed=st.integers(0, 99), grad=st.booleans())
    def leaf(self, shape, seed, grad):
        self.machine.leaf(shape, seed, grad)

    @rule(name=st.sampled_from(UNARY), k=small, recording=st.booleans())
    def unary(self, name, k, recording):
        self.machine.unary(name, k, recording)

    @rule(name=st.sampled_from(BINARY), j=small, k=small)
    def binary(self, name, j, k):
        self.machine.binary(name, j, k)

    @rule(part=small, k=small)
    def view(self, part, k):
        self.machine.view(part, k)

    @rule(k=small)
    def detach(self, k):
        self.machine.detach(k)

    @rule(k=small, value=small, scale=st.sampled_from((0.5, 2.0)))
    def write(self, k, value, scale):
        self.machine.write(k, value, scale)

    @rule(k=small)
    def hook(self, k):
        self.machine.hook(k)

    @precondition(lambda self: not self.over)
    @rule(k=small, retain=st.booleans())
    def backward(self, k, retain):
        try:
            self.machine.backward(k, retain)
        except Refused:
            self.over = True


TestPrograms = Programs.TestCase
TestPrograms.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def program(seed, length=20):
    """One program from a seed; returns how many of its backward passes were compared."""
    draw, machine = random.Random(seed), Machine()
    try:
        for _ in range(length):
            step(machine, *(draw.randrange(n) for n in (11, 12, 12, 12)))
        machine.backward(len(machine.slots) - 1)
    except Refused:
        pass
    return machine.count


@pytest.mark.parametrize("block", range(4))
def test_seeds(block):
    assert sum(program(seed) for seed in range(block * 75, block * 75 + 75)) > 75
