"""Switches for how modules convert their parameters: in place, as new ones, or by exchanging them."""

_settings = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value):
    """Whether `module.to(...)` makes new parameters rather than changing those there are (default: no).

    >>> set_overwrite_module_params_on_conversion(False)
    """
    _settings["overwrite"] = value


def get_overwrite_module_params_on_conversion():
    """What set_overwrite_module_params_on_conversion said last.

    >>> get_overwrite_module_params_on_conversion()
    False
    """
    return _settings["overwrite"]


def set_swap_module_params_on_conversion(value):
    """Whether `module.to(...)` and load_state_dict exchange parameters with new ones by utils.swap_tensors.

    >>> set_swap_module_params_on_conversion(False)
    """
    _settings["swap"] = value


def get_swap_module_params_on_conversion():
    """What set_swap_module_params_on_conversion said last.

    >>> get_swap_module_params_on_conversion()
    False
    """
    return _settings["swap"]
