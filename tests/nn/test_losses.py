"""Every loss against torch: values, gradients, reductions."""

import pytest

from .parity import assert_same, build_both, check, run_both, same_seed, to_wg, torch, wg, x


def classes(high, *shape):
    """Random class indices."""
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(5))


def signs(*shape):
    """Random 1 and -1."""
    return classes(2, *shape) * 2.0 - 1


def probabilities(*shape):
    """Random numbers between 0 and 1, that ask for gradients."""
    return x(*shape, grad=False).sigmoid().requires_grad_()


def weights(n):
    """Positive class weights."""
    return torch.arange(1, n + 1).float() / n


CASES = [
    ("L1Loss", {}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("MSELoss", {}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("SmoothL1Loss", {"beta": 0.5}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("SmoothL1Loss", {"beta": 0.0}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("HuberLoss", {"delta": 0.5}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("NLLLoss", {}, lambda: [x(5, 4), classes(4, 5)]),
    ("NLLLoss", {"weight": weights(4), "ignore_index": 2}, lambda: [x(5, 4, 3), classes(4, 5, 3)]),
    ("CrossEntropyLoss", {}, lambda: [x(5, 4), classes(4, 5)]),
    ("CrossEntropyLoss", {"weight": weights(4), "label_smoothing": 0.1}, lambda: [x(5, 4), classes(4, 5)]),
    ("CrossEntropyLoss", {"ignore_index": 1}, lambda: [x(5, 4, 3), classes(4, 5, 3)]),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, lambda: [x(5, 4), x(5, 4, grad=False).softmax(1)]),
    ("CrossEntropyLoss", {}, lambda: [x(4), classes(4)]),
    ("PoissonNLLLoss", {"full": True}, lambda: [x(5, 4), classes(4, 5, 4).float()]),
    ("PoissonNLLLoss", {"log_input": False}, lambda: [probabilities(5, 4), classes(4, 5, 4).float()]),
    ("GaussianNLLLoss", {"full": True}, lambda: [x(5, 4), x(5, 4, seed=2), probabilities(5, 4)]),
    ("GaussianNLLLoss", {}, lambda: [x(5, 4), x(5, 4, seed=2), probabilities(5, 1)]),
    ("KLDivLoss", {}, lambda: [x(3, 4), probabilities(3, 4)]),
    ("KLDivLoss", {"log_target": True}, lambda: [x(3, 4), x(3, 4, seed=2)]),
    ("BCELoss", {"weight": weights(4)}, lambda: [probabilities(3, 4), classes(2, 3, 4).float()]),
    ("BCEWithLogitsLoss", {}, lambda: [x(3, 4), classes(2, 3, 4).float()]),
    (
        "BCEWithLogitsLoss",
        {"weight": weights(4), "pos_weight": weights(4)},
        lambda: [x(3, 4), x(3, 4, grad=False).sigmoid()],
    ),
    ("HingeEmbeddingLoss", {"margin": 0.7}, lambda: [x(3, 4), signs(3, 4)]),
    ("MultiLabelMarginLoss", {}, lambda: [x(2, 4), torch.tensor([[3, 0, -1, 1], [1, -1, 2, 0]])]),
    ("MultiLabelMarginLoss", {}, lambda: [x(4), torch.tensor([3, 0, -1, 1])]),
    ("SoftMarginLoss", {}, lambda: [x(3, 4), signs(3, 4)]),
    ("MultiLabelSoftMarginLoss", {"weight": weights(4)}, lambda: [x(3, 4), classes(2, 3, 4).float()]),
    ("CosineEmbeddingLoss", {"margin": 0.1}, lambda: [x(5, 4), x(5, 4, seed=2), signs(5)]),
    ("CosineEmbeddingLoss", {}, lambda: [x(4), x(4, seed=2), torch.tensor(1)]),
    ("MarginRankingLoss", {"margin": 0.3}, lambda: [x(5), x(5, seed=2), signs(5)]),
    ("MultiMarginLoss", {"p": 2, "weight": weights(4)}, lambda: [x(5, 4), classes(4, 5)]),
    ("MultiMarginLoss", {"margin": 0.5}, lambda: [x(4), torch.tensor(2)]),
    ("TripletMarginLoss", {"swap": True}, lambda: [x(5, 4), x(5, 4, seed=2), x(5, 4, seed=3)]),
    ("TripletMarginLoss", {"p": 1}, lambda: [x(5, 4), x(5, 4, seed=2), x(5, 4, seed=3)]),
    ("TripletMarginWithDistanceLoss", {}, lambda: [x(5, 4), x(5, 4, seed=2), x(5, 4, seed=3)]),
]
IDS = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "kwargs", "inputs"), CASES, ids=IDS)
def test_loss_is_torchs(name, kwargs, inputs, reduction):
    ours, theirs = build_both(name, (), {**kwargs, "reduction": reduction})
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    check(ours, theirs, inputs())


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_loss_is_torchs(reduction, zero_infinity):
    def inputs():
        lengths = torch.tensor([6, 5, 3]), torch.tensor([3, 2, 3])
        return [x(6, 3, 5, grad=False).log_softmax(2).requires_grad_(), classes(4, 3, 4) + 1, *lengths]

    kwargs = {"reduction": reduction, "zero_infinity": zero_infinity}
    ours, theirs = build_both("CTCLoss", (), kwargs)
    (out, grads), (expected, expected_grads) = run_both(ours, theirs, inputs())
    assert_same(out, expected)
    if zero_infinity or not bool(torch.isinf(expected).any()):
        assert_same(grads, expected_grads)


def test_ctc_loss_of_concatenated_targets():
    probs = x(6, 2, 5, grad=False).log_softmax(2).requires_grad_()
    ours, theirs = build_both("CTCLoss", (), {})
    check(ours, theirs, [probs, torch.tensor([1, 2, 3, 4, 4]), (6, 6), (3, 2)])


def test_linear_cross_entropy_is_torchs():
    ours, theirs = build_both("LinearCrossEntropyLoss", (3, 4), {"bias": True})
    assert repr(ours) == repr(theirs)
    check(ours, theirs, [x(5, 3), classes(4, 5)])


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weighted_losses_are_torchs(name, reduction):
    args = x(3, 4), x(3, 4, seed=2), probabilities(3, 4).detach()
    results = []
    for library, (a, b, w) in ((wg, to_wg(args)), (torch, args)):
        results.append(getattr(library.nn.functional, name)(a, b, weight=w, reduction=reduction))
    assert_same(*results)


def test_second_gradients_of_composed_losses_are_torchs():
    results = []
    for library, (a, b) in ((wg, to_wg((x(5, 4), x(5, 4, seed=2)))), (torch, (x(5, 4), x(5, 4, seed=2)))):
        loss = library.nn.functional.cosine_embedding_loss(a, b, library.ones(5))
        (grad,) = library.autograd.grad(loss, a, create_graph=True)
        results.append(library.autograd.grad((grad * grad).sum(), a)[0])
    assert_same(*results)


def test_gumbel_softmax_draws_as_torch():
    results = []
    for library, logits in ((wg, to_wg(x(4, 3))), (torch, x(4, 3))):
        same_seed(3)
        results.append(library.nn.functional.gumbel_softmax(logits, hard=True))
    assert_same(*results)
