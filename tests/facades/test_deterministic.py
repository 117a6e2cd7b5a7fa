"""Deterministic algorithms: memory that nothing was written to is filled, as in torch."""

import pytest

import wengert as wg


@pytest.fixture
def deterministic():
    wg.use_deterministic_algorithms(True)
    yield
    wg.use_deterministic_algorithms(False)
    wg.utils.deterministic.fill_uninitialized_memory = True


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize(
    ("dtype", "value"), [("float32", "nan"), ("bfloat16", "nan"), ("complex64", "nan"), ("int8", 127), ("bool", True)]
)
def test_new_memory_is_filled(dtype, value):
    dtype = getattr(wg, dtype)
    made = [wg.empty(3, 4, dtype=dtype), wg.empty_like(wg.zeros(2, 3, dtype=dtype).t())]
    made += [wg.empty_strided((3, 2), (1, 5), dtype=dtype), wg.empty_permuted((2, 3), (1, 0), dtype=dtype)]
    made += [wg.zeros(1, dtype=dtype).new_empty(3), wg.empty(3, 2, 4, 4, dtype=dtype, memory_format=wg.channels_last)]
    for t in made:
        assert t.isnan().all() if value == "nan" else t.eq(value).all()


@pytest.mark.usefixtures("deterministic")
def test_resize_keeps_what_was_there():
    x = wg.zeros(3).resize_(5)
    assert x[:3].tolist() == [0, 0, 0] and x[3:].isnan().all()
    wg.utils.deterministic.fill_uninitialized_memory = False
    assert wg.utils.deterministic.fill_uninitialized_memory is False


def test_the_flags_are_kept():
    for mode, warn_only, level in ((True, True, 1), (True, False, 2), (False, True, 0)):
        wg.use_deterministic_algorithms(mode, warn_only=warn_only)
        assert wg.are_deterministic_algorithms_enabled() is mode and wg.get_deterministic_debug_mode() == level
        assert wg.is_deterministic_algorithms_warn_only_enabled() is warn_only
    wg.set_deterministic_debug_mode("default")
    with pytest.raises(TypeError, match=r"argument 'mode' \(position 1\) must be bool, not int"):
        wg.use_deterministic_algorithms(1)
