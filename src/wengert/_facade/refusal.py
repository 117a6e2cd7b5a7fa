"""Functions that refuse: for parts of torch that can be imported here, but not used."""


def refuse(name, reason, error=NotImplementedError):
    """A function named as torch's that raises when it is called.

    >>> refuse("torch.hub.load", "it runs code from the network")()
    Traceback (most recent call last):
    ...
    NotImplementedError: torch.hub.load is not in wengert: it runs code from the network
    """

    def refusing(*args, **kwargs):
        raise error(f"{name} is not in wengert: {reason}")

    refusing.__name__ = refusing.__qualname__ = name.rpartition(".")[2]
    refusing._wengert_refuses = reason  # `wengert check` lists the name as missing
    refusing.__doc__ = f"Not in wengert: {reason}."
    return refusing


def fail(message, error):
    """A function that raises torch's own error for a device that is not there.

    >>> fail("Torch not compiled with CUDA enabled", AssertionError)()
    Traceback (most recent call last):
    ...
    AssertionError: Torch not compiled with CUDA enabled
    """

    def failing(*args, **kwargs):
        raise error(message)

    failing.__doc__ = f"Raises {error.__name__}: {message}."
    return failing
