"""Deep Q-learning with replay memory and a target network on a hand-written balancing cart."""

import math
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(7)
random.seed(7)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class Cart:
    """A stick on a cart, integrated by Euler's method; it ends when the stick leans over 12 degrees."""

    def reset(self):
        self.s = [random.uniform(-0.05, 0.05) for _ in range(4)]
        return torch.tensor([self.s])

    def step(self, action):
        x, v, a, w = self.s
        force = 10.0 if action == 1 else -10.0
        temp = (force + 0.05 * w * w * math.sin(a)) / 1.1
        alpha = (9.8 * math.sin(a) - math.cos(a) * temp) / (0.5 * (4 / 3 - 0.1 * math.cos(a) ** 2 / 1.1))
        accel = temp - 0.05 * alpha * math.cos(a) / 1.1
        self.s = [x + 0.02 * v, v + 0.02 * accel, a + 0.02 * w, w + 0.02 * alpha]
        return torch.tensor([self.s]), abs(self.s[2]) > 0.2095 or abs(self.s[0]) > 2.4


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


def network():
    return nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 2))


policy_net, target_net = network(), network()
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=3e-3, amsgrad=True)
memory = ReplayMemory(2000)


def optimize_model(batch_size=32, gamma=0.98):
    if len(memory) < batch_size:
        return None
    batch = Transition(*zip(*memory.sample(batch_size)))
    mask = torch.tensor(tuple(s is not None for s in batch.next_state), dtype=torch.bool)
    following = torch.cat([s for s in batch.next_state if s is not None])
    state_action_values = policy_net(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
    next_state_values = torch.zeros(batch_size)
    with torch.no_grad():
        next_state_values[mask] = target_net(following).max(1).values
    expected = next_state_values * gamma + torch.cat(batch.reward)
    loss = F.smooth_l1_loss(state_action_values, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


env, done_steps, loss = Cart(), 0, None
for episode in range(20):
    state, length, done = env.reset(), 0, False
    while not done and length < 100:
        threshold = 0.05 + 0.85 * math.exp(-done_steps / 150)
        done_steps += 1
        if random.random() > threshold:
            with torch.no_grad():
                action = policy_net(state).max(1).indices.view(1, 1)
        else:
            action = torch.tensor([[random.randrange(2)]], dtype=torch.long)
        following, done = env.step(action.item())
        memory.push(state, action, None if done else following, torch.tensor([1.0]))
        state, length = following, length + 1
        loss = optimize_model()
        target, current = target_net.state_dict(), policy_net.state_dict()
        for key in current:
            target[key] = current[key] * 0.05 + target[key] * 0.95
        target_net.load_state_dict(target)
    if loss is not None and episode % 3 == 0:
        print(f"episode {episode} lasted {length} steps, loss {loss:.4f}")
