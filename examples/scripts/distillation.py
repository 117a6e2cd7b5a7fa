"""Knowledge distillation: a wide teacher, a small student, soft targets at a temperature."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)
centres = torch.randn(5, 8) * 1.3


def batch(count):
    labels = torch.randint(5, (count,))
    return centres[labels] + torch.randn(count, 8), labels


def network(width):
    return nn.Sequential(
        nn.Linear(8, width, bias=False), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 5)
    )


def accuracy(model):
    model.eval()
    with torch.no_grad():
        correct = (model(test_x).argmax(1) == test_y).float().mean().item()
    model.train()
    return correct


def train(model, loss_of, steps=40):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    for step in range(steps):
        x, y = batch(64)
        loss = loss_of(model, x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 13 == 0:
            print(f"  step {step}: {loss.item():.4f}")


test_x, test_y = batch(200)
teacher, student = network(64), network(6)
alone = copy.deepcopy(student)
print("teacher")
train(teacher, lambda model, x, y: F.cross_entropy(model(x), y))
print(f"  accuracy {accuracy(teacher):.3f}")
print("student alone")
train(alone, lambda model, x, y: F.cross_entropy(model(x), y))
print(f"  accuracy {accuracy(alone):.3f}")

teacher.eval()
for parameter in teacher.parameters():
    parameter.requires_grad = False
T, alpha = 3.0, 0.7
kl = nn.KLDivLoss(reduction="batchmean")


def distil(model, x, y):
    logits, soft = model(x), teacher(x)
    hint = kl(F.log_softmax(logits / T, dim=1), F.softmax(soft / T, dim=1)) * T * T
    return alpha * hint + (1 - alpha) * F.cross_entropy(logits, y)


print("student taught")
train(student, distil)
print(f"  accuracy {accuracy(student):.3f}")
x, y = batch(50)
student.eval()
print(
    f"agreement {(student(x).argmax(1) == teacher(x).argmax(1)).sum().item() / 50:.2f}, "
    f"js {F.kl_div(student(x).log_softmax(1), teacher(x).log_softmax(1), log_target=True, reduction='sum'):.3f}"
)
