"""torch._subclasses: the class of torch's fake tensors, of which there are none here."""

import sys

from ._facade.refusal import refuse


class FakeTensor:
    """What torch's tracers hand out in place of tensors; nothing in wengert is one."""


FunctionalTensor = FakeTensor
FakeTensorMode = refuse("torch._subclasses.FakeTensorMode", "shapes are known by computing")


def is_fake(x):
    """False.

    >>> is_fake(3)
    False
    """
    return False


fake_tensor = functional_tensor = sys.modules[__name__]
