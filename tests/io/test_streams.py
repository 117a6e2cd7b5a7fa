"""Streams that write less than asked, return nonsense, or cannot go back: all is written, or an exception says why."""

import io
import signal

import pytest

import wengert as torch


class Raw(io.RawIOBase):
    """Takes at most 1000 bytes at a time."""

    def __init__(self, answer=None):
        super().__init__()
        self.taken, self.answer = bytearray(), answer

    def writable(self):
        return True

    def write(self, data):
        if self.answer is not None:
            return self.answer[0]
        self.taken += bytes(data)[:1000]
        return min(len(data), 1000)


@pytest.fixture
def limited():
    """A hang ends here, not the run."""

    def late(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


zipped = pytest.mark.parametrize("zipped", [True, False])


def saved(zipped):
    file = io.BytesIO()
    torch.save(torch.arange(5000), file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@zipped
def test_streams_that_write_less_than_asked(zipped):
    file = Raw()
    torch.save(torch.arange(5000), file, _use_new_zipfile_serialization=zipped)
    assert torch.load(io.BytesIO(file.taken)).tolist() == list(range(5000))


@zipped
@pytest.mark.parametrize("answer", [None, 0, -1, 10**9, "x"])
def test_streams_that_take_nothing(zipped, answer, limited):
    with pytest.raises(OSError, match="should have taken some of"):
        torch.save(torch.ones(5000), Raw([answer]), _use_new_zipfile_serialization=zipped)


@zipped
@pytest.mark.parametrize("answer", [None, -1, 10**9, "x", 1.5])
def test_reading_into_memory_that_answers_nonsense(zipped, answer, limited):
    class Liar(io.BytesIO):
        def readinto(self, target):
            super().readinto(target)
            return answer

    with pytest.raises(OSError, match="should have returned a number of bytes"):
        torch.load(Liar(saved(zipped)))


class Plain:
    """No readinto: only what torch.load asks for."""

    def __init__(self, data):
        file = io.BytesIO(data)
        self.seek, self.tell, self.readline, self.file = file.seek, file.tell, file.readline, file

    def read(self, n=-1):
        return self.file.read(n)


@zipped
def test_reading_more_or_something_else_than_asked_for(zipped, limited):
    assert torch.load(Plain(saved(zipped))).sum() == 5000 * 4999 / 2

    class Other(Plain):
        def read(self, n=-1):
            data = super().read(n)
            return data + b"more" if n == size else data

    size = 5000 * 8
    with pytest.raises(OSError, match=r"read\(40000\) should have returned so many bytes at most"):
        torch.load(Other(saved(zipped)))


@pytest.mark.parametrize("error", [io.UnsupportedOperation, AttributeError])
def test_streams_that_cannot_go_back(error):
    class Forward(io.BytesIO):
        def seek(self, *where):
            raise error("seek")

    with pytest.raises(error, match="seek. You can only torch.load from a file that is seekable. Please pre-load"):
        torch.load(Forward(saved(True)))
