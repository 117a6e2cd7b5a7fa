"""Anomaly mode: nan in the backward pass is an error that names the forward line."""

import warnings

from .. import _core

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_WARNING = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging."
)


class detect_anomaly(_core.Block):
    """A block in which gradients that become nan raise, naming the op and the line that made it.

    check_nan: look for nan (default). check_inf, check_forward: also inf; also in the forward pass (beyond torch).

    >>> import wengert, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     with detect_anomaly():
    ...         pass
    """

    def __init__(self, check_nan=True, *, check_inf=False, check_forward=False):
        self.state = (True, bool(check_nan), bool(check_inf), bool(check_forward))
        warnings.warn(_WARNING, stacklevel=2)

    def _begin(self):
        return None, ((_core.set_anomaly, self.state),)


def check_outputs(node, outputs):
    """RuntimeError when what the forward of a Function gave is nan (or inf) and the mode looks for that."""
    _, check_nan, check_inf, check_forward = _core.anomaly()
    for k, out in enumerate(outputs if check_forward else ()):
        if not isinstance(out, _core.Tensor) or not out.is_floating_point():
            continue
        for name, wanted, found in (("nan", check_nan, out.isnan), ("inf", check_inf, out.isinf)):
            if wanted and found().any():
                from ._lines import at

                raise RuntimeError(
                    f"Function '{node.name()}' returned {name} values in its {k}th output, in the forward pass.\n  called"
                    f"{at(node._place)}\n  likeliest fix: look at what its forward does with inputs like these"
                )


class set_detect_anomaly(_core.Block):
    """Sets anomaly mode at once; as a context manager it is put back at the end."""

    def __init__(self, mode, check_nan=True):
        self.state = (bool(mode), bool(check_nan), False, False)
        super().__enter__()

    _begin = detect_anomaly._begin

    def __enter__(self):
        return None


def is_anomaly_enabled():
    """Whether anomaly mode is on."""
    return bool(_core.anomaly()[0])


def is_anomaly_check_nan_enabled():
    """Whether anomaly mode looks for nan."""
    return bool(_core.anomaly()[1])


def set_anomaly_enabled(mode, check_nan=True):
    """Sets anomaly mode at once, without a warning."""
    _core.set_anomaly(bool(mode), bool(check_nan), False, False)
