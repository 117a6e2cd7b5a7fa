"""The named tuples in which ops return several tensors: classes as torch's, made in C."""

import copy
import pickle

import pytest

import wengert as wg

CALLS = {
    "max": lambda t, x: x.max(0),
    "sort": lambda t, x: x.sort(),
    "aminmax": lambda t, x: x.aminmax(),
    "frexp": lambda t, x: x.frexp(),
    "svd": lambda t, x: t.linalg.svd(x),
    "slogdet": lambda t, x: t.slogdet(x),
    "lu": lambda t, x: t.linalg.lu(x),
    "lstsq": lambda t, x: t.linalg.lstsq(x, x),
}


def facts(t, name):
    made = CALLS[name](t, t.tensor([[3.0, 1.0], [2.0, 5.0]], dtype=t.float64))
    cls = type(made)

    def message(action):
        with pytest.raises((TypeError, AttributeError)) as refused:
            action()
        return type(refused.value).__name__, str(refused.value)

    return [
        repr(cls),
        cls.__module__,
        cls.__match_args__,
        (cls.n_fields, cls.n_sequence_fields, cls.n_unnamed_fields),
        hasattr(made, "_fields"),
        type(made + (1,)).__name__,
        type(pickle.loads(pickle.dumps(made))) is cls,
        type(copy.deepcopy(made)) is cls,
        message(lambda: cls((1,) * 9)),
        message(lambda: made.foo),
        message(lambda: setattr(made, cls.__match_args__[0], 1)),
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name):
    torch = pytest.importorskip("torch")
    assert facts(wg, name) == facts(torch, name)


def test_fields_and_places_are_the_same():
    made = wg.tensor([3.0, 1.0]).sort()
    assert made.values is made[0] and made.indices is made[1] and isinstance(made, tuple)
    again = pickle.loads(pickle.dumps(made))
    assert repr(again) == repr(made) == "torch.return_types.sort(\nvalues=tensor([1., 3.]),\nindices=tensor([1, 0]))"
