"""Module's behaviour against torch: the same program in both libraries gives the same text."""

import copy
import pickle
import types
import warnings

import pytest

from .parity import same_seed, torch, wg

LIBRARIES = pytest.mark.parametrize("lib", [wg, torch], ids=["wengert", "torch"])


def text_of(action, lib):
    """What a program prints or raises, with the libraries' names made equal."""
    try:
        out = action(lib)
    except Exception as e:
        out = f"{type(e).__name__}: {e}"
    return str(out).replace("wengert", "torch").replace("torch.nn.modules.module.Module", "Module")


def net(lib):
    """A small net with every kind of member."""
    same_seed(0)
    nn = lib.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.rest = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 1, bias=False))
            self.scale = nn.Parameter(lib.ones(2))
            self.register_buffer("seen", lib.zeros(3))
            self.register_buffer("cache", lib.zeros(3), persistent=False)
            self.nothing = None

        def forward(self, x, bonus=0):
            return self.rest(self.first(x * self.scale)) + bonus

    return Net()


def assign_before_init(lib, value):
    class Early(lib.nn.Module):
        def __init__(self):
            self.part = value

    return Early()


def mismatched_transformer(lib):
    return lib.nn.Transformer(4, 2, 1, 1, 4, batch_first=True)(lib.ones(1, 2, 4), lib.ones(3, 2, 4))


ERRORS = {
    "module before init": lambda lib: assign_before_init(lib, lib.nn.ReLU()),
    "parameter before init": lambda lib: assign_before_init(lib, lib.nn.Parameter(lib.ones(1))),
    "no attribute": lambda lib: lib.nn.ReLU().missing,
    "no forward": lambda lib: lib.nn.Module()(1),
    "init with keyword": lambda lib: lib.nn.Module(a=1),
    "init with argument": lambda lib: lib.nn.Module(1),
    "tensor as parameter": lambda lib: setattr(lib.nn.Linear(1, 1), "weight", lib.ones(1)),
    "number as module": lambda lib: setattr(lib.nn.Sequential(lib.nn.ReLU()), "0", 3),
    "number as buffer": lambda lib: setattr(net(lib), "seen", 3),
    "register tensor": lambda lib: lib.nn.Module().register_parameter("w", lib.ones(1)),
    "register non-leaf": lambda lib: lib.nn.Module().register_parameter("a.b", lib.nn.Parameter(lib.ones(1))),
    "parameter without name": lambda lib: lib.nn.Module().register_parameter("", None),
    "parameter name not text": lambda lib: lib.nn.Module().register_parameter(3, None),
    "parameter exists": lambda lib: lib.nn.Linear(1, 1).register_parameter("forward", None),
    "buffer not tensor": lambda lib: lib.nn.Module().register_buffer("b", 3),
    "buffer with dot": lambda lib: lib.nn.Module().register_buffer("a.b", None),
    "add number": lambda lib: lib.nn.Module().add_module("a", 3),
    "add with dot": lambda lib: lib.nn.Module().add_module("a.b", None),
    "add without name": lambda lib: lib.nn.Module().add_module("", None),
    "sequential of int": lambda lib: lib.nn.Sequential(3),
    "sequential index": lambda lib: lib.nn.Sequential()[0],
    "modulelist index": lambda lib: lib.nn.ModuleList()[1],
    "modulelist extend": lambda lib: lib.nn.ModuleList().extend(3),
    "moduledict update": lambda lib: lib.nn.ModuleDict([(1,)]),
    "parameterdict key": lambda lib: lib.nn.ParameterDict()[3],
    "parameterlist call": lambda lib: lib.nn.ParameterList()(3),
    "to int": lambda lib: lib.nn.Linear(1, 1).to(lib.int64),
    "train mode": lambda lib: lib.nn.Linear(1, 1).train("yes"),
    "get_submodule": lambda lib: net(lib).get_submodule("rest.9"),
    "get_submodule of parameter": lambda lib: net(lib).get_submodule("scale"),
    "get_parameter": lambda lib: net(lib).get_parameter("first.seen"),
    "get_parameter of module": lambda lib: net(lib).get_parameter("first"),
    "get_buffer": lambda lib: net(lib).get_buffer("first.weight"),
    "set_submodule": lambda lib: net(lib).set_submodule("", lib.nn.ReLU()),
    "missing key": lambda lib: lib.nn.Linear(1, 1).load_state_dict({"weight": lib.ones(1, 1)}),
    "unexpected key": lambda lib: lib.nn.ReLU().load_state_dict({"weight": lib.ones(1, 1)}),
    "wrong shape": lambda lib: lib.nn.Linear(1, 1).load_state_dict({"weight": lib.ones(2, 1), "bias": lib.ones(1)}),
    "not a dict": lambda lib: lib.nn.Linear(1, 1).load_state_dict(3),
    "all wrong": lambda lib: net(lib).load_state_dict({"x": 1, "scale": 2, "first.weight": lib.ones(1)}),
    "conv groups": lambda lib: lib.nn.Conv2d(3, 4, 1, groups=2),
    "conv same with stride": lambda lib: lib.nn.Conv2d(3, 4, 1, padding="same", stride=2),
    "dropout p": lambda lib: lib.nn.Dropout(2),
    "groupnorm": lambda lib: lib.nn.GroupNorm(2, 3),
    "batchnorm rank": lambda lib: lib.nn.BatchNorm2d(3)(lib.ones(1, 3)),
    "batchnorm one value": lambda lib: lib.nn.BatchNorm1d(3)(lib.ones(1, 3)),
    "rnn input": lambda lib: lib.nn.RNN(2, 3)(lib.ones(1)),
    "lstm width": lambda lib: lib.nn.LSTM(2, 3)(lib.ones(4, 1, 3)),
    "gru hidden": lambda lib: lib.nn.GRU(2, 3)(lib.ones(4, 1, 2), lib.ones(1, 2, 3)),
    "lstm hidden rank": lambda lib: lib.nn.LSTM(2, 3)(lib.ones(4, 1, 2), (lib.ones(1, 3), lib.ones(1, 3))),
    "gru proj": lambda lib: lib.nn.GRU(2, 3, proj_size=1),
    "attention heads": lambda lib: lib.nn.MultiheadAttention(4, 3),
    "attention rank": lambda lib: lib.nn.MultiheadAttention(4, 2)(*[lib.ones(4)] * 3),
    "bilinear": lambda lib: lib.nn.Bilinear(0, 1, 1),
    "padding index": lambda lib: lib.nn.Embedding(3, 2, padding_idx=5),
    "softmax2d": lambda lib: lib.nn.Softmax2d()(lib.ones(2)),
    "unflatten": lambda lib: lib.nn.Unflatten(1, 3),
    "transformer": lambda lib: mismatched_transformer(lib),
    "positive margin": lambda lib: lib.nn.TripletMarginLoss(margin=0),
    "adaptive softmax": lambda lib: lib.nn.AdaptiveLogSoftmaxWithLoss(4, 4, [3, 2]),
}  # fmt: skip
STATES = {
    "repr": lambda lib: net(lib),
    "names of parameters": lambda lib: [n for n, _ in net(lib).named_parameters(prefix="p")],
    "names without recursion": lambda lib: [n for n, _ in net(lib).named_parameters(recurse=False)],
    "names of buffers": lambda lib: [n for n, _ in net(lib).named_buffers()],
    "names of modules": lambda lib: [n for n, _ in net(lib).named_modules()],
    "names of children": lambda lib: [n for n, _ in net(lib).named_children()],
    "keys": lambda lib: list(net(lib).state_dict(prefix="m.")),
    "metadata": lambda lib: dict(net(lib).state_dict()._metadata),
    "values": lambda lib: [v.tolist() for v in net(lib).state_dict().values()],
    "dtypes": lambda lib: [v.dtype for v in net(lib).double().state_dict().values()],
    "half": lambda lib: [v.dtype for v in net(lib).to(dtype=lib.float16).state_dict().values()],
    "training": lambda lib: [m.training for m in net(lib).eval().modules()],
    "frozen": lambda lib: [p.requires_grad for p in net(lib).requires_grad_(False).parameters()],
    "loaded": lambda lib: net(lib).load_state_dict(net(lib).state_dict()),
    "loaded loosely": lambda lib: net(lib).load_state_dict({"q": 1}, strict=False),
    "dir": lambda lib: [n for n in dir(net(lib)) if n in ("first", "scale", "seen", "nothing", "forward")],
    "parameter": lambda lib: lib.nn.Parameter(lib.ones(2)),
    "frozen parameter": lambda lib: repr(lib.nn.Parameter(lib.ones(2), requires_grad=False)),
    "parameterlist": lambda lib: lib.nn.ParameterList([lib.ones(2), 3]),
    "parameterdict": lambda lib: lib.nn.ParameterDict({"b": lib.ones(2, 3), "a": 3}),
    "modulelist": lambda lib: lib.nn.ModuleList([lib.nn.ReLU(), lib.nn.ReLU(), lib.nn.Tanh()]),
    "moduledict": lambda lib: lib.nn.ModuleDict({"a": lib.nn.ReLU()}),
    "sliced": lambda lib: lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Tanh(), lib.nn.GELU())[1:],
    "joined": lambda lib: (lib.nn.Sequential(lib.nn.ReLU()) + lib.nn.Sequential(lib.nn.Tanh())) * 2,
    "inserted": lambda lib: lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Tanh()).insert(1, lib.nn.GELU()),
    "flat": lambda lib: lib.nn.Sequential(),
    "lazy": lambda lib: lib.nn.LazyLinear(3).weight,
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_error_is_torchs(name):
    ours, theirs = text_of(ERRORS[name], wg), text_of(ERRORS[name], torch)
    assert ours == theirs
    assert "Error" in ours


@pytest.mark.parametrize("name", list(STATES))
def test_state_is_torchs(name):
    assert text_of(STATES[name], wg) == text_of(STATES[name], torch)


def hook_log(lib):
    """The order in which all kinds of hooks are called, and what they see."""
    log = []
    model = net(lib)
    note = lambda name: lambda *args: log.append((name, len(args)))
    model.register_forward_pre_hook(note("pre"))
    model.register_forward_pre_hook(note("pre kwargs"), with_kwargs=True, prepend=True)
    model.register_forward_hook(note("forward"))
    model.register_forward_hook(note("forward kwargs"), with_kwargs=True)
    model.rest.register_full_backward_pre_hook(note("backward pre"))
    model.rest.register_full_backward_hook(lambda m, gi, go: log.append(("full", [tuple(g.shape) for g in gi + go])))
    model.first.register_full_backward_hook(lambda m, gi, go: log.append(("first", gi[0] is None)))
    removed = model.register_forward_hook(note("removed"))
    removed.remove()
    everywhere = lib.nn.modules.module.register_module_forward_hook(lambda m, i, o: log.append(type(m).__name__))
    out = model(lib.ones(4, 2), bonus=1)
    everywhere.remove()
    out.sum().backward()
    return log


def test_hooks_run_as_in_torch():
    assert hook_log(wg) == hook_log(torch)


@LIBRARIES
def test_hooks_may_change_inputs_outputs_and_gradients(lib):
    model = lib.nn.Linear(2, 1)
    model.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    model.register_forward_hook(lambda m, args, out: out + 10)
    assert model(lib.ones(1, 2)).item() == pytest.approx(model.bias.item() + 10)
    inner = lib.nn.Linear(2, 1)
    inner.register_full_backward_hook(lambda m, gi, go: (gi[0] * 100,))
    x = lib.ones(1, 2, requires_grad=True)
    inner(x).sum().backward()
    assert x.grad.tolist()[0] == pytest.approx([100 * w for w in inner.weight.tolist()[0]])


@LIBRARIES
def test_a_backward_pre_hook_changes_what_arrives(lib):
    seen = []
    model = lib.nn.Linear(2, 1)
    model.register_full_backward_pre_hook(lambda m, go: (go[0] * 100,))
    model.register_full_backward_hook(lambda m, gi, go: seen.append(go[0].item()))
    x = lib.ones(1, 2, requires_grad=True)
    model(x).sum().backward()
    assert seen == [100.0]
    assert x.grad.tolist()[0] == pytest.approx([100 * w for w in model.weight.tolist()[0]])


@LIBRARIES
@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_a_backward_hook_without_gradients_of_inputs_gives_none(lib):
    model = lib.nn.Linear(2, 1)
    for result in (None, (None,)):
        model.register_full_backward_hook(lambda m, gi, go, result=result: result)
    model(lib.ones(1, 2)).sum().backward()
    model.register_full_backward_hook(lambda m, gi, go: (1.0,))
    out = model(lib.ones(1, 2)).sum()
    with pytest.raises(RuntimeError, match="should always return None or None for all gradients"):
        out.backward()


@LIBRARIES
def test_state_dict_gives_the_parameters_themselves_if_asked(lib):
    model = net(lib)
    kept, plain = model.state_dict(keep_vars=True), model.state_dict()
    for name, parameter in model.named_parameters():
        assert kept[name] is parameter
        assert plain[name] is not parameter and not plain[name].requires_grad


@LIBRARIES
def test_hook_that_must_run_runs_when_forward_fails(lib):
    seen = []
    model = lib.nn.Linear(2, 1)
    model.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(RuntimeError):
        model(lib.ones(1, 3))
    assert seen == [None]


@LIBRARIES
def test_state_dict_hooks(lib):
    log = []
    model = net(lib)
    model.register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("before", prefix, keep)))
    model.register_state_dict_post_hook(lambda m, d, prefix, meta: d.update(extra=lib.ones(1)))
    state = model.state_dict()
    assert "extra" in state
    assert log == [("before", "", False)]
    model.register_load_state_dict_pre_hook(lambda m, d, *rest: d.pop("extra"))
    model.register_load_state_dict_post_hook(lambda m, keys: log.append(keys))
    model.load_state_dict(state)
    assert str(log[-1]) == "<All keys matched successfully>"


@LIBRARIES
def test_assign_takes_the_tensors_themselves(lib):
    model = lib.nn.Linear(1, 1)
    state = {"weight": lib.ones(1, 1).double(), "bias": lib.ones(1)}
    model.load_state_dict(state, assign=True)
    assert model.weight.dtype == lib.float64
    assert model.weight.data_ptr() == state["weight"].data_ptr()
    assert isinstance(model.weight, lib.nn.Parameter) and model.weight.requires_grad


@LIBRARIES
def test_copies_are_independent(lib):
    model = net(lib)
    for twin in (copy.deepcopy(model), copy.copy(model)):
        assert repr(twin) == repr(model)
    twin = copy.deepcopy(model)
    assert twin.first.weight is not model.first.weight
    assert twin.first.weight.tolist() == model.first.weight.tolist()
    shared = lib.nn.Sequential(model.first, model.first)
    copied = copy.deepcopy(shared)
    assert copied[0].weight is copied[1].weight
    assert len(list(shared.parameters())) == 2


@LIBRARIES
def test_modules_and_parameters_can_be_pickled(lib):
    model = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3), lib.nn.LSTM(2, 3), lib.nn.Dropout())
    twin = pickle.loads(pickle.dumps(model))
    assert repr(twin) == repr(model)
    assert type(twin[0].weight) is type(model[0].weight)
    for a, b in zip(model.state_dict().values(), twin.state_dict().values()):
        assert a.tolist() == b.tolist()


@LIBRARIES
def test_apply_and_zero_grad(lib):
    model = net(lib)
    order = []
    assert model.apply(lambda m: order.append(type(m).__name__)) is model
    assert order[-1] == "Net"
    model(lib.ones(4, 2)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert all(p.grad.abs().sum().item() == 0 for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


@LIBRARIES
def test_conversion_keeps_identity_and_gradients(lib):
    model = lib.nn.Linear(2, 1)
    weight = model.weight
    model(lib.ones(1, 2)).sum().backward()
    model.double()
    assert model.weight is weight
    assert weight.grad.dtype == lib.float64
    model.to("cpu")
    model.to(lib.ones(1))
    assert weight.dtype == weight.grad.dtype == lib.float32


@LIBRARIES
def test_buffer_class(lib):
    model = lib.nn.Module()
    model.a = lib.nn.Buffer(lib.ones(2))
    model.b = lib.nn.Buffer(lib.ones(2), persistent=False)
    assert [n for n, _ in model.named_buffers()] == ["a", "b"]
    assert list(model.state_dict()) == ["a"]
    model.a = lib.zeros(3)
    assert dict(model.named_buffers())["a"].shape == (3,)
    del model.a
    assert not hasattr(model, "a")


@LIBRARIES
def test_extra_state(lib):
    class Counting(lib.nn.Module):
        count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    source, target = Counting(), Counting()
    source.count = 7
    target.load_state_dict(source.state_dict())
    assert target.count == 7


@LIBRARIES
def test_old_backward_hooks_warn_and_exclude_full_ones(lib):
    model = lib.nn.Linear(2, 1)
    calls = []
    model.register_backward_hook(lambda m, gi, go: calls.append(len(go)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(lib.ones(1, 2)).sum().backward()
    assert calls == [1]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        model.register_full_backward_hook(lambda m, gi, go: None)


@LIBRARIES
def test_lazy_modules_load_and_refuse(lib):
    trained = lib.nn.LazyLinear(3)
    trained(lib.ones(1, 2))
    fresh = lib.nn.LazyLinear(3)
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        _ = fresh.weight.shape
    fresh.load_state_dict(trained.state_dict())
    assert fresh.weight.tolist() == trained.weight.tolist()


@LIBRARIES
@pytest.mark.parametrize(
    "kind", ["Linear", "LayerNorm", "Conv2d", "MaxPool1d", "AvgPool2d", "AdaptiveMaxPool1d", "Dropout"]
)
def test_forward_of_another_objects_members(lib, kind):
    """Functional libraries call a class's forward with an object of their own that has its members."""
    lib.manual_seed(0)
    arguments = {"Linear": (4, 3), "LayerNorm": (4,), "Conv2d": (1, 2, 3), "Dropout": (0.0,)}
    module, x = getattr(lib.nn, kind)(*arguments.get(kind, (2,))), lib.randn(1, 5, 4)
    own = types.SimpleNamespace(**vars(module), **dict(module.named_parameters()))
    del own._parameters
    if kind == "Conv2d":
        own._conv_forward = types.MethodType(type(module)._conv_forward, own)
    assert type(module).forward(own, x).tolist() == module(x).tolist()
