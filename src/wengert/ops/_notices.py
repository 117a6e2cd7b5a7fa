"""What torch says, once in a process, of functions that are to go."""

_GOES = "is deprecated in favor of {} and will be removed in a future PyTorch release.\n"
NOTICES = {
    "cholesky": "torch.cholesky "
    + _GOES.format("torch.linalg.cholesky")
    + "L = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\n"
    "U = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\n"
    "This transform will produce equivalent results for all valid (symmetric positive definite) inputs.",
    "qr": "torch.qr "
    + _GOES.format("torch.linalg.qr")
    + "The boolean parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\n"
    "should be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
    "lu": "torch.lu "
    + _GOES.format("torch.linalg.lu_factor / torch.linalg.lu_factor_ex")
    + "LU, pivots = torch.lu(A, compute_pivots)\nshould be replaced with\n"
    "LU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
    "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
    "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
    "triangular_solve": "torch.triangular_solve "
    + _GOES.format("torch.linalg.solve_triangular").replace("triangular and", "triangularand")
    + "torch.linalg.solve_triangular has its arguments reversed and does not return a copy of one of the inputs.\n"
    "X = torch.triangular_solve(B, A).solution\nshould be replaced with\n"
    "X = torch.linalg.solve_triangular(A, B).",
    "chain_matmul": "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. "
    "Use torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than multiple parameters.",
    "cross": "Using torch.cross without specifying the dim arg is deprecated.\n"
    "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
    "The default value of dim will change to agree with that of linalg.cross in a future release.",
    "nuclear_norm": "at::nuclear_norm is deprecated and it is just left for JIT compatibility. It will be removed in a "
    "future PyTorch release. Please use `linalg.matrix_norm(A, 'nuc', dim, keepdim)` instead",
}


def notice(name, stacklevel=4):
    """Says it."""
    from .._facade.settings import warn_once

    warn_once(NOTICES[name], stacklevel)
