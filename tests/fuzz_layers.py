"""Throws random calls at layers, losses and optimizers: the half of fuzz.py that is written in Python.

python fuzz_layers.py SEED SECONDS LOG: as fuzz.py, whose values and whose look at the results it shares.
"""

import inspect
import sys

import fuzz

import wengert as wg
import wengert.nn.functional as F
from wengert import nn, optim
from wengert.ops._declare import FUNCTIONS

SIZES = (
    "features",
    "channels",
    "size",
    "num",
    "dim",
    "kernel",
    "stride",
    "padding",
    "dilation",
    "groups",
    "factor",
    "k",
)
TENSORS = ("input", "target", "weight", "bias", "tensor", "x1", "x2", "query", "key", "value", "mask", "grid", "theta")
# Not called: it prints, or waits for other processes.
AVOIDED = {"Module", "Container", "DataParallel", "SyncBatchNorm"}
FUNCTIONALS = sorted(n for n in dir(F) if inspect.isfunction(getattr(F, n)) and n[0] != "_" and n not in FUNCTIONS)
LAYERS = sorted(
    n for n in dir(nn) if inspect.isclass(getattr(nn, n)) and issubclass(getattr(nn, n), nn.Module) and n not in AVOIDED
)
OPTIMIZERS = sorted(
    n
    for n in dir(optim)
    if inspect.isclass(getattr(optim, n)) and issubclass(getattr(optim, n), optim.Optimizer) and n != "Optimizer"
)


class Layers(fuzz.Session):
    """The same session with other calls."""

    def argument(self, parameter):
        """A value that its name lets one expect, most of the time."""
        f, name = self.fuzz, parameter.name
        if "layers" in name:  # so many are made, as in torch
            return f.r.choice(fuzz.SMALL)
        if f.r.random() < 0.1:
            return f.value()
        if any(name.startswith(t) for t in TENSORS):
            return f.value("Index" if name == "target" and f.r.random() < 0.5 else "Tensor")
        if isinstance(parameter.default, bool):
            return f.value("bool")
        if isinstance(parameter.default, str):
            return f.value("str")
        if isinstance(parameter.default, float):
            return f.value("Scalar")
        if any(part in name for part in SIZES):
            return f.r.choice([1, 2, 2, 3, 4, 4, 0, -1, f.value("int"), f.value("int[]")])
        return f.value()

    def arguments(self, function):
        args = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is parameter.empty or self.fuzz.r.random() < 0.3:
                args[name] = self.argument(parameter)
        return args

    def functional(self):
        name = self.fuzz.r.choice(FUNCTIONALS)
        self.call(f"F.{name}", getattr(F, name), [], self.arguments(getattr(F, name)))

    def layer(self):
        """A layer made of random arguments meets random inputs, in training and without."""
        name = self.fuzz.r.choice(LAYERS)
        kind = getattr(nn, name)
        made = []
        self.call(f"nn.{name}", lambda **kwargs: made.append(kind(**kwargs)), [], self.arguments(kind))
        for module in made:
            self.call(f"repr(nn.{name}())", lambda module=module: repr(module), [], {})
            count = len(inspect.signature(type(module).forward).parameters) - 1
            for training in (True, False):
                module.train(training)
                inputs = [self.fuzz.value("Tensor") for _ in range(min(count, self.fuzz.r.choice([1, 1, 2, 3])))]
                self.call(f"nn.{name}()", module, inputs, {})
            self.call(f"nn.{name}.load_state_dict", module.load_state_dict, [module.state_dict()], {})

    def gradient(self, parameter):
        """Of the parameter's own kind nearly always: anything else is refused when it is set."""
        gradient = self.fuzz.tensor(list(parameter.shape) if self.fuzz.r.random() < 0.9 else None, parameter.dtype)
        parameter.grad = self.fuzz.r.choice([None, gradient.detach(), gradient.detach()])

    def optimizer(self):
        """Some steps of an optimizer on parameters whose gradients come, go and are strange."""
        r, f = self.fuzz.r, self.fuzz
        name = r.choice(OPTIMIZERS)
        kind = getattr(optim, name)
        parameters = [f.tensor(dtype=r.choice(fuzz.FLOATS)).detach().clone().requires_grad_() for _ in range(3)]
        options = {k: v for k, v in self.arguments(kind).items() if k != "params"}
        if name == "LBFGS":  # which makes as many iterations as it is asked for
            options = {k: min(v, 9) if isinstance(v, (int, float)) else v for k, v in options.items()}
        made = []
        self.call(f"optim.{name}", lambda **kwargs: made.append(kind(parameters, **kwargs)), [], options)
        for made_of_them in made:
            for _ in range(3):
                for parameter in parameters:
                    self.call("p.grad = …", self.gradient, [parameter], {})
                closure = [] if r.random() < 0.7 and name != "LBFGS" else [lambda: wg.tensor(1.0)]
                self.call(f"optim.{name}.step", made_of_them.step, closure, {})
            self.call(f"optim.{name}.load_state_dict", made_of_them.load_state_dict, [made_of_them.state_dict()], {})

    def act(self):
        choice = self.fuzz.r.random()
        (self.functional if choice < 0.45 else self.layer if choice < 0.8 else self.optimizer)()


if __name__ == "__main__":
    fuzz.main(Layers, int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
