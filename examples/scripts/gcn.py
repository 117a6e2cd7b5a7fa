"""A graph convolutional network in plain operations: normalised adjacency, two layers, half-supervised labels."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter

torch.manual_seed(42)
nodes, classes, features = 90, 3, 12
labels = torch.arange(nodes) % classes
same = labels.unsqueeze(0) == labels.unsqueeze(1)
chance = torch.where(same, torch.tensor(0.12), torch.tensor(0.01))
adjacency = torch.bernoulli(chance).triu(1)
adjacency = adjacency + adjacency.t() + torch.eye(nodes)
degree = adjacency.sum(1)
adjacency = degree.pow(-0.5).diag() @ adjacency @ torch.diag(degree.rsqrt())
x = torch.randn(nodes, features)
x.scatter_add_(1, labels.unsqueeze(1), torch.full((nodes, 1), 0.8))


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super(GraphConvolution, self).__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        output = torch.mm(adj, torch.mm(input, self.weight))
        return output + self.bias if self.bias is not None else output

    def extra_repr(self):
        return f"{self.in_features} -> {self.out_features}"


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.gc1 = GraphConvolution(features, 16)
        self.gc2 = GraphConvolution(16, classes)

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, 0.3, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


def accuracy(output, labels):
    preds = output.max(1)[1].type_as(labels)
    return preds.eq(labels).double().sum() / len(labels)


order = torch.randperm(nodes)
idx_train, idx_val = order[:30], order[30:]
model = GCN()
print(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
for epoch in range(50):
    model.train()
    optimizer.zero_grad()
    output = model(x, adjacency)
    loss = F.nll_loss(output[idx_train], labels[idx_train])
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        model.eval()
        output = model(x, adjacency)
        print(
            "Epoch: {:04d}".format(epoch),
            "loss_train: {:.4f}".format(loss.item()),
            "acc_train: {:.4f}".format(accuracy(output[idx_train], labels[idx_train]).item()),
            "loss_val: {:.4f}".format(F.nll_loss(output[idx_val], labels[idx_val]).item()),
            "acc_val: {:.4f}".format(accuracy(output[idx_val], labels[idx_val]).item()),
        )
