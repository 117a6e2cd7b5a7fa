"""Newton's method in Rosenbrock's valley: first and second derivatives of a function, from torch's ``func``."""

import wengert as torch
from wengert.func import grad, hessian


def rosenbrock(p):
    """A curved valley; its only minimum is at (1, 1)."""
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def main(short=False):
    """Walk from (-1.2, 1) to the minimum; the short form starts nearer."""
    p = torch.tensor([0.8, 0.5] if short else [-1.2, 1.0], dtype=torch.float64)
    for step in range(20):
        slope = grad(rosenbrock)(p)
        if slope.norm() < 1e-10:
            break
        p = p - torch.linalg.solve(hessian(rosenbrock)(p), slope)
        print(f"step {step}  p = ({p[0].item():.6f}, {p[1].item():.6f})  f = {rosenbrock(p).item():.3e}")
    assert torch.allclose(p, torch.ones(2, dtype=torch.float64))


if __name__ == "__main__":
    main()
