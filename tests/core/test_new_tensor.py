"""new_tensor of a tensor: a copy of its own dtype, with the sentence that recommends clone."""

import pytest

import wengert


def test_it_recommends_clone_by_its_own_name():
    x = wengert.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"rather than tensor.new_tensor\(sourceTensor\).$") as said:
        made = x.new_tensor(wengert.arange(2), requires_grad=True)
    assert len(said) == 1
    assert made.tolist() == [0.0, 1.0]
    assert made.is_leaf and made.requires_grad and made.dtype == wengert.float32
    source = wengert.zeros(1)
    with pytest.warns(UserWarning):
        copy = source.new_tensor(source)
    copy += 1
    assert source.item() == 0.0
