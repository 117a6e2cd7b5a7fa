"""REINFORCE with a baseline on a hand-written corridor: walk right to the goal, slipping now and then."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

torch.manual_seed(543)
random.seed(543)


class Corridor:
    """Eight cells; action 1 steps right, 0 left; one in ten steps slips; the goal pays 1, each step costs 0.02."""

    length = 8

    def reset(self):
        self.place, self.steps = 2, 0
        return self._state()

    def _state(self):
        return F.one_hot(torch.tensor(self.place), self.length).float()

    def step(self, action):
        move = 1 if action == 1 else -1
        if random.random() < 0.1:
            move = -move
        self.place = min(max(self.place + move, 0), self.length - 1)
        self.steps += 1
        won = self.place == self.length - 1
        return self._state(), 1.0 if won else -0.02, won or self.steps >= 30


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(8, 16)
        self.dropout = nn.Dropout(p=0.1)
        self.affine2 = nn.Linear(16, 2)
        self.value = nn.Linear(16, 1)
        self.saved = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.dropout(self.affine1(x)))
        return F.softmax(self.affine2(x), dim=-1), self.value(x).squeeze(-1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=2e-2)


def select_action(state):
    probs, value = policy(state.unsqueeze(0))
    m = Categorical(probs)
    action = m.sample()
    policy.saved.append((m.log_prob(action), value, m.entropy()))
    return action.item()


def finish_episode(gamma=0.95):
    R, returns = 0.0, []
    for r in policy.rewards[::-1]:
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    policy_loss, value_loss, entropy = [], [], 0.0
    for (log_prob, value, h), R in zip(policy.saved, returns):
        advantage = R - value.item()
        policy_loss.append(-log_prob * advantage)
        value_loss.append(F.smooth_l1_loss(value, R.view(1)))
        entropy += h.sum()
    optimizer.zero_grad()
    loss = torch.cat(policy_loss).sum() + torch.stack(value_loss).sum() - 0.01 * entropy
    loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved[:]
    return loss.item()


env, running = Corridor(), 0.0
for episode in range(1, 61):
    state, done, total = env.reset(), False, 0.0
    while not done:
        state, reward, done = env.step(select_action(state))
        policy.rewards.append(reward)
        total += reward
    running = 0.1 * total + 0.9 * running
    loss = finish_episode()
    if episode % 10 == 0:
        print(f"Episode {episode}\tLast reward: {total:.4f}\tAverage reward: {running:.4f}\tLoss: {loss:.4f}")
