"""Gradient descent by hand: find the line that ten noisy points came from."""

import wengert as torch


def main(short=False):
    """Fit slope and intercept, printing the loss now and then."""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 10)
    t = 3 * x + 0.5 + 0.05 * torch.randn(10)
    slope = torch.zeros((), requires_grad=True)
    intercept = torch.zeros((), requires_grad=True)
    for step in range(60 if short else 200):
        loss = ((slope * x + intercept - t) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for p in (slope, intercept):
                p -= 0.2 * p.grad
                p.grad.zero_()
        if step % 20 == 0:
            print(f"step {step:3d}  loss {loss.item():.5f}")
    print(f"found {slope.item():.3f} x + {intercept.item():.3f}")
    assert abs(slope.item() - 3) < 0.1 and abs(intercept.item() - 0.5) < 0.1


if __name__ == "__main__":
    main()
