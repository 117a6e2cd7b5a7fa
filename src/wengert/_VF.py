"""torch._VF: torch's functions under the name that modules written to be scripted use."""


def __getattr__(name):
    import wengert

    if hasattr(wengert, name):
        return getattr(wengert, name)
    return getattr(wengert.ops.aten, name)  # those that torch keeps out of its own names
