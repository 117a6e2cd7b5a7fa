"""Every optimizer with several sets of options, and the small problem that the tests let them solve."""

CASES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.01, "momentum": 0.9}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.001, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    ("Adam", {"betas": (0.3, 0.9), "maximize": True}),
    ("Adam", {"lr": 0.02, "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.3, "eps": 1e-3}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("NAdam", {"weight_decay": 0.1, "momentum_decay": 0.02, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"weight_decay": 0.1, "betas": (0.8, 0.9), "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.5, "maximize": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 1.0)}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.05, "lambd": 0.01, "t0": 3, "weight_decay": 0.1, "alpha": 0.5}),
    ("LBFGS", {"max_iter": 3}),
    ("LBFGS", {"lr": 0.5, "history_size": 3, "max_iter": 2}),
    ("LBFGS", {"line_search_fn": "strong_wolfe", "max_iter": 3}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.1, "weight_decay": 0.1, "d": 1.5, "maximize": True}),
    ("Muon", {}),
    ("Muon", {"lr": 0.1, "nesterov": False, "adjust_lr_fn": "match_rms_adamw"}),
]


def case_id(case):
    """A readable name for a case."""
    name, options = case
    return "-".join([name, *(f"{key}={value}" for key, value in options.items())])


def start_values(name):
    """Fixed start values of the parameters, as nested lists."""
    shapes = [(4, 5), (6, 3)] if name == "Muon" else [(4, 5), (5,), (3, 2, 2)]
    values, state = [], 12345
    for shape in shapes:
        flat = []
        for _ in range(_size(shape)):
            state = (1103515245 * state + 12345) % 2**31
            flat.append(state / 2**30 - 1.0)
        values.append(_nest(flat, shape))
    return values


def _size(shape):
    size = 1
    for n in shape:
        size *= n
    return size


def _nest(flat, shape):
    if len(shape) == 1:
        return flat
    inner = len(flat) // shape[0]
    return [_nest(flat[i * inner : (i + 1) * inner], shape[1:]) for i in range(shape[0])]


def parameters(lib, name, dtype="float32"):
    """The parameters as leaves of ``lib``, which is wengert or torch."""
    return [lib.tensor(v, dtype=getattr(lib, dtype), requires_grad=True) for v in start_values(name)]


def closure_for(opt, params):
    """The loss of the problem: a quadratic plus a quartic, different for each parameter."""

    def closure():
        opt.zero_grad()
        loss = 0
        for j, p in enumerate(params):
            loss = loss + ((p * (j + 1) - 0.3) ** 2).sum() + (p**4).mean() * 0.1
        loss.backward()
        return loss

    return closure


def train(lib, name, options, dtype="float32", steps=20):
    """Runs some steps; returns (parameters, optimizer)."""
    params = parameters(lib, name, dtype)
    opt = getattr(lib.optim, name)(params, **options)
    for _ in range(steps):
        opt.step(closure_for(opt, params))
    return params, opt
