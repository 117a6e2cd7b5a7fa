"""Files go both ways between wengert and torch."""

import io

import pytest
from formats import DTYPES, FORMATS

import wengert as wg

torch = pytest.importorskip("torch", reason="parity with torch needs torch")


def from_torch(value, zipped=True, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    buffer.seek(0)
    return wg.load(buffer, **options)


def to_torch(value, zipped=True, **options):
    buffer = io.BytesIO()
    wg.save(value, buffer, _use_new_zipfile_serialization=zipped)
    buffer.seek(0)
    return torch.load(buffer, **options)


def make(library):
    """The same values in either library."""
    base = library.arange(12.0).view(3, 4)
    values = {name: library.tensor([0, 1, 2, 3]).to(getattr(library, name)) for name in DTYPES}
    return {
        **values,
        "base": base,
        "transposed": base.t(),
        "part": base[1:, ::2],
        "scalar": library.tensor(2.5),
        "empty": library.empty(0, 3),
        "parameter": library.nn.Parameter(library.ones(2)),
        "size": base.size(),
        "frozen": library.nn.Parameter(library.ones(2), requires_grad=False),
        "device": library.device("cpu"),
        "dtype": library.float16,
        "nested": [{"a": (1, 2.5, None, True, "text", b"bytes")}, {1, 2}, 1j, 2**70],
        "leaf": library.ones(1, requires_grad=True),
    }


def same(ours, theirs):
    if hasattr(theirs, "stride"):
        assert str(ours.dtype) == str(theirs.dtype) and ours.tolist() == theirs.tolist()
        assert tuple(ours.shape) == tuple(theirs.shape) and ours.stride() == theirs.stride()
        assert ours.requires_grad == theirs.requires_grad and type(ours).__name__ == type(theirs).__name__
    elif isinstance(theirs, (torch.dtype, torch.device)):
        assert str(ours) == str(theirs)
    else:
        assert ours == theirs


@FORMATS
def test_torch_reads_what_wengert_writes(zipped):
    expected, result = make(torch), to_torch(make(wg), zipped)
    assert list(result) == list(expected)
    for key, value in expected.items():
        same(result[key], value)
    assert result["base"].untyped_storage().data_ptr() == result["part"].untyped_storage().data_ptr()


@FORMATS
def test_wengert_reads_what_torch_writes(zipped):
    expected, result = make(wg), from_torch(make(torch), zipped)
    assert list(result) == list(expected)
    for key, value in expected.items():
        same(result[key], value)
    assert result["base"].untyped_storage().data_ptr() == result["part"].untyped_storage().data_ptr()


def network(library):
    library.manual_seed(0)
    return library.nn.Sequential(
        library.nn.Conv2d(1, 2, 3),
        library.nn.BatchNorm2d(2),
        library.nn.ReLU(),
        library.nn.Flatten(),
        library.nn.Linear(8, 3),
        library.nn.Dropout(0.5),
    )


@FORMATS
def test_state_of_models_and_optimizers(zipped):
    states = {}
    for library in (torch, wg):
        model = network(library)
        optimizer = library.optim.Adam(model.parameters(), lr=0.01)
        model(library.ones(2, 1, 4, 4)).sum().backward()
        optimizer.step()
        states[library] = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    model, optimizer = network(torch), None
    loaded = to_torch(states[wg], zipped)
    model.load_state_dict(loaded["model"])
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
    optimizer.load_state_dict(loaded["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.01
    model = network(wg)
    loaded = from_torch(states[torch], zipped)
    model.load_state_dict(loaded["model"])
    optimizer = wg.optim.Adam(model.parameters(), lr=1.0)
    optimizer.load_state_dict(loaded["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.01


@FORMATS
def test_whole_models(zipped):
    inputs = [[[[float(i * j) for i in range(4)] for j in range(4)]]]
    theirs = network(torch).eval()
    ours = from_torch(theirs, zipped, weights_only=False)
    assert [type(layer).__module__.split(".")[0] for layer in ours] == ["wengert"] * 6
    expected = theirs(torch.tensor(inputs)).tolist()[0]
    assert ours(wg.tensor(inputs)).tolist()[0] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    back = to_torch(ours, zipped, weights_only=False)
    assert back(torch.tensor(inputs)).tolist()[0] == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    "value",
    [lambda t: [t.ones(2).untyped_storage()], lambda t: t.nn.Linear(1, 1), lambda t: frozenset([1])],
    ids=range(3),
)
def test_refusals_read_the_same(value):
    buffer = io.BytesIO()
    torch.save(value(torch), buffer)
    messages = []
    for library in (torch, wg):
        buffer.seek(0)
        try:
            library.load(buffer)
            messages.append("loaded")
        except Exception as error:
            messages.append((type(error), str(error)))
    assert messages[0] == messages[1]


def test_files_of_torch_without_checksums():
    torch.serialization.set_crc32_options(False)
    try:
        assert from_torch(torch.ones(2)).tolist() == [1, 1]
    finally:
        torch.serialization.set_crc32_options(True)


def test_torch_maps_our_files(tmp_path):
    wg.save({"a": wg.arange(5.0)}, tmp_path / "a.pt")
    assert torch.load(tmp_path / "a.pt", mmap=True)["a"].tolist() == [0, 1, 2, 3, 4]
    torch.save({"a": torch.arange(5.0)}, tmp_path / "b.pt")
    assert wg.load(tmp_path / "b.pt", mmap=True)["a"].tolist() == [0, 1, 2, 3, 4]
