"""Functions that torch offers for accelerators only: present, and refusing when they are called."""


def _refuse(name):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"{name}: needs an accelerator, wengert computes on the CPU")

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"{name} is for accelerators; calling it raises NotImplementedError."
    return refuse


scaled_mm = _refuse("scaled_mm")
scaled_grouped_mm = _refuse("scaled_grouped_mm")
