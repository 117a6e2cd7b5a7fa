"""Save a run half-way, load model, optimizer, scheduler and random state, and end at the very same numbers."""

import os
import tempfile

import torch
import torch.nn as nn
import torch.optim as optim


def build():
    model = nn.Sequential(
        nn.Linear(6, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
    )
    optimizer = optim.Adam(
        [
            {"params": model[0].parameters(), "lr": 5e-3},
            {"params": [p for m in list(model)[1:] for p in m.parameters()]},
        ],
        lr=1e-2,
    )
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=[lambda e: 0.9**e, lambda e: 1 / (1 + e)])
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, epochs, name):
    for epoch in epochs:
        x = torch.randn(32, 6)
        y = (x[:, :1] * x[:, 1:2]).tanh()
        loss = nn.functional.huber_loss(model(x), y, delta=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        print(
            f"{name} epoch {epoch}: loss {loss.item():.4f} lrs "
            + " ".join(f"{g['lr']:.6f}" for g in optimizer.param_groups)
        )
    return loss.item()


torch.manual_seed(77)
model, optimizer, scheduler = build()
train(model, optimizer, scheduler, range(4), "first")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {
            "epoch": 4,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "rng": torch.get_rng_state(),
            "note": ["half", {"way": 0.5}],
        },
        path,
    )
    straight = train(model, optimizer, scheduler, range(4, 8), "straight")
    print("bytes:", os.path.getsize(path) > 1000)
    torch.manual_seed(0)
    model, optimizer, scheduler = build()
    checkpoint = torch.load(path, weights_only=True)
    print(sorted(checkpoint), checkpoint["note"])
    print(list(checkpoint["model_state_dict"])[:4])
    print(model.load_state_dict(checkpoint["model_state_dict"]))
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["rng"])
    resumed = train(model, optimizer, scheduler, range(checkpoint["epoch"], 8), "resumed")
    print("same end:", straight == resumed)
    state = optimizer.state_dict()
    print(len(state["state"]), sorted(state["state"][0]), state["param_groups"][1]["params"])
    whole = os.path.join(folder, "model.pt")
    torch.save(model, whole)
    again = torch.load(whole, weights_only=False)
    print(again)
    model.eval(), again.eval()
    probe = torch.ones(1, 6)
    print(f"{model(probe).item():.4f} {again(probe).item():.4f}")
    partial = model.load_state_dict({"0.weight": torch.zeros(16, 6)}, strict=False)
    print(len(partial.missing_keys), partial.unexpected_keys)
    try:
        model.load_state_dict({"0.weight": torch.zeros(3, 6)})
    except RuntimeError as error:
        print(str(error).splitlines()[0])
