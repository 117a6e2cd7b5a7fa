"""Programs over graphs, for both libraries: each gives text, and torch says what it must be."""

import copy
import math

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def network(torch):
    nn, F = torch.nn, torch.nn.functional

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.scale = nn.Linear(4, 5), nn.Parameter(torch.ones(5))
            self.more = nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Sequential(nn.Dropout(0.1)))
            self.register_buffer("shift", torch.ones(5))
            self.constant = torch.ones(3)

        def forward(self, x, k: int = 2, *rest, **named):
            y = F.relu(self.linear(x)) * self.scale - self.shift + math.sqrt(k)
            y = self.more(y) + self.constant.sum() + F.dropout(y, 0.3, self.training)
            first, second = torch.split(y, 2)
            rows = y.shape[0]
            grid = F.interpolate(y[None, None], scale_factor=2.0)
            product = torch.einsum("ij,kj->ik", y, y).view(-1, rows) + torch.linalg.norm(y) + F.gelu(y)
            torch.cat([first, second], dim=0)
            made = torch.zeros(2, dtype=torch.float64, device=y.device) + abs(y) // 2 % 3**y
            return {"grid": [grid, (product, -y)], "part": y[1:, None, ...], "made": made}

    torch.manual_seed(0)
    return Net()


@program
def code_of_a_network(torch, fx):
    module = fx.symbolic_trace(network(torch))
    copied = copy.deepcopy(module)
    before = [module.code, str(module.graph), str(module), copied.code, list(copied.state_dict())]
    module.graph.eliminate_dead_code()
    module.recompile()
    return [*before, module.code, module.print_readable(print_output=False)]


@program
def annotations(torch, fx):
    from typing import Dict, List, Optional, Tuple  # noqa: UP035  (the old forms are printed in their own way)

    def f(
        x: List[str],  # noqa: UP006
        y: Dict[str, int],  # noqa: UP006
        z: Optional[torch.Tensor],  # noqa: UP045
        w: list[int],
        d: torch.dtype,
        n: int | None = None,
    ) -> Tuple[torch.Tensor, torch.Size]:  # noqa: UP006
        return x

    return fx.symbolic_trace(f).code


@program
def fixed_arguments(torch, fx):
    def f(x, y=3, *, z=(1, 2)):
        return torch.neg(x) + y

    def g(x):
        return sum(x.values())

    module = fx.symbolic_trace(g, concrete_args={"x": {"a": fx.PH, "b": fx.PH}})
    fixed = fx.symbolic_trace(f, concrete_args={"y": 3})
    return fixed.code, module.code, module({"a": torch.ones(1), "b": torch.ones(1)})


@program
def what_cannot_be_traced(torch, fx):
    said = []
    bad = [
        lambda x: 1 if x else 2,
        lambda x: list(x),
        lambda x: len(x),
        lambda x: x(**x),
        lambda x: x + object(),
        3,
    ]
    for f in bad:
        try:
            fx.symbolic_trace(f)
        except Exception as error:
            said.append((type(error).__name__, str(error)))
    return said


@program
def transformed(torch, fx):
    class Swap(fx.Transformer):
        def call_function(self, target, args, kwargs):
            return super().call_function(torch.sigmoid if target is torch.neg else target, args, kwargs)

        def call_method(self, target, args, kwargs):
            return super().call_method("exp" if target == "neg" else target, args, kwargs)

    module = Swap(fx.symbolic_trace(lambda x: torch.neg(x) + x.neg())).transform()
    return module.code, fx.Interpreter(module).run(torch.zeros(2))


@program
def replaced_pattern(torch, fx):
    def f(x, a, b):
        first, second = torch.cat([a, b]).sum(), torch.cat([a, b]).sum()
        return x + torch.max(first) + torch.max(second)

    module = fx.symbolic_trace(f)
    found = fx.replace_pattern(module, lambda a, b: torch.cat([a, b]), lambda a, b: torch.stack([a, b]))
    return module.code, len(found), found[0].anchor, found[0].nodes_map, module(*[torch.ones(2)] * 3)


@program
def edited_by_hand(torch, fx):
    graph = fx.Graph()
    a, b = graph.placeholder("a"), graph.placeholder("max")
    c = graph.call_function(torch.add, (a, b), {"alpha": 2})
    d = graph.call_method("__add__", (c, 1))
    end = graph.output((d, [c]))
    said = [str(graph), a < b, c > d, sorted([d, c, a]), c.users, d.all_input_nodes, end.args]
    with graph.inserting_after(a):
        e = graph.call_function(torch.relu, (a,))
    c.replace_input_with(a, e)
    said += [str(graph), fx.GraphModule({}, graph)(torch.ones(1), torch.ones(1))]
    c.prepend(d)
    for wrong in (graph.lint, lambda: graph.erase_node(a), lambda: c.kwargs.update(alpha=1), lambda: c.args.append(1)):
        try:
            wrong()
        except Exception as error:
            said.append((type(error).__name__, str(error)))
    return said


@program
def interpreter_says_where(torch, fx):
    module = fx.symbolic_trace(lambda x: torch.relu(x).view(3))
    try:
        fx.Interpreter(module).run(torch.ones(2))
    except RuntimeError as error:
        return str(error)


@program
def a_graph_of_attributes(torch, fx):
    graph = fx.Graph()
    x, w = graph.placeholder("x"), graph.get_attr("w")
    graph.output(graph.call_function(torch.add, (x, w)))
    module = fx.GraphModule({"w": torch.ones(2)}, graph)
    said = [module.code, module(torch.ones(2)), list(module.state_dict())]
    try:
        fx.GraphModule({}, graph)
    except RuntimeError as error:
        said.append(str(error))
    return said
