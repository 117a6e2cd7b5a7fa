"""A convolutional network reads handwritten digits; its weights are saved and loaded on the way."""

import tempfile
from pathlib import Path

import wengert as torch
from wengert import nn
from wengert.demo import digits
from wengert.utils.data import DataLoader, TensorDataset


def build():
    """Two convolutions, a pooling, a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32 * 4 * 4, 10),
    )


def main(short=False):
    """Train on 1,500 digits and read the other 297 with a model loaded from the file."""
    torch.manual_seed(0)
    images, labels = digits()
    order = torch.randperm(len(images))
    x, t = images[order].unsqueeze(1), labels[order]
    loader = DataLoader(TensorDataset(x[:1500], t[:1500]), batch_size=50, shuffle=True)
    net = build()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for epoch in range(2 if short else 10):
        for xb, tb in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(xb), tb)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}  loss {loss.item():.4f}")
    with tempfile.TemporaryDirectory() as folder:
        torch.save(net.state_dict(), Path(folder) / "digits.pt")
        copy = build()
        copy.load_state_dict(torch.load(Path(folder) / "digits.pt"))
    copy.eval()
    with torch.no_grad():
        accuracy = (copy(x[1500:]).argmax(1) == t[1500:]).float().mean().item()
    print(f"held-out accuracy {accuracy:.1%}")
    assert accuracy > (0.85 if short else 0.95)


if __name__ == "__main__":
    main()
