"""The function forms of the rules, as torch has them: tensors in lists, one list a kind, and options by name."""

from importlib import import_module

import wengert as wg

_SCALED = "fused=None grad_scale=None found_inf=None"
_LATE = "foreach=None maximize=False differentiable=False capturable=False has_complex=False"
_ADAM = f"foreach=None capturable=False differentiable=False {_SCALED} has_complex=False"
_ADAM_LISTS = "params grads exp_avgs exp_avg_sqs max_exp_avg_sqs state_steps"

# Name: its class; its lists; options that may be left out, in torch's order; options that must be given.
_FORMS = {
    "adadelta": (
        "Adadelta",
        "params grads square_avgs acc_deltas state_steps",
        "capturable=False foreach=None differentiable=False has_complex=False",
        "lr rho eps weight_decay maximize",
    ),
    "adafactor": (
        "Adafactor",
        "params grads row_vars col_vars variances state_steps",
        "foreach=None grad_scale=None found_inf=None has_complex=False",
        "d lr beta2_decay weight_decay eps1 eps2 maximize",
    ),
    "adagrad": (
        "Adagrad",
        "params grads state_sums state_steps",
        f"{_SCALED} has_sparse_grad=False foreach=None differentiable=False has_complex=False",
        "lr weight_decay lr_decay eps maximize",
    ),
    "adam": (
        "Adam",
        _ADAM_LISTS,
        f"{_ADAM} decoupled_weight_decay=False",
        "amsgrad beta1 beta2 lr weight_decay eps maximize",
    ),
    "adamax": ("Adamax", "params grads exp_avgs exp_infs state_steps", _LATE, "eps beta1 beta2 lr weight_decay"),
    "adamw": ("AdamW", _ADAM_LISTS, _ADAM, "amsgrad beta1 beta2 lr weight_decay eps maximize"),
    "asgd": ("ASGD", "params grads axs mus etas state_steps", _LATE, "lambd lr t0 alpha weight_decay"),
    "nadam": (
        "NAdam",
        "params grads exp_avgs exp_avg_sqs mu_products state_steps",
        "decoupled_weight_decay=False foreach=None capturable=False differentiable=False has_complex=False maximize=False",
        "beta1 beta2 lr weight_decay momentum_decay eps",
    ),
    "radam": (
        "RAdam",
        "params grads exp_avgs exp_avg_sqs state_steps",
        "decoupled_weight_decay=False foreach=None differentiable=False capturable=False has_complex=False maximize=False",
        "beta1 beta2 lr weight_decay eps",
    ),
    "rmsprop": (
        "RMSprop",
        "params grads square_avgs grad_avgs momentum_buffer_list state_steps",
        _LATE,
        "lr alpha eps weight_decay momentum centered",
    ),
    "rprop": (
        "Rprop",
        "params grads prevs step_sizes state_steps",
        "foreach=None capturable=False maximize=False differentiable=False has_complex=False",
        "step_size_min step_size_max etaminus etaplus",
    ),
    "sgd": (
        "SGD",
        "params d_p_list momentum_buffer_list",
        f"has_sparse_grad=False foreach=None {_SCALED}",
        "weight_decay momentum lr dampening nesterov maximize",
    ),
}
_HOME = {"adafactor": "_adafactor"}
# Options that a parameter group keeps as one.
_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("etaminus", "etaplus"),
    "step_sizes": ("step_size_min", "step_size_max"),
    "eps": ("eps1", "eps2"),
}


def _arguments(name, lists, optional, required, args, kwargs):
    """The arguments of a call by name; TypeErrors as for a function that Python knows."""
    positional = [*lists, *optional]
    if len(args) > len(positional):
        raise TypeError(f"{name}() takes {len(positional)} positional arguments but {len(args)} were given")
    given = dict(zip(positional, args))
    for key in kwargs:
        if key in given:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        if key not in positional and key not in required:
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
    given = {**optional, **given, **kwargs}
    missing = [key for key in (*lists, *required) if key not in given]
    if missing:
        raise TypeError(f"{name}() missing required arguments: {', '.join(map(repr, missing))}")
    return given


def _form(name):
    cls, lists, optional, required = _FORMS[name]
    lists, required = lists.split(), required.split()
    optional = {text.split("=")[0]: None if text.endswith("None") else False for text in optional.split()}
    states = {text: text.removeprefix("state_").removesuffix("_list").removesuffix("s") for text in lists[2:]}

    def form(*args, **kwargs):
        options = _arguments(name, lists, optional, required, args, kwargs)
        params, grads, *columns = [options.pop(text) for text in lists]
        if "step" in states.values() and not all(isinstance(t, wg.Tensor) for t in columns[-1]):
            raise RuntimeError("API has changed, `state_steps` argument must contain a list of singleton tensors")
        for pair, (first, second) in _PAIRS.items():
            if first in options:
                options[pair] = (options.pop(first), options.pop(second))
        if name == "adamw":
            options["decoupled_weight_decay"] = True
        rows = [{key: column[i] for key, column in zip(states.values(), columns) if column} for i in range(len(params))]
        getattr(import_module("." + _HOME.get(name, name), __package__), cls)._apply(options, params, grads, rows)
        if name == "sgd" and options["momentum"] != 0:
            columns[0][:] = [row["momentum_buffer"] for row in rows]

    form.__name__ = form.__qualname__ = name
    form.__doc__ = (
        f"One step of :class:`{cls}` for lists of tensors: ``{name}({', '.join(lists)}, ...)``.\n\n"
        f"Options by name: {', '.join(required)}; with defaults: {', '.join(optional)}."
    )
    return form


for _name in _FORMS:
    globals()[_name] = _form(_name)
