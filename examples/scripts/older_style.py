"""Code as it was written in 2017: Variable, size_average, add_(alpha, other), old names of initialisers and clipping."""

import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

warnings.simplefilter("ignore")
torch.manual_seed(1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(6, 16)
        self.fc2 = nn.Linear(16, 3)
        nn.init.xavier_uniform(self.fc1.weight)
        nn.init.constant(self.fc1.bias, 0.1)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.tanh(self.fc1(x))))


def numpy_like(size):
    return torch.FloatTensor(size, 6).normal_(), torch.LongTensor(size).random_(0, 3)


model = nn.DataParallel(Net())
velocity = [torch.zeros(p.size()) for p in model.parameters()]
for epoch in range(5):
    data, target = map(Variable, numpy_like(32))
    model.zero_grad()
    loss = F.nll_loss(model(data), target, size_average=False) / data.size(0)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm(model.parameters(), 1.0)
    for p, v in zip(model.parameters(), velocity):
        v.mul_(0.9).add_(0.1, p.grad.data)
        p.data.add_(-1.0, v)
    predicted = model(data).data.max(1, keepdim=True)[1]
    correct = predicted.eq(target.data.view_as(predicted)).cpu().sum()
    print("epoch %d: loss %.4f norm %.4f correct %d" % (epoch, loss.data.item(), norm, correct))

m, v = torch.rand(2, 2), torch.rand(2)
print(torch.addmm(1, m, 2, m, m), torch.addcmul(v, 0.5, v, v), torch.div(1.0, v + 1))
print(m.type(), m.type(torch.DoubleTensor).type(), torch.IntTensor([3, 4]).type("torch.FloatTensor"))
mask = m.gt(0.5)
print(m[mask].numel() == mask.sum().item(), (mask == 1).float().sum().item() == mask.long().sum().item())
print(F.upsample(m[None, None], scale_factor=2).shape, F.sigmoid(v).size(), torch.ger(v, v))
