"""functional_call with what is no tensor, None, or a name the module does not have, as torch takes it."""

import pytest

import wengert


@pytest.fixture(params=["wengert", "torch"])
def library(request):
    return wengert if request.param == "wengert" else pytest.importorskip("torch", reason="parity with torch needs it")


def call(library, model, given):
    return library.func.functional_call(model, given, library.ones(1, 2))


def test_none_takes_a_parameter_away_for_the_call(library):
    model = library.nn.Linear(2, 2)
    bias = model.bias
    assert call(library, model, {"weight": library.ones(2, 2), "bias": None}).tolist() == [[2.0, 2.0]]
    assert model.bias is bias


@pytest.mark.parametrize("given", [{"weight": 3}, {"more": 3}, {"extra": "tensor"}])
def test_what_is_no_tensor_is_refused_and_the_module_stays(library, given):
    model = library.nn.Linear(2, 2)
    model.extra = 5
    weight = model.weight
    given = {name: library.ones(1) if value == "tensor" else value for name, value in given.items()}
    with pytest.raises(TypeError, match=r"(3|attribute `extra`: 5) is not an instance of torch.Tensor"):
        call(library, model, {"bias": library.zeros(2), **given})
    assert model.weight is weight and model.extra == 5 and not hasattr(model, "more")


def test_a_parameter_under_a_new_name_is_a_parameter_for_the_call_only(library):
    seen = []

    class Model(library.nn.Module):
        def forward(self, x):
            seen.append([name for name, _ in self.named_parameters()])
            return x

    model = Model()
    for value in (library.nn.Parameter(library.ones(1)), library.ones(1)):
        call(library, model, {"extra": value})
    assert seen == [["extra"], []] and not hasattr(model, "extra") and dict(model.named_parameters()) == {}
