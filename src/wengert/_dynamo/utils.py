"""torch._dynamo.utils: what programs ask of the compiler."""


def is_compile_supported(device_type):
    """Whether `torch.compile` takes functions for the device; here it gives them back as they are.

    >>> is_compile_supported("cpu"), is_compile_supported("cuda")
    (True, False)
    """
    return device_type == "cpu"
