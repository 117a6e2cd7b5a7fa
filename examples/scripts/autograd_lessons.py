"""Every step of an autograd lesson: leaves, backward, accumulation, no_grad, hooks, functions, higher derivatives."""

import torch

x = torch.ones(2, 2, requires_grad=True)
print(x)
y = x + 2
print(y, y.is_leaf, x.is_leaf, y.grad_fn is not None)
z = y * y * 3
out = z.mean()
print(z, out)
out.backward()
print("x.grad", x.grad)

a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
Q.backward(gradient=torch.tensor([1.0, 1.0]))
print(9 * a**2 == a.grad, -2 * b == b.grad)

for _ in range(3):
    (a * 2).sum().backward()
print("accumulated", a.grad)
a.grad.zero_()
print("zeroed", a.grad)

try:
    out.backward()
except RuntimeError as error:
    print("RuntimeError:", str(error)[:63])
try:
    torch.ones(2).sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
try:
    (x * 2).backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])

print(x.requires_grad, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
y = x.detach()
print(y.requires_grad, x.eq(y).all(), y.data_ptr() == x.data_ptr())
with torch.set_grad_enabled(False):
    print((x + 1).requires_grad)
with torch.inference_mode():
    print((x + 1).is_inference())

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
handle = w.register_hook(lambda grad: grad * 10)
v = w * w
v.register_hook(lambda grad: print("gradient of v", grad))
v.retain_grad()
v.sum().backward()
print(w.grad, v.grad)
handle.remove()
w.grad = None
(w * w).sum().backward()
print(w.grad)

c = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    c += 1
except RuntimeError as error:
    print("RuntimeError:", str(error).splitlines()[0])
s = c.sigmoid()
t = s * s
s.add_(1)
try:
    t.sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error)[:84])


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


u = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
r = MyReLU.apply(u)
print(r)
(r * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
print(u.grad)

q = torch.tensor(0.5, requires_grad=True)
f = torch.sin(q) * q**3
(first,) = torch.autograd.grad(f, q, create_graph=True)
(second,) = torch.autograd.grad(first, q, create_graph=True)
(third,) = torch.autograd.grad(second, q)
print(f"{f.item():.4f} {first.item():.4f} {second.item():.4f} {third.item():.4f}")

p = torch.randn(3, generator=torch.Generator().manual_seed(3), requires_grad=True)
print(torch.autograd.functional.jacobian(lambda t: t**2, p).diag())
print(torch.autograd.functional.hessian(lambda t: (t**3).sum(), p).diagonal())
unused = torch.zeros(1, requires_grad=True)
print(torch.autograd.grad((p * 2).sum(), [p, unused], allow_unused=True))
print(
    torch.autograd.gradcheck(
        lambda t: (t.exp() * t).sum(), torch.tensor([0.3, 1.2], dtype=torch.float64, requires_grad=True)
    )
)
