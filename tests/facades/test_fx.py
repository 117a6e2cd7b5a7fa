"""torch.fx: importable, its decorators change nothing, tracing is refused."""

import pytest

from wengert import fx


def test_names_that_libraries_import():
    @fx.wrap
    def twice(x):
        return 2 * x

    assert twice(2) == 4
    assert fx.experimental.proxy_tensor.get_proxy_mode() is None
    assert fx.graph.Graph is fx.Graph


@pytest.mark.parametrize("name", ["symbolic_trace", "Tracer", "Graph", "GraphModule", "Interpreter"])
def test_tracing_is_refused(name):
    with pytest.raises(NotImplementedError, match=rf"torch\.fx\.{name} is not in wengert"):
        getattr(fx, name)(None)
