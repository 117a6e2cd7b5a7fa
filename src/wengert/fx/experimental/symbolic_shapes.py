"""torch.fx.experimental.symbolic_shapes: sizes are numbers here, so that questions about them have answers."""

guard_or_false = guard_or_true = guard_size_oblivious = bool


def statically_known_true(x):
    """Whether something known holds."""
    return bool(x)
