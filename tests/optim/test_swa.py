"""Averaged models, update_bn and the functions that average."""

import pytest

import wengert as wg
from wengert import nn
from wengert.optim import swa_utils as swa


def linear(values):
    layer = nn.Linear(1, 1, bias=False)
    with wg.no_grad():
        layer.weight.fill_(values)
    return layer


def test_running_mean_is_the_default():
    model = linear(1.0)
    averaged = swa.AveragedModel(model)
    for value in (1.0, 3.0, 8.0):
        with wg.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
    assert averaged.module.weight.item() == pytest.approx(4.0)
    assert averaged.n_averaged.item() == 3
    x = wg.ones(1, 1)
    assert averaged(x).item() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"multi_avg_fn": swa.get_ema_multi_avg_fn(0.75)}, 0.75 * 1 + 0.25 * 5),
        ({"avg_fn": swa.get_ema_avg_fn(0.75)}, 0.75 * 1 + 0.25 * 5),
        ({"multi_avg_fn": swa.get_swa_multi_avg_fn()}, 3.0),
        ({"avg_fn": swa.get_swa_avg_fn()}, 3.0),
        ({"avg_fn": lambda mean, value, n: mean + value * n}, 6.0),
    ],
)
def test_other_means(options, expected):
    model = linear(1.0)
    averaged = swa.AveragedModel(model, **options)
    averaged.update_parameters(model)
    with wg.no_grad():
        model.weight.fill_(5.0)
    averaged.update_parameters(model)
    assert averaged.module.weight.item() == pytest.approx(expected)


def test_buffers_are_copied_or_averaged():
    model = nn.BatchNorm1d(2)
    for use_buffers, expected in ((False, 4.0), (True, 2.0)):
        averaged = swa.AveragedModel(model, use_buffers=use_buffers)
        for value in (0.0, 4.0):
            model.running_mean.fill_(value)
            averaged.update_parameters(model)
        assert averaged.module.running_mean.tolist() == [expected, expected]


def test_state_dict_has_the_count():
    averaged = swa.AveragedModel(linear(1.0))
    assert set(averaged.state_dict()) == {"n_averaged", "module.weight"}


def test_refusals():
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn should be provided"):
        swa.AveragedModel(linear(1.0), avg_fn=max, multi_avg_fn=max)
    with pytest.raises(ValueError, match="Invalid decay value 2 provided. Please provide a value in \\[0,1\\] range."):
        swa.get_ema_avg_fn(2)
    opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=0.1)
    with pytest.raises(ValueError, match="anneal_strategy must be one of 'cos' or 'linear', instead got x"):
        swa.SWALR(opt, 0.1, anneal_strategy="x")
    with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0, got -1"):
        swa.SWALR(opt, 0.1, anneal_epochs=-1)


def test_update_bn_is_the_plain_average_over_all_batches():
    model = nn.Sequential(nn.BatchNorm1d(1, momentum=0.3), nn.Linear(1, 1))
    model.eval()
    batches = [(wg.tensor([[1.0], [3.0]]), "label"), (wg.tensor([[5.0], [7.0]]), "label")]
    swa.update_bn(batches, model)
    assert model[0].running_mean.item() == pytest.approx(4.0)
    assert model[0].momentum == 0.3 and not model.training
