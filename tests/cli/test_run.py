"""`wengert run FILE` behaves as `python FILE` does, with `import torch` finding wengert."""

import os
import signal
import subprocess
import sys
import textwrap
import zipfile

import pytest

import wengert

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(
        filter(None, [os.path.dirname(os.path.dirname(wengert.__file__)), os.environ.get("PYTHONPATH")])
    ),
}
RUN = [sys.executable, "-m", "wengert", "run"]


def call(command, cwd, **options):
    return subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False, **options
    )


def write(folder, source, name="script.py"):
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return path


def run(folder, source, *arguments):
    return call([*RUN, str(write(folder, source)), *arguments], folder)


SAME_AS_PYTHON = {
    "names": """
        import sys
        print(__name__, __file__, __doc__, __package__, __spec__, sys.argv, sys.path[0], __annotations__)
        print(type(__loader__).__name__, type(__builtins__).__name__, sys.modules['__main__'].__dict__ is globals())
    """,
    "traceback": """
        def inner(x):
            return 1 / x
        inner(0)
    """,
    "syntax error": "x = = 1\n",
    "exit code": "import sys; sys.exit(7)",
    "exit message": "import sys; sys.exit('stopped here')",
    "exit without status": "raise SystemExit",
    "interrupt": "raise KeyboardInterrupt",
    "chained": """
        try:
            {}['k']
        except KeyError as error:
            raise ValueError('second') from error
    """,
    "own hook": """
        import sys
        sys.excepthook = lambda kind, value, trace: print(kind.__name__, value, trace.tb_frame.f_code.co_name)
        raise RuntimeError('seen by the hook')
    """,
    "atexit": """
        import atexit, warnings
        atexit.register(print, 'at exit')
        warnings.warn('old', DeprecationWarning)
    """,
    "pickled class": """
        import pickle
        class Point:
            x = 3
        print(pickle.loads(pickle.dumps(Point())).x, Point.__module__)
    """,
}


@pytest.mark.parametrize("name", SAME_AS_PYTHON)
def test_a_script_sees_what_python_shows_it(tmp_path, name):
    path = write(tmp_path, SAME_AS_PYTHON[name])
    ours = call([*RUN, str(path), "a", "--b"], tmp_path)
    plain = call([sys.executable, str(path), "a", "--b"], tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)


def test_a_missing_file_is_said_as_python_says_it(tmp_path):
    ours, plain = call([*RUN, "no.py"], tmp_path), call([sys.executable, "no.py"], tmp_path)
    assert (ours.stderr, ours.returncode) == (plain.stderr, plain.returncode)


def test_torch_is_wengert_under_every_name(tmp_path):
    result = run(
        tmp_path,
        """
        import importlib, importlib.metadata, sys
        import torch
        import wengert
        assert torch is wengert and torch.__spec__.name == 'wengert'
        import torch.serialization as serialization
        import wengert.serialization
        assert serialization is wengert.serialization and torch.serialization is serialization
        from torch.utils.data import DataLoader
        import torch.nn.functional as F
        import wengert.nn.functional
        from torch.nn.modules.linear import Linear
        from torch.optim.lr_scheduler import StepLR
        assert F is wengert.nn.functional and Linear is wengert.nn.Linear
        assert importlib.import_module('torch.nn') is wengert.nn
        assert Linear.__module__ == 'torch.nn.modules.linear' and torch.Tensor.__module__ == torch.__name__ == 'torch'
        assert importlib.metadata.version('torch') == torch.__version__
        print('same', torch.ones(2).sum().item())
    """,
    )
    assert (result.stdout, result.returncode) == ("same 2.0\n", 0), result.stderr


def test_classes_are_found_under_the_modules_that_torch_keeps_them_in(tmp_path):
    result = run(
        tmp_path,
        """
        import torch
        assert torch.nn.modules.activation.MultiheadAttention is torch.nn.MultiheadAttention
        from torch.nn.modules.loss import TripletMarginLoss
        from torch.nn.modules.batchnorm import _BatchNorm
        assert TripletMarginLoss is torch.nn.TripletMarginLoss and issubclass(torch.nn.BatchNorm1d, _BatchNorm)
        import torch.utils.data.distributed
        from torch.utils.data.sampler import RandomSampler
        from torch.optim.adamw import AdamW
        assert torch.utils.data.distributed.DistributedSampler is torch.utils.data.DistributedSampler
        assert RandomSampler is torch.utils.data.RandomSampler and AdamW is torch.optim.AdamW
        print(hasattr(torch.nn.modules.activation, 'Linear'))
    """,
    )
    assert result.stdout == "False\n", result.stderr


def test_what_is_missing_is_said_when_it_is_used(tmp_path):
    result = run(
        tmp_path,
        """
        import torch
        from torch import fbgemm_linear_fp16_weight as missing
        from torch.nested import nested_tensor
        from typing import Optional
        def annotated(x: Optional[missing]) -> 'missing | None': ...
        print(hasattr(torch, 'fbgemm_linear_fp16_weight'), isinstance(1, missing))
        for use in (lambda: missing(1), lambda: missing[0], lambda: torch.fbgemm_linear_fp16_weight,
                    lambda: nested_tensor.option):
            try:
                use()
            except NotImplementedError as error:
                print(error)
        class Tracer(nested_tensor):
            pass
    """,
    )
    assert result.returncode == 1
    assert result.stdout.startswith("False False\n")
    assert result.stdout.count("torch.fbgemm_linear_fp16_weight is not in wengert") == 3
    assert "torch.nested.nested_tensor.option is not in wengert" in result.stdout
    assert (
        result.stderr.rstrip()
        .splitlines()[-1]
        .startswith("wengert._alias.MissingInWengertError: torch.nested.nested_tensor is not in wengert")
    )


@pytest.mark.parametrize(
    "line, kind",
    [
        ("from torch import no_such_name", "ImportError: cannot import name 'no_such_name'"),
        ("import torch.no_such_module", "ModuleNotFoundError: No module named 'torch.no_such_module'"),
        ("import torch._inductor", "ModuleNotFoundError: No module named 'torch._inductor'"),
        ("import torch; torch.no_such_name", "AttributeError: module 'torch' has no attribute 'no_such_name'"),
    ],
)
def test_names_that_torch_does_not_have_fail_as_in_torch(tmp_path, line, kind):
    result = run(tmp_path, line)
    trace = result.stderr.splitlines()
    assert result.returncode == 1 and trace[-1].startswith(kind)
    assert [entry for entry in trace if entry.startswith("  File")] == [
        f'  File "{tmp_path}/script.py", line 1, in <module>'
    ]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes_find_wengert_too(tmp_path, method):
    result = run(
        tmp_path,
        f"""
        import multiprocessing, sys
        import torch
        def work(n):
            import torch, wengert
            return torch is wengert, __name__, n + 1
        if __name__ == '__main__':
            with multiprocessing.get_context('{method}').Pool(1) as pool:
                print(pool.apply(work, (41,)))
    """,
    )
    name = "__main__" if method == "fork" else "__mp_main__"
    assert result.stdout == f"(True, '{name}', 42)\n", result.stderr


def test_code_standard_input_and_modules(tmp_path):
    result = call([*RUN, "-c", "import sys, torch, wengert; print(torch is wengert, sys.argv)", "x"], tmp_path)
    assert result.stdout == "True ['-c', 'x']\n", result.stderr
    result = call([*RUN, "-", "x"], tmp_path, input="import sys, torch; print(sys.argv, repr(sys.path[0]), __name__)")
    assert result.stdout == "['-', 'x'] '' __main__\n", result.stderr
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    source = "import sys, torch\nfrom . import __name__ as parent\nprint(sys.argv, __spec__.name, parent)"
    (package / "__main__.py").write_text(source)
    for module in ("package", "package.__main__"):
        result = call([*RUN, "-m", module, "x"], tmp_path)
        assert result.stdout == f"['{package}/__main__.py', 'x'] package.__main__ package\n", result.stderr
    result = call([*RUN, "-m", "no_such_module"], tmp_path)
    assert (result.returncode, result.stderr) == (1, f"{sys.executable}: No module named no_such_module\n")


def test_folders_and_zip_files_with_a_main(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "__main__.py").write_text("import helper")
    (folder / "helper.py").write_text("import torch; print(torch.__name__, __name__)")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        for name in ("__main__.py", "helper.py"):
            archive.write(folder / name, name)
    for target in ("app", "app.zip"):
        result = call([*RUN, target], tmp_path)
        assert result.stdout == "torch helper\n", result.stderr


def test_interrupting_ends_by_the_signal(tmp_path):
    path = write(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")
    with subprocess.Popen(
        [*RUN, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        trace = process.stderr.read()
    assert process.returncode == -signal.SIGINT
    assert trace.splitlines()[1:2] == [f'  File "{path}", line 1, in <module>'] and "cli" not in trace


def test_usage():
    result = call([sys.executable, "-m", "wengert"], ".")
    assert result.returncode == 2 and result.stderr.startswith("usage: wengert run")
    result = call([sys.executable, "-m", "wengert", "dance"], ".")
    assert result.returncode == 2 and "unknown command 'dance'" in result.stderr
    assert call([sys.executable, "-m", "wengert", "--help"], ".").returncode == 0
