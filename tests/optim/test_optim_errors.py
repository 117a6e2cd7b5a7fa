"""What optimizers refuse, in torch's words."""

import pytest

import wengert as wg

optim = wg.optim


def leaf(*shape):
    return wg.zeros(*shape, requires_grad=True)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("SGD", {"lr": -1}, "Invalid learning rate: -1"),
        ("SGD", {"momentum": -0.5}, "Invalid momentum value: -0.5"),
        ("SGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ("Adam", {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("Adam", {"eps": -1.0}, "Invalid epsilon value: -1.0"),
        ("Adam", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ("Adam", {"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ("Adam", {"betas": (0.9, 0)}, "betas must be either both floats or both Tensors"),
        ("Adam", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("AdamW", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("NAdam", {"momentum_decay": -1}, "Invalid momentum_decay value: -1"),
        ("RAdam", {"lr": float("nan")}, "Invalid learning rate: nan"),
        ("Adamax", {"betas": (0.5, 1.5)}, "Invalid beta parameter at index 1: 1.5"),
        ("Adagrad", {"lr_decay": -1}, "Invalid lr_decay value: -1"),
        ("Adagrad", {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value: -1"),
        ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
        ("RMSprop", {"alpha": -1}, "Invalid alpha value: -1"),
        ("Rprop", {"etas": (1.5, 2)}, "Invalid eta values: 1.5, 2"),
        ("ASGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ("LBFGS", {"lr": -1}, "Invalid learning rate: -1"),
        ("Adafactor", {"lr": -1}, "Learning rate should be >= 0 but is: -1"),
        ("Adafactor", {"d": 0.5}, "Clipping threshold d should be >= 1 but is: 0.5"),
        ("Adafactor", {"beta2_decay": 1}, "beta2_decay should be <= 0 but is: 1"),
        ("Muon", {"momentum": -1}, "momentum should be >= 0 but is: -1"),
        ("Muon", {"adjust_lr_fn": "x"}, "Adjust learning rate function x is not supported"),
        ("SparseAdam", {"lr": 0.0}, "Invalid learning rate: 0.0"),
        ("SparseAdam", {"eps": 0.0}, "Invalid epsilon value: 0.0"),
    ],
)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError) as error:
        getattr(optim, name)([leaf(2, 2)], **options)
    assert str(error.value) == message


def test_tensor_options():
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        optim.SGD([leaf(1)], lr=wg.ones(2))
    with pytest.raises(ValueError, match="lr as a Tensor is not supported for capturable=False and foreach=True"):
        optim.Adam([leaf(1)], lr=wg.tensor(0.1), foreach=True)


def test_flags_that_contradict():
    for name in ("SGD", "Adam", "AdamW", "Adagrad"):
        with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
            getattr(optim, name)([leaf(1)], fused=True, differentiable=True)
        with pytest.raises(RuntimeError, match="`fused` and `foreach` cannot be `True` together."):
            getattr(optim, name)([leaf(1)], fused=True, foreach=True)


def test_capturable_is_refused_on_the_cpu():
    p = leaf(1)
    opt = optim.Adam([p], capturable=True)
    p.grad = wg.ones(1)
    with pytest.raises(AssertionError, match="If capturable=True, params and state_steps must be on supported devices"):
        opt.step()


def test_parameters_of_the_wrong_kind():
    with pytest.raises(ValueError, match="^optimizer got an empty parameter list$"):
        optim.SGD([])
    with pytest.raises(TypeError, match="iterable of Tensors or dicts, but got torch.FloatTensor"):
        optim.SGD(leaf(1))
    with pytest.raises(ValueError, match="^can't optimize a non-leaf Tensor$"):
        optim.SGD([leaf(1) * 2])
    with pytest.raises(TypeError, match="optimizer can only optimize Tensors, but one of the params is int"):
        optim.SGD([1])
    with pytest.raises(TypeError, match="organized in ordered collections"):
        optim.SGD([{"params": {leaf(1)}}])
    with pytest.raises(TypeError, match="param_group must be a dict, but got <class 'list'>"):
        optim.SGD([leaf(1)]).add_param_group([leaf(1)])


def test_parameters_in_two_groups():
    p = leaf(1)
    with pytest.raises(ValueError, match="^some parameters appear in more than one parameter group$"):
        optim.SGD([{"params": [p]}, {"params": [p]}])
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        optim.SGD([p, p])


def test_names_must_be_complete():
    with pytest.raises(ValueError, match="Some param names are missing"):
        optim.SGD([("a", leaf(1)), leaf(1)])
    opt = optim.SGD([("a", leaf(1))])
    assert opt.param_groups[0]["param_names"] == ["a"]
    with pytest.raises(ValueError, match="cannot add param group without names to the optimizer"):
        opt.add_param_group({"params": [leaf(1)]})


def test_required_option():
    from wengert.optim.optimizer import required

    class Custom(optim.Optimizer):
        def step(self, closure=None):
            return None

    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter lr"):
        Custom([leaf(1)], {"lr": required})
    assert Custom([{"params": [leaf(1)], "lr": 3}], {"lr": required}).param_groups[0]["lr"] == 3


def test_special_refusals():
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        optim.LBFGS([{"params": [leaf(1)]}, {"params": [leaf(1)]}])
    with pytest.raises(ValueError, match="Muon only supports 2D parameters"):
        optim.Muon([leaf(3)])
    p = leaf(2)
    p.grad = wg.ones(2)
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please consider Adam"):
        optim.SparseAdam([p]).step()
    with pytest.raises(NotImplementedError):
        optim.Optimizer([p], {}).step()

    def closure():
        p.grad = wg.ones(2)
        return p.detach().sum()

    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="armijo").step(closure)


def test_loading_into_other_groups():
    state = optim.SGD([leaf(1), leaf(1)]).state_dict()
    with pytest.raises(ValueError, match="^loaded state dict contains a parameter group that doesn't match the size"):
        optim.SGD([leaf(1)]).load_state_dict(state)
    with pytest.raises(ValueError, match="^loaded state dict has a different number of parameter groups$"):
        optim.SGD([{"params": [leaf(1)]}, {"params": [leaf(1)]}]).load_state_dict(state)
