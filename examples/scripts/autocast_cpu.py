"""Automatic mixed precision on the CPU: which operations run in bfloat16, and training with it."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(41)
a, b, v = torch.randn(4, 4), torch.randn(4, 4), torch.randn(4)
images, kernel = torch.randn(1, 2, 6, 6), torch.randn(3, 2, 3, 3)
with torch.autocast("cpu", dtype=torch.bfloat16):
    print(
        "products",
        (a @ b).dtype,
        torch.mm(a, b).dtype,
        a.matmul(b).dtype,
        torch.addmm(a, a, b).dtype,
        torch.bmm(a[None], b[None]).dtype,
        torch.einsum("ij,jk->ik", a, b).dtype,
        F.linear(a, b, v).dtype,
    )
    print("convolutions", F.conv2d(images, kernel).dtype, nn.ConvTranspose2d(2, 3, 2)(images).dtype)
    print("attention", F.scaled_dot_product_attention(a[None], b[None], b[None]).dtype)
    print("others", (a + b).dtype, torch.softmax(a, 0).dtype, F.relu(a @ b).dtype, F.layer_norm(a @ b, (4,)).dtype)
    print("mixed", (a @ b + a).dtype, torch.cat([a @ b, a]).dtype, (a @ b).double().dtype)
    print(
        "losses",
        F.mse_loss(a @ b, a).dtype,
        F.cross_entropy(a @ b, torch.arange(4)).dtype,
        F.binary_cross_entropy_with_logits(a @ b, torch.ones(4, 4)).dtype,
    )
    print("float64", (a.double() @ b.double()).dtype, (a.long() @ b.long()).dtype)
    with torch.autocast("cpu", enabled=False):
        print("off inside", (a @ b).dtype)
    print("on", torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"))
print("off", (a @ b).dtype, torch.is_autocast_enabled("cpu"))


@torch.autocast("cpu", dtype=torch.bfloat16)
def product(x, y):
    return x @ y


print("decorated", product(a, b).dtype)

model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = torch.amp.GradScaler("cpu", enabled=False)
truth = torch.randn(6, 3)
for step in range(21):
    x = torch.randn(64, 6)
    y = (x @ truth).argmax(1)
    optimizer.zero_grad()
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        logits = model(x)
        loss = F.cross_entropy(logits, y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    if step % 5 == 0:
        weight = model[0].weight
        print(f"step {step}: loss {loss.item():.2f} {logits.dtype} {weight.dtype} {weight.grad.dtype}")
