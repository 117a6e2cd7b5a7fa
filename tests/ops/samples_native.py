"""Sample calls of ops that do in one loop what others did before them."""

import wengert as wg


def native_calls(call, s):
    """Op name -> its sample calls; call: the class of samples, s: the source of tensors."""
    f, t = s.f, wg.tensor
    labels, lengths = t([[1, 2], [1, 1]]), (t([4, 3]), t([2, 2]))
    return {
        "_sum_rows": [call(f(4, 2), t([3, 0, 3]), t([0, 2, 2]), by, 3) for by in (None, f(3))],
        "_grid_sample2d": [call(f(2, 2, 3, 3), f(2, 2, 2, 2), mode, 0, False) for mode in (0, 2)],
        "_grid_sample3d": [call(f(1, 2, 3, 3, 2), f(1, 2, 2, 2, 3), 0, 1, True)],
        "_pair_norms": [call(f(2, 3, 4), f(2, 2, 4), p) for p in (1.0, 2.0, float("inf"))],
        "_ctc_losses": [call(f(4, 2, 3), labels, *lengths, 0, via=_of_probabilities)],
        **_factored(call, s),
        "_cdist": [call(f(2, 3, 4), f(2, 2, 4), 3.0)],
        "_pdist": [call(f(4, 3), 3.0), call(f(4, 3), 2.0)],
        "_dist": [call(f(2, 3), f(3), 3.0), call(f(2), f(2), 2)],
        "_renorm": [call(f(3, 4), 2, 0, 1.0), call(f(3, 4), 1, 1, 1.5)],
        "_cross": [call(f(2, 3), f(2, 3), 1), call(s.c(3, 2), s.c(3, 2), 0)],
        "_rot90": [call(f(2, 3), k, [0, 1]) for k in range(4)],
        "_pixel_shuffle": [call(f(1, 8, 2, 3), 2)],
        "_pixel_unshuffle": [call(f(1, 2, 4, 6), 2)],
        "_channel_shuffle": [call(f(2, 6, 2), 3)],
    }


def _factored(call, s):
    f, both = s.f, (True, False)
    pivots = wg.tensor([2, 3, 3]).int()
    return {
        "_cholesky_inverse": [call(s.square(), via=lambda op, L: op(L.tril(), False).tril())],
        "_triangular_solve": [call(f(3, 2), s.square(), up, back, False) for up in both for back in both],
        "_lu_unpack": [call(f(3, 3)), call(f(2, 4, 3)), call(f(3, 4))],
        "_linalg_plu": [call(s.square())],
        "_lu_solve": [call(s.square(), pivots, f(3, 2), True, back) for back in both]
        + [call(s.square(), pivots, f(2, 3), False, back) for back in both],
        "_householder_product": [call(f(4, 3), f(2))],
        "_ormqr": [call(f(4, 2), f(2), f(4, 3), True, False), call(f(4, 2), f(2), f(3, 4), False, True)],
    }


def _of_probabilities(op, scores, *rest):
    """The gradient is the one by what the log_softmax was taken of."""
    return op(scores.log_softmax(-1), *rest)[0]
