"""torch._jit_internal: what modules written to be scripted import; scripted functions stay Python here."""

from typing import Any, Dict, Final, List, Optional, Tuple, Union  # noqa: F401, UP035 (names of the module)

from .jit import Future, export, ignore, is_scripting, unused  # noqa: F401


class BroadcastingListCls:
    """Stands in signatures for one number or a list of as many as its name says."""

    def __getitem__(self, types):
        return None


BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = BroadcastingListCls()
BroadcastingList4 = BroadcastingList5 = BroadcastingList6 = BroadcastingList1


def _copy_to_script_wrapper(fn):
    """The function itself."""
    return fn


_overload = _overload_method = _drop = _copy_to_script_wrapper


def boolean_dispatch(arg_name, arg_index, default, if_true, if_false, module_name, func_name):
    """A function that calls one of two, by the truth of one argument.

    >>> count = boolean_dispatch("pair", 1, False, lambda x, pair: 2, lambda x, pair=False: 1, "m", "count")
    >>> count(0), count(0, True), count(0, pair=True)
    (1, 2, 2)
    """

    def fn(*args, **kwargs):
        given = kwargs[arg_name] if arg_name in kwargs else args[arg_index] if arg_index < len(args) else default
        return (if_true if given else if_false)(*args, **kwargs)

    fn.__doc__ = if_true.__doc__ or if_false.__doc__
    if module_name is not None:
        fn.__module__ = module_name
    if func_name is not None:
        fn.__name__ = func_name
    return fn
