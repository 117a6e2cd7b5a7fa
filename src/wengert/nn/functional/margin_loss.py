"""Losses by margins, distances and alignments."""

import wengert as wg

from .. import _reduction as R
from ._native import native
from .activation import logsigmoid
from .distance import pairwise_distance

_ctc_losses = native("_ctc_losses")
_soft_margin = native("soft_margin_loss")
_CTC_CHECK = "(while checking arguments for ctc_loss_allocate_outputs)"
_RANKING = "margin_ranking_loss : All input tensors should have same dimension but got sizes: "


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target * (input1 - input2) + margin), target 1 or -1.

    >>> margin_ranking_loss(wg.zeros(1), wg.ones(1), wg.ones(1))
    tensor(1.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(f"{_RANKING}input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} ")
    return R.apply((-target * (input1 - input2) + float(margin)).clamp_min(0), reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """x where target is 1, max(0, margin - x) where it is -1.

    >>> hinge_embedding_loss(wg.tensor([0.25]), wg.tensor([-1]))
    tensor(0.7500)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    zero = wg.zeros((), dtype=input.dtype)
    apart = wg.where(target != 1, (margin - input).clamp_min(0), zero)
    return R.apply(apart + wg.where(target != -1, input, zero), reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * x)), target 1 or -1.

    >>> soft_margin_loss(wg.zeros(1), wg.ones(1))
    tensor(0.6931)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    target = target.to(input.dtype) if target.dtype is wg.bool else target
    return _soft_margin(input, target, R.get_enum(reduction))


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Mean over the classes of the binary cross entropy of logits (N, C) with 0/1 targets (N, C).

    >>> multilabel_soft_margin_loss(wg.zeros(1, 2), wg.ones(1, 2))
    tensor(0.6931)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(dim=-1) / input.size(-1)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    return R.apply(loss, reduction)


def _type_name(t):
    return t.type().rpartition(".")[2].removesuffix("Tensor")


def _rows(input, kernel):
    """Scores as (N, C): a vector is one sample, a number one class."""
    if input.dim() > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )
    if input.dtype not in (wg.float32, wg.float64):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_type_name(input)}'")
    return input if input.dim() == 2 else input.reshape(1, -1)


def _applied(loss, shape, reduction):
    """The reduction over samples, of this shape; no samples have no loss."""
    loss = loss.reshape(shape)
    return R.apply(loss, "sum" if reduction == "mean" and not loss.numel() else reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """Hinge loss (N, C) between every target class and every other; targets end at the first -1.

    >>> multilabel_margin_loss(wg.zeros(1, 2), wg.tensor([[0, -1]]))
    tensor(0.5000)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    x = _rows(input, "multilabel_margin_loss_forward_out_frame")
    if input.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    if target.dtype != wg.int64:
        raise RuntimeError(f"expected scalar type Long but found {_type_name(target)}")
    listed = target.reshape(x.shape)
    if bool(((listed < -1) | (listed >= x.size(1))).any()):
        raise RuntimeError("argument #2 'target' is out of range")
    valid = (listed < 0).cumsum(1) == 0
    is_target = wg.zeros_like(x).scatter_add_(1, listed.clamp_min(0), valid.to(x.dtype)) > 0
    at_target = x.gather(1, listed.clamp_min(0)).unsqueeze(2)
    hinge = 1 - at_target + x.unsqueeze(1)
    keep = valid.unsqueeze(2) & ~is_target.unsqueeze(1) & (hinge > 0)
    loss = wg.where(keep, hinge, wg.zeros_like(hinge)).sum((1, 2)) / x.size(1)
    return _applied(loss, input.shape[:-1], reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Hinge loss ** p of the class scores (N, C) against the target class (N,), over C.

    >>> multi_margin_loss(wg.zeros(1, 2), wg.tensor([0]))
    tensor(0.5000)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    x = _rows(input, "multi_margin_loss_cpu_kernel")
    if target.dim() > 1 or target.numel() != x.size(0):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{x.size(0)}], but got {list(target.shape)}. Input has shape "
            f"{list(input.shape)}."
        )
    if weight is not None and weight.numel() != x.size(1):
        raise RuntimeError(f"inconsistent weight size, expected {x.size(1)} but got {list(weight.shape)}")
    for t, dtype in ((target, wg.int64), (weight, x.dtype)):
        if t is not None and t.dtype != dtype:
            expected = _type_name(wg.empty(0, dtype=dtype))
            raise RuntimeError(f"expected scalar type {expected} but found {_type_name(t)}")
    index = target.reshape(-1, 1)
    if bool(((index < 0) | (index >= x.size(1))).any()):
        raise RuntimeError("target out of range")
    hinge = margin - x.gather(1, index) + x
    counts = (hinge > 0).scatter_(1, index, False)  # not nan
    hinge = wg.where(counts, hinge, wg.zeros_like(hinge))
    hinge = hinge * hinge if p == 2 else hinge
    if weight is not None:
        hinge = hinge * wg.where(counts, weight[index], wg.zeros_like(hinge))
    loss = hinge.sum(1) / x.size(1)
    return _applied(loss, target.shape, reduction)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos(x1, x2) where target is 1, max(0, cos - margin) where it is -1; inputs (N, D) or (D,).

    >>> cosine_embedding_loss(wg.ones(1, 2), wg.ones(1, 2), wg.tensor([-1]))
    tensor(1.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    if target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    eps = 1e-12
    dot = (input1 * input2).sum(-1)
    cos = dot / (((input1 * input1).sum(-1) + eps) * ((input2 * input2).sum(-1) + eps)).sqrt()
    zero = wg.zeros_like(cos)
    near = wg.where(target == 1, 1 - cos, zero)
    return R.apply(near + wg.where(target == -1, (cos - margin).clamp_min(0), zero), reduction)


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with p-norm distances of (N, D).

    >>> triplet_margin_loss(wg.zeros(1, 2), wg.zeros(1, 2), wg.zeros(1, 2))
    tensor(1.)
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    reduction = R.resolve(size_average, reduce, reduction)

    def distance(a, b):
        return pairwise_distance(a, b, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(anchor, positive, negative, distance, margin, swap, reduction):
    dims = anchor.dim(), positive.dim(), negative.dim()
    if not dims[0] == dims[1] == dims[2]:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {dims[0]}D, positive {dims[1]}D, and negative {dims[2]}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = wg.minimum(far, distance(positive, negative))
    return R.apply((margin + near - far).clamp_min(0), reduction)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """triplet_margin_loss with any distance (default pairwise_distance).

    >>> triplet_margin_with_distance_loss(wg.zeros(1, 2), wg.zeros(1, 2), wg.zeros(1, 2))
    tensor(1.)
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _lengths(lengths, name, most):
    """Lengths as a tensor of integers from 0 to `most`."""
    if not isinstance(lengths, wg.Tensor):
        lengths = wg.tensor(list(lengths), dtype=wg.int64)
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == wg.bool:
        raise RuntimeError(f"{name} must be integral")
    for n in lengths.reshape(-1).tolist():
        bound = "at least 0" if n < 0 else f"at most {most}" if n > most else None
        if bound is not None:
            raise RuntimeError(f"Expected {name} to have value {bound}, but got value {n} {_CTC_CHECK}")
    return lengths.reshape(-1).long()


def _check_targets(targets, target_lengths, n):
    """Refuse targets that are too few for the samples or their lengths."""
    longest, total = int(target_lengths.max()), int(target_lengths.sum())
    wrong = None
    if targets.dim() == 1 and targets.size(0) != total:
        wrong = f"size {total} at dimension 0, but got size {targets.size(0)}"
    elif targets.dim() == 2 and targets.size(0) != n:
        wrong = f"size {n} at dimension 0, but got size {targets.size(0)}"
    elif targets.dim() == 2 and targets.size(1) < longest:
        wrong = f"size at least {longest} at dimension 1, but got size {targets.size(1)}"
    if wrong is not None:
        raise RuntimeError(f"Expected tensor to have {wrong} for argument #2 'targets' {_CTC_CHECK}")


def _padded_targets(targets, target_lengths, n):
    """Targets as (N, S): concatenated ones are cut apart."""
    if targets.dim() == 2:
        return targets[:, : max(1, int(target_lengths.max()))]
    width = max(1, int(target_lengths.max()))
    out = targets.new_zeros((n, width))
    start = 0
    for i, length in enumerate(target_lengths.tolist()):
        out[i, :length] = targets[start : start + length]
        start += length
    return out


def _log_add(terms):
    """log(sum(exp(terms))) over the last dimension; all -inf gives -inf, with zero gradient."""
    top = terms.detach().max(-1, keepdim=True)[0]
    dead = top == -float("inf")
    top = top.masked_fill(dead, 0.0)
    total = (terms - top).exp().sum(-1)
    dead = dead.squeeze(-1)
    return (total.masked_fill(dead, 1.0).log() + top.squeeze(-1)).masked_fill(dead, -float("inf"))


def _ctc_rows(log_probs, targets, input_lengths, target_lengths, blank):
    """The loss of each sample."""
    labels = _padded_targets(targets, target_lengths, log_probs.shape[1]).long()
    valid = wg.arange(labels.size(1)) < target_lengths.unsqueeze(1)
    inside = not bool((valid & ((labels < 0) | (labels >= log_probs.shape[2]))).any())
    plain = wg._core.payload(log_probs) is None and log_probs.dtype in (wg.float32, wg.float64)
    if inside and plain and not log_probs.is_meta:
        return _ctc_losses(log_probs, labels, input_lengths, target_lengths, blank)[0]
    return _composed_ctc(log_probs, labels, input_lengths, target_lengths, blank)


def _composed_ctc(log_probs, labels, input_lengths, target_lengths, blank):
    """The same by the forward recursion over states blank, l1, blank, l2, ..., blank, made of ops."""
    steps, n, _ = log_probs.shape
    states = wg.full((n, 2 * labels.size(1) + 1), blank, dtype=wg.int64)
    states[:, 1::2] = labels
    emit = log_probs.gather(2, states.unsqueeze(0).expand(steps, -1, -1))
    may_skip = wg.zeros_like(states, dtype=wg.bool)
    may_skip[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    never = wg.full_like(emit[0], -float("inf"))
    first = wg.arange(states.size(1)) < 2
    alpha = wg.where(first & (wg.arange(states.size(1)) < 2 * target_lengths.unsqueeze(1) + 1), emit[0], never)
    rows = [alpha]
    for t in range(1, steps):
        back1 = wg.cat([never[:, :1], alpha[:, :-1]], 1)
        back2 = wg.cat([never[:, :2], alpha[:, :-2]], 1) if alpha.size(1) > 2 else never
        back2 = wg.where(may_skip, back2, never)
        alpha = _log_add(wg.stack([alpha, back1, back2], -1)) + emit[t]
        rows.append(alpha)
    last = wg.stack(rows)[(input_lengths - 1).clamp_min(0), wg.arange(n)]
    end = (2 * target_lengths).unsqueeze(1)
    final = wg.cat([last.gather(1, end), last.gather(1, (end - 1).clamp_min(0))], 1)
    final = wg.where(wg.stack([target_lengths >= 0, target_lengths > 0], 1), final, never[:, :2])
    of_nothing = wg.where(target_lengths > 0, float("inf"), -0.0).to(final.dtype)  # the loss of no input at all
    loss = wg.where(input_lengths > 0, -_log_add(final), of_nothing)
    inside = (wg.arange(steps).unsqueeze(1) < input_lengths).unsqueeze(2)
    mass = (log_probs.exp() * inside).sum((0, 2))
    return loss + (mass - mass.detach())


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification: log_probs (T, N, C), targets (N, S) or concatenated.

    As in torch the gradient is the one with respect to the input of the log_softmax that made log_probs.

    >>> ctc_loss(wg.zeros(1, 1, 2), wg.tensor([[1]]), [1], [1])
    tensor(0.)
    """
    batched = log_probs.dim() == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.reshape(1, -1)
    steps, n, classes = log_probs.shape
    if not log_probs.numel():
        raise RuntimeError("log_probs tensor must not be empty")
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    input_lengths = _lengths(input_lengths, "input_lengths", steps)
    target_lengths = _lengths(target_lengths, "target_lengths", float("inf"))
    if input_lengths.numel() != n:
        raise RuntimeError("input_lengths must be of size batch_size")
    if target_lengths.numel() != n:
        raise RuntimeError("target_lengths must be of size batch_size")
    _check_targets(targets, target_lengths, n)
    loss = _ctc_rows(log_probs, targets, input_lengths, target_lengths, blank)
    if zero_infinity:
        loss = wg.where(loss == float("inf"), wg.zeros_like(loss), loss)
    if reduction == "mean":
        return (loss / target_lengths.clamp_min(1).to(loss.dtype)).mean()
    return R.apply(loss if batched else loss.squeeze(0), reduction)
