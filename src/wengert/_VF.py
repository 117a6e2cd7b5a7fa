"""torch._VF: torch's functions under the name that modules written to be scripted use."""


def __getattr__(name):
    import wengert

    return getattr(wengert, name)
