"""A function of one's own with its derivative by hand, checked by finite differences, used like any other."""

import wengert as torch


class Swish(torch.autograd.Function):
    """x · sigmoid(x), keeping only x for backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return g * (s + x * s * (1 - s))


def main(short=False):
    """Check first and second derivatives, then compare with torch's own ``silu``."""
    torch.manual_seed(0)
    x = torch.randn(3 if short else 30, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Swish.apply, (x,))
    assert torch.autograd.gradgradcheck(Swish.apply, (x,))
    y = Swish.apply(x)
    print(y.sum())
    y.sum().backward()
    mine, x.grad = x.grad, None
    torch.nn.functional.silu(x).sum().backward()
    assert torch.allclose(mine, x.grad)


if __name__ == "__main__":
    main()
