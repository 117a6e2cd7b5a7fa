"""Whatever of sparse tensors a program touches first is there."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "touched",
    [
        "wg.sparse_coo_tensor([[0]], [1.0])",
        "wg.sparse_csr_tensor([0, 1], [0], [1.0])",
        "wg.ones(1).to_sparse()",
        "wg.sparse.sum(wg.sparse_coo_tensor([[0]], [1.0]))",
    ],
)
def test_the_first_touch(touched):
    made = subprocess.run(
        [sys.executable, "-c", f"import wengert as wg; print(float({touched}.sum()), wg.sparse_coo_tensor.__name__)"],
        capture_output=True,
        text=True,
    )
    assert made.stdout.split() == ["1.0", "sparse_coo_tensor"], made.stderr
