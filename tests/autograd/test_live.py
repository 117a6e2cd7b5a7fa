"""Nothing is left over, long run: tensors, nodes and bytes of the programs of live.txt, and a whole process's memory."""

import gc
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest

import wengert as wg
from wengert import _core, nn
from wengert.autograd import Function


class Square(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        return 2 * g * ctx.saved_tensors[0]

    @staticmethod
    def jvp(ctx, t):
        return 2 * t * ctx.saved_tensors[0]


class Dirty(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Fails(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise KeyError("no gradient")


class Holds(Function):
    """Its context holds its output, and itself."""

    @staticmethod
    def forward(ctx, x):
        ctx.y, ctx.me = x * 2, ctx
        return ctx.y

    @staticmethod
    def backward(ctx, g):
        return g * 2


def leaf(n):
    return wg.ones(n, requires_grad=True)


def caught(call, *args):
    """Calls what must fail (pytest.raises would keep the frames alive)."""
    try:
        call(*args)
    except Exception:
        return
    raise AssertionError("no error")


def train(make):
    model = nn.Linear(2, 2)
    optimizer = make(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        model(wg.ones(1, 2)).sum().backward()
        optimizer.step()


IMPORTS = """
import copy, io, pickle, threading
import wengert as wg
from wengert import func, nn, optim
from wengert.autograd import forward_ad, functional, graph
from wengert.nn import functional as F
from wengert.utils.checkpoint import checkpoint, checkpoint_sequential
"""
NAMES = dict(globals())
exec(IMPORTS, NAMES)  # noqa: S102


def _programs():
    text = (pathlib.Path(__file__).parent / "live.txt").read_text()
    plain, cycles = re.split("^# cycles\n", text, flags=re.MULTILINE)
    for part, found in ((plain, False), (cycles, True)):
        lines = re.sub(r"^#.*\n", "", part, flags=re.MULTILINE).rstrip()
        for source in re.split(r"\n(?!  )", lines):
            yield pytest.param(source.replace("\n  ", "\n"), found, id=source[:60])


def _live():
    counts = _core.live()
    return counts["tensors"], counts["nodes"], counts["bytes"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("source,cycles", list(_programs()))
def test_level(source, cycles):
    names, count = dict(NAMES), 20 if cycles else 200
    exec("def program():\n" + textwrap.indent(source, "    "), names)  # noqa: S102 (the programs are ours)
    program = names["program"]
    for _ in range(3):  # the first runs trace programs and fill caches
        program()
    gc.collect()
    gc.disable()
    try:
        before = _live()
        for _ in range(count):
            program()
        if cycles:
            assert _live()[0] > before[0]  # else it belongs to the first part
            gc.collect()
        after = _live()
    finally:
        gc.enable()
    assert after[:2] == before[:2]
    assert after[2] <= before[2] + 4096


PROCESS = """
import gc, io, sys
import wengert as wg
from wengert import func, nn, optim

def resident():
    gc.collect()
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096

model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.Linear(144, 3))
optimizer = optim.Adam(model.parameters())
data = wg.utils.data.TensorDataset(wg.rand(64, 1, 8, 8), wg.randint(3, (64,)))
loader = wg.utils.data.DataLoader(data, batch_size=16, shuffle=True)
weights = {k: v.detach() for k, v in nn.Linear(4, 2).named_parameters()}
linear = nn.Linear(4, 2)
loss_of = lambda w, x: func.functional_call(linear, w, (x,)).pow(2).sum()

def epoch():
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    file = io.BytesIO()
    wg.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    kept = wg.load(file)
    model.load_state_dict(kept["model"]), optimizer.load_state_dict(kept["optimizer"])
    func.vmap(func.grad(loss_of), (None, 0))(weights, wg.rand(5, 4)), func.hessian(loss_of)(weights, wg.rand(4))
    p = nn.Parameter(wg.rand(50, 50))
    (p @ p).tanh().sum().backward(create_graph=True)

def epochs(n):
    for k in range(n):
        epoch()
        if k % 25 == 0:  # or graphs in cycles pile up until a collection happens to come
            gc.collect()

epochs(150)  # the allocator's caches fill
before = resident()
epochs(300)
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/self/statm is Linux's")
def test_the_memory_of_a_process_stays_level():
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", PROCESS], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 2 << 20
