"""Interrupts while blocks begin and end: what a block changes is as it was before, whenever it was interrupted."""

import signal
import sys

import pytest
from test_interrupts import clock  # noqa: F401 (a fixture)

import wengert as wg
from wengert import _core, func
from wengert.amp import _policy, autocast_mode
from wengert.autograd import anomaly_mode, forward_ad, graph
from wengert.func import _levels
from wengert.overrides import BaseTorchFunctionMode, _dispatch, _modes, _taking
from wengert.utils._python_dispatch import BaseTorchDispatchMode

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
    pytest.mark.filterwarnings("ignore:Anomaly Detection"),
]

X = wg.ones(2, requires_grad=True)


def state():
    """What blocks change."""
    return (
        wg.is_grad_enabled(),
        wg.is_inference_mode_enabled(),
        graph.hooks_are_set(),
        graph.disabled_message(),
        getattr(graph._state, "mutable", False),
        _core.anomaly(),
        [wg.is_autocast_enabled("cpu"), wg.get_autocast_dtype("cpu"), wg.is_autocast_cache_enabled()],
        [autocast_mode._state.nesting, dict(autocast_mode._threads)],
        [_levels.levels(), dict(_levels.alive), _core.transforms(), _levels.forward_is_on()],
        [forward_ad._current_level, forward_ad._block],
        [_modes.modes(), dict(_taking._on), _core.override_enabled()],
        [_dispatch.current_mode(), dict(_dispatch._on)],
        wg.get_default_device(),
        wg.serialization.get_safe_globals(),
        (X * 2).requires_grad,
    )


def inner(block):
    with block:
        pass


def passed(block):
    return lambda: inner(block())


def transformed(function):
    return lambda: function(X.detach())


BLOCKS = {
    "no_grad": passed(wg.no_grad),
    "enable_grad": passed(wg.enable_grad),
    "inference_mode": passed(wg.inference_mode),
    "saved_tensors_hooks": passed(lambda: graph.saved_tensors_hooks(str, str)),
    "disable_saved_tensors_hooks": passed(lambda: graph.disable_saved_tensors_hooks("no")),
    "allow_mutation_on_saved_tensors": passed(graph.allow_mutation_on_saved_tensors),
    "detect_anomaly": passed(anomaly_mode.detect_anomaly),
    "autocast": passed(lambda: wg.autocast("cpu")),
    "dual_level": passed(forward_ad.dual_level),
    "vmap": transformed(func.vmap(lambda x: x)),
    "grad": transformed(func.grad(lambda x: x[0])),
    "jvp": transformed(lambda x: func.jvp(lambda y: y, (x,), (x,))),
    "function mode": passed(BaseTorchFunctionMode),
    "function mode asked": passed(lambda: Both(BaseTorchFunctionMode(), lambda: wg.ones(1))),
    "dispatch mode": passed(BaseTorchDispatchMode),
    "without torch function": passed(_modes.disabled),
    "device": passed(lambda: wg.device("meta")),
    "safe_globals": passed(lambda: wg.serialization.safe_globals([Both])),
}


class Both:
    """A block in which a function is called."""

    def __init__(self, block, function):
        self.block, self.function = block, function

    def __enter__(self):
        with self.block:
            self.function()

    def __exit__(self, *error):
        return None


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="CPython 3.14 looks for signals between the end of __enter__ and the block"
)
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block(name, clock):  # noqa: F811
    run = BLOCKS[name]
    run()
    before, came = state(), 0

    def program():
        while True:
            run()

    for _ in range(300):
        came += clock.interrupts(program, 2e-4)
        assert state() == before
    assert came == 300
    assert wg.ones(2).sum() == 2


def test_autocast_after_a_broken_off_redirection(monkeypatch):
    a = wg.ones(2, 2)
    redirect, calls = _core.OpFunction.redirect, []
    with monkeypatch.context() as patch:
        replace = _policy._replace

        def fail(*args):
            calls.append(args)
            if len(calls) == 5:
                raise KeyboardInterrupt
            replace(*args)

        patch.setattr(_policy, "_replace", fail)
        with pytest.raises(KeyboardInterrupt), wg.autocast("cpu"):
            pass
        assert (a @ a).dtype is wg.float32
    with wg.autocast("cpu"):
        assert (a @ a).dtype is wg.mm(a, a).dtype is wg.nn.functional.linear(a, a).dtype is wg.bfloat16
    assert (a @ a).dtype is wg.mm(a, a).dtype is wg.float32
    assert not _policy._redirected and redirect is _core.OpFunction.redirect


def test_a_block_whose_changes_fail_takes_back_what_it_has_changed():
    class Half(_core.Block):
        def _begin(self):
            return None, ((_core.set_grad_enabled, False), (_core.set_transforms, "no number"))

    with pytest.raises(TypeError), Half():
        pass
    assert wg.is_grad_enabled()


@pytest.mark.parametrize(
    "said", [None, (), (1,), (1, 2), (1, (2,)), (1, ((2,),)), (1, ((2, 3),)), (1, ((2, 3, 4, 5),))]
)
def test_garbage(said):
    class Odd(_core.Block):
        def _begin(self):
            return said

    with pytest.raises((TypeError, ValueError)), Odd():
        pass
    with pytest.raises(AttributeError):
        Odd().__exit__(None, None, None)


def test_one_block_inside_itself():
    block = wg.inference_mode()
    with block, wg.inference_mode(False), block:
        assert wg.is_inference_mode_enabled()
    assert not wg.is_inference_mode_enabled() and wg.is_grad_enabled()


def test_signal_handlers_are_those_of_before():
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
