"""share_memory_: writes of one process are seen by the others, whether forked or spawned."""

import os
import subprocess
import sys

import pytest

import wengert as torch

SCRIPT = """
import sys
import wengert as torch
import wengert.multiprocessing as mp

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.register_buffer("count", torch.zeros(3))

def work(model, values, plain):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
        model.count.fill_(7.0)
        values[1:].fill_(5.0)
        plain.fill_(9.0)

if __name__ == "__main__":
    context = mp.get_context(sys.argv[1])
    model, values, plain = Net(), torch.zeros(4).share_memory_(), torch.zeros(2)
    model.share_memory()
    before = [parameter.clone() for parameter in model.parameters()]
    process = context.Process(target=work, args=(model, values, plain))
    process.start()
    process.join()
    grown = [round((after - old).mean().item(), 4) for after, old in zip(model.parameters(), before)]
    print(process.exitcode, values.tolist(), model.count.tolist(), grown, plain.tolist())
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_write_into_shared_memory(tmp_path, method):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result = subprocess.run([sys.executable, script, method], capture_output=True, text=True, check=False)
    assert result.stdout == "0 [0.0, 5.0, 5.0, 5.0] [7.0, 7.0, 7.0] [1.0, 1.0] [0.0, 0.0]\n", result.stderr


def test_sharing_keeps_the_tensor_and_frees_its_file():
    from wengert.multiprocessing import reductions

    value = torch.arange(6.0).view(2, 3).t()
    assert not value.is_shared() and value.share_memory_() is value and value.is_shared() and value[1:].is_shared()
    assert value.tolist() == [[0, 3], [1, 4], [2, 5]] and value.stride() == (1, 3)
    path, _ = reductions._by_address[value.untyped_storage().data_ptr()]
    assert os.path.exists(path)
    copy = reductions.rebuild_tensor(*reductions.reduce_tensor(value)[1])
    copy.fill_(1)
    assert value.tolist() == [[1, 1]] * 3
    del value, copy
    assert not os.path.exists(path)
    with pytest.raises(RuntimeError, match="the process that shared this tensor has freed it"):
        reductions.rebuild_tensor(path, 4, "float32", 0, (1,), (1,), False, False)
    assert torch.empty(0).share_memory_().is_shared()
