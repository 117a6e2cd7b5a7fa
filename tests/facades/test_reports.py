"""What programs report of themselves: the graph of a module for TensorBoard, and the machine's description."""

import pytest

import wengert as torch


def test_a_module_is_drawn_as_its_innermost_modules(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(inplace=True))
            self.left, self.right = torch.nn.Linear(4, 2), torch.nn.Linear(4, 2)

        def forward(self, x):
            x = self.body(x * 2)
            return self.left(x) + self.right(x).tanh()

    net, x = Net(), torch.ones(5, 3)
    writer = torch.utils.tensorboard.SummaryWriter(tmp_path)
    assert writer.add_graph(net, x) is None
    writer.close()
    assert net.training and net.body[1].num_batches_tracked == 0 and not x.requires_grad
    assert not any(module._forward_hooks for module in net.modules())
    (events,) = tmp_path.iterdir()
    (drawn,) = [GraphDef.FromString(e.graph_def) for e in EventFileLoader(str(events)).Load() if e.graph_def]
    assert {node.name: sorted(node.input) for node in drawn.node} == {
        "input/0": [],
        "Net/Sequential[body]/Linear[0]": ["input/0"],
        "Net/Sequential[body]/BatchNorm1d[1]": ["Net/Sequential[body]/Linear[0]"],
        "Net/Sequential[body]/ReLU[2]": ["Net/Sequential[body]/BatchNorm1d[1]"],
        "Net/Linear[left]": ["Net/Sequential[body]/ReLU[2]"],
        "Net/Linear[right]": ["Net/Sequential[body]/ReLU[2]"],
        "output/output": ["Net/Linear[left]", "Net/Linear[right]"],
    }
    with pytest.raises(RuntimeError):
        torch.utils.tensorboard.SummaryWriter(tmp_path).add_graph(net, torch.ones(5, 7))
    assert net.training


def test_the_machine_is_described():
    from wengert.utils import collect_env

    text = collect_env.get_pretty_env_info()
    assert text.startswith(f"PyTorch version: {torch.__version__}\nIs debug build: False\n")
    assert "Is CUDA available: False" in text and "[pip3] numpy==" in text
