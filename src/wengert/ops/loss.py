"""Losses: element by element, and over classes."""

from .._core import let_require_grad, payload
from ._declare import composite, constant, fused, host, primitive
from .activation import log_sigmoid
from .arithmetic import div, mul, neg
from .compare import clamp, where
from .math import exp, log, log1p, sigmoid

HIDDEN = {"function": False, "method": False}
TINY = 9.999999960041972e-13  # 1e-12 in float32, for doubles too, as in torch


@primitive("_loss_spread(Tensor grad, int[] sizes, int reduction)", **HIDDEN)
def _loss_spread():
    """What each element's loss gets of the gradient of their mean (1), their sum (2) or of themselves (0)."""


@primitive("mse_loss(Tensor self, Tensor target, int reduction=1)", **HIDDEN)
def mse_loss(g, self, target, reduction):
    """(self - target)**2, averaged (reduction 1), summed (2) or as it is (0)."""
    back = mul(_loss_spread(g, self.shape, reduction), (self - target) * 2)
    return back, neg(back)


@primitive(
    "_smooth_l1_loss(Tensor self, Tensor target, int reduction, float beta)",
    grad_name="SmoothL1LossBackward0",
    rounds="once",
    **HIDDEN,
)
def _smooth_l1_loss(g, self, target, reduction, beta):
    """Quadratic within beta of the target, linear beyond."""
    difference = self - target
    slope = where(difference <= -beta, -1, where(difference >= beta, 1, difference / beta))
    back = mul(_loss_spread(g, self.shape, reduction), slope)
    return back, neg(back)


@composite("smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.0)", **HIDDEN)
def smooth_l1_loss():
    """0.5 * d**2 / beta where d = |self - target| < beta, d - 0.5 * beta elsewhere."""


@primitive("huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.0)", **HIDDEN)
def huber_loss(g, self, target, reduction, delta):
    """0.5 * d**2 where d = |self - target| < delta, delta * (d - 0.5 * delta) elsewhere."""
    difference = self - target
    slope = where(difference <= -delta, -delta, where(difference >= delta, delta, difference))
    back = mul(_loss_spread(g, self.shape, reduction), slope)
    return back, neg(back)


@primitive("soft_margin_loss(Tensor self, Index target, int reduction=1)", **HIDDEN)
def soft_margin_loss(g, self, target, reduction):
    """log(1 + exp(-self * target)) for targets of 1 and -1."""
    return _soft_margin_backward(g, self, target, reduction)


def _soft_margin_slope(grad, self, target, reduction):
    z = exp(neg(target) * self)
    return target * z * (-1 / self.numel() if reduction == 1 and self.numel() else -1) / (z + 1) * grad


@host(
    "_soft_margin_backward(Tensor grad, Tensor self, Index target, int reduction)",
    forward=_soft_margin_slope,
    grad_name="SoftMarginLossBackwardBackward0",
    **HIDDEN,
)
def _soft_margin_backward(g, grad, self, target, reduction):
    """The gradient of soft_margin_loss. It and its derivative overflow where torch's do."""
    if reduction == 0:
        by_grad = _soft_margin_backward(g, self, target, 0)
    else:
        by_grad = (_soft_margin_backward(grad.new_ones(grad.shape), self, target, reduction) * g).sum()
    z = exp(self * neg(target))
    by_self = g * grad * (target * target) * z / ((z + 1) * (z + 1))
    return by_grad, by_self / self.numel() if reduction == 1 else by_self


@primitive(
    "_binary_cross_entropy(Tensor self, Tensor target, int reduction)",
    grad_name="BinaryCrossEntropyBackward0",
    **HIDDEN,
)
def _binary_cross_entropy(g, self, target, reduction):
    """Cross entropy of probabilities; logarithms stop at -100."""
    spread = _loss_spread(g, self.shape, reduction)
    back = div(mul(spread, self - target), clamp((1 - self) * self, TINY))
    return back, mul(spread, log1p(neg(self)) - log(self))


@composite("binary_cross_entropy(Tensor self, Tensor target, Index? weight=None, int reduction=1)", **HIDDEN)
def binary_cross_entropy():
    """-(target * log(self) + (1 - target) * log(1 - self)), times weight."""


@fused("_bce_logits(Tensor self, Tensor target)", inplace=False, rounds="steps", **HIDDEN)
def _bce_logits(self, target):
    """Cross entropy of sigmoid(self), element by element."""
    return (1 - target) * self - log_sigmoid(self)


@fused("_bce_logits_weighted(Tensor self, Tensor target, Tensor pos_weight)", inplace=False, rounds="steps", **HIDDEN)
def _bce_logits_weighted(self, target, pos_weight):
    """The same with the positive targets' part times pos_weight."""
    return (1 - target) * self - ((pos_weight - 1) * target + 1) * log_sigmoid(self)


@primitive(
    "_bce_with_logits(Tensor self, Tensor target, int reduction)",
    grad_name="BinaryCrossEntropyWithLogitsBackward0",
    **HIDDEN,
)
def _bce_with_logits(g, self, target, reduction):
    """The mean or the sum of _bce_logits."""
    back, by_target = mul(sigmoid(self) - target, g), mul(neg(self), g)
    return _loss_spread(back, self.shape, reduction), _loss_spread(by_target, self.shape, reduction)


@primitive(
    "_bce_with_logits_weighted(Tensor self, Tensor target, Index? weight, Index? pos_weight, int reduction)",
    eager=True,
    grad_name="BinaryCrossEntropyWithLogitsBackward0",
    **HIDDEN,
)
def _bce_with_logits_weighted(g, self, target, weight, pos_weight, reduction, needs):
    """The same, times weights of elements and of the positive targets' parts."""
    back = by_target = None
    if pos_weight is None:
        back = sigmoid(self) - target if needs[0] else None
        by_target = neg(self) if needs[1] else None
    else:
        if needs[0]:
            positive = pos_weight * target
            back = (positive + 1 - target) * sigmoid(self) - positive
        if needs[1]:
            by_target = log_sigmoid(neg(self)) - pos_weight * log_sigmoid(self)

    def scaled(part):
        part = mul(part, g) if weight is None else mul(mul(part, g), weight)
        return part / self.numel() if reduction == 1 else part

    return tuple(None if part is None else scaled(part) for part in (back, by_target))


@composite(
    "binary_cross_entropy_with_logits(Tensor self, Tensor target, Index? weight=None, Index? pos_weight=None, "
    "int reduction=0)",
    method=False,
)
def binary_cross_entropy_with_logits():
    """binary_cross_entropy of sigmoid(self), without overflow.

    >>> wengert.binary_cross_entropy_with_logits(wengert.zeros(1), wengert.ones(1))
    tensor([0.6931])
    """


@primitive(
    "nll_loss_forward(Tensor self, Index target, Index? weight, int reduction, int ignore_index) "
    "-> (Tensor output, Index total_weight)",
    grad_name="NllLossBackward0",
    **HIDDEN,
)
def nll_loss_forward(g, self, target, weight, reduction, ignore_index, total_weight):
    """-weight[target] * self[target] for scores (N, C) or (C,), and the sum of the weights."""
    return _nll_loss_backward(g, self.shape, target, weight, reduction, ignore_index, total_weight)


@primitive(
    "nll_loss2d_forward(Tensor self, Index target, Index? weight, int reduction, int ignore_index) "
    "-> (Tensor output, Index total_weight)",
    grad_name="NllLoss2DBackward0",
    **HIDDEN,
)
def nll_loss2d_forward(g, self, target, weight, reduction, ignore_index, total_weight):
    """nll_loss_forward for scores (N, C, H, W)."""
    return _nll_loss_backward(g, self.shape, target, weight, reduction, ignore_index, total_weight)


@primitive(
    "_nll_loss_backward(Tensor grad, int[] sizes, Index target, Index? weight, int reduction, int ignore_index, "
    "Index total_weight)",
    eager=True,
    **HIDDEN,
)
def _nll_loss_backward(g, target, weight, reduction, ignore_index):
    """Zeros, with -weight * grad at the targets."""
    return nll_loss_nd(g, target, weight, reduction, ignore_index)


@composite(
    "nll_loss_nd(Tensor self, Tensor target, Index? weight=None, int reduction=1, int ignore_index=-100)", **HIDDEN
)
def nll_loss_nd():
    """The negative of the log-probabilities self (N, C, ...) at the classes target (N, ...)."""


@composite(
    "cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int ignore_index=-100, "
    "float label_smoothing=0.0)",
    **HIDDEN,
)
def cross_entropy_loss():
    """Cross entropy of logits (N, C, ...) with classes (N, ...) or probabilities (N, C, ...)."""


def check_divergence(self, target):
    """RuntimeError for complex numbers and for integers."""
    if self.is_complex() or target.is_complex():
        raise RuntimeError("kl_div: Complex inputs not supported.")
    if not (self.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")


@composite(method=False)
def kl_div(self, target, reduction=0, *, log_target=False):
    """target * (log(target) - self), averaged (reduction 1), summed (2) or as it is (0).

    >>> wengert.kl_div(wengert.zeros(1), wengert.ones(1))
    tensor([0.])
    """
    check_divergence(self, target)
    loss = exp(target) * (target - self) if log_target else target.xlogy(target) - target * self
    return loss.mean() if reduction == 1 else loss.sum() if reduction == 2 else loss


REDUCTIONS = ("none", "mean", "sum")


@primitive(
    "_ctc_losses(Tensor log_probs, Index labels, Index input_lengths, Index target_lengths, int blank) -> "
    "(Tensor losses, Index alpha)",
    eager=True,
    grad_name="CtcLossBackward0",
    function=False,
    method=False,
)
def _ctc_losses(g, log_probs, labels, input_lengths, target_lengths, blank, losses, alpha):
    """The loss of each sample of (T, N, C) with labels (N, S), and the forward recursion's numbers. The gradient is the
    one by what the log_softmax was taken of."""
    from .. import enable_grad, is_grad_enabled

    recorded = is_grad_enabled()
    if not recorded and payload(g) is None:
        return _ctc_losses_backward(g, log_probs, labels, input_lengths, target_lengths, blank, losses, alpha)
    from ..autograd import grad
    from ..nn.functional.margin_loss import _composed_ctc

    root = log_probs if log_probs.requires_grad else let_require_grad(log_probs.detach())
    with enable_grad():
        again = _composed_ctc(root, labels, input_lengths, target_lengths, blank)
        return grad(again, root, g, create_graph=recorded)[0]


@constant(
    "_ctc_losses_backward(Tensor g, Tensor log_probs, Tensor labels, Tensor input_lengths, Tensor target_lengths, "
    "int blank, Tensor losses, Tensor alpha) -> Tensor",
    function=False,
    method=False,
)
def _ctc_losses_backward():
    """The gradient of _ctc_losses, when no derivative of it is wanted."""


@composite(method=False)
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=0, zero_infinity=False):
    """Minus the log-probability that log_probs (T, N, C) spell the targets, summed over all alignments with blanks.

    >>> logs = wengert.zeros(2, 1, 2).log_softmax(2)
    >>> wengert.ctc_loss(logs, wengert.tensor([[1]]), [2], [1])
    tensor([0.2877])
    """
    from ..nn.functional import ctc_loss as by_name

    return by_name(log_probs, targets, input_lengths, target_lengths, blank, REDUCTIONS[reduction], zero_infinity)


@composite(method=False)
def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """Minus the log-likelihood of counts, whose rate is exp(input) (log_input) or input itself.

    >>> wengert.poisson_nll_loss(wengert.zeros(1), wengert.ones(1), True, False, 1e-8, 1)
    tensor(1.)
    """
    from ..nn.functional import poisson_nll_loss as by_name

    return by_name(input, target, log_input, full, eps=eps, reduction=REDUCTIONS[reduction])
