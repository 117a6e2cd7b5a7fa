"""torch.utils._mode_utils: a question about modes that libraries ask."""


def all_same_mode(modes):
    """Whether all of some modes are equal to the first.

    >>> all_same_mode([1, 1])
    True
    """
    return all(mode == modes[0] for mode in modes)
