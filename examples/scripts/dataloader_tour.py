"""DataLoader with a custom Dataset, collate function, samplers, workers, iterable data and splits."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)


class Walks(Dataset):
    """Random walks of different lengths; the label says whether a walk ends above zero."""

    def __init__(self, count, transform=None):
        generator = torch.Generator().manual_seed(count)
        lengths = torch.randint(3, 9, (count,), generator=generator)
        self.walks = [torch.randn(int(n), generator=generator).cumsum(0) for n in lengths]
        self.transform = transform

    def __len__(self):
        return len(self.walks)

    def __getitem__(self, index):
        walk = self.walks[index]
        label = int(walk[-1] > 0)
        return (self.transform(walk) if self.transform else walk), label


class Count(IterableDataset):
    def __init__(self, end):
        self.end = end

    def __iter__(self):
        return iter(range(self.end))


def collate(samples):
    walks, labels = zip(*samples)
    return pad_sequence(walks, batch_first=True), torch.tensor([len(w) for w in walks]), torch.tensor(labels)


def main():
    torch.manual_seed(0)
    data = Walks(60, transform=lambda walk: walk / 2)
    train, held_out = random_split(data, [48, 12], generator=torch.Generator().manual_seed(42))
    print(len(train), len(held_out), held_out.indices[:5])
    loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate, drop_last=True)
    model = nn.GRU(1, 8, batch_first=True)
    head = nn.Linear(8, 2)
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=0.02)
    for epoch in range(4):
        total = 0.0
        for padded, lengths, labels in loader:
            outputs, _ = model(padded.unsqueeze(-1))
            last = outputs[torch.arange(len(lengths)), lengths - 1]
            loss = nn.functional.cross_entropy(head(last), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: {total / len(loader):.4f}")

    numbers = TensorDataset(torch.arange(10), torch.arange(10.0) ** 2)
    for a, b in DataLoader(numbers, batch_size=4):
        print(a.tolist(), b.tolist())
    with_workers = DataLoader(numbers, batch_size=3, num_workers=2, shuffle=True)
    print("workers:", sorted(int(v) for a, _ in with_workers for v in a))
    in_order = DataLoader(Subset(numbers, [7, 1, 5]), batch_size=2, num_workers=1)
    print("subset:", [a.tolist() for a, _ in in_order])
    weights = [0.1] * 5 + [2.0] * 5
    sampler = WeightedRandomSampler(weights, 8, replacement=True)
    print("weighted:", [int(numbers[i][0]) for i in sampler])
    print("batches:", list(BatchSampler(SequentialSampler(range(7)), batch_size=3, drop_last=False)))
    print("random:", list(RandomSampler(range(6))))
    both = ConcatDataset([numbers, Subset(numbers, [0, 1])])
    print("concatenated:", len(both), both[11][1])
    print("iterable:", [batch.tolist() for batch in DataLoader(Count(7), batch_size=3)])
    records = [{"name": f"n{i}", "value": float(i), "pair": (i, torch.ones(2) * i)} for i in range(4)]
    for batch in DataLoader(records, batch_size=2):
        print(batch["name"], batch["value"], batch["pair"][0], batch["pair"][1].shape)


if __name__ == "__main__":
    main()
