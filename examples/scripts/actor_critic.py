"""Actor and critic on a hand-written pendulum: PPO with generalised advantages, then soft actor-critic off policy."""

import copy
import math
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

torch.manual_seed(5)


class Pendulum:
    """Eight pendulums at once; the torque that an action in [-1, 1] gives is twice that."""

    def reset(self, n=8):
        self.angle, self.speed = (torch.rand(n) * 2 - 1) * math.pi, torch.rand(n) * 2 - 1
        return self.state()

    def state(self):
        return torch.stack([self.angle.cos(), self.angle.sin(), self.speed], dim=-1)

    def step(self, action):
        torque = 2 * action.clamp(-1, 1).squeeze(-1)
        wrapped = (self.angle + math.pi).remainder(2 * math.pi) - math.pi
        reward = -(wrapped**2 + 0.1 * self.speed**2 + 0.001 * torque**2)
        self.speed = (self.speed + 0.05 * (15 * self.angle.sin() + 3 * torque)).clamp(-8, 8)
        self.angle = self.angle + 0.05 * self.speed
        return self.state(), reward / 8


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        linear = nn.Linear(a, b)
        nn.init.orthogonal_(linear.weight, math.sqrt(2))
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


class PPO(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean, self.value = mlp(3, 32, 32, 1), mlp(3, 32, 32, 1)
        self.log_std = nn.Parameter(torch.zeros(1))

    def policy(self, s):
        return Normal(self.mean(s), self.log_std.exp().expand(s.shape[:-1] + (1,)))


def advantages(rewards, values, last, gamma=0.95, lam=0.9):
    out, running = torch.zeros_like(rewards), torch.zeros_like(last)
    for t in reversed(range(len(rewards))):
        following = last if t == len(rewards) - 1 else values[t + 1]
        running = rewards[t] + gamma * following - values[t] + gamma * lam * running
        out[t] = running
    return out


agent, env = PPO(), Pendulum()
optimizer = torch.optim.Adam(agent.parameters(), lr=1e-3, eps=1e-5)
for update in range(6):
    state, rollout = env.reset(), []
    with torch.no_grad():
        for _ in range(32):
            pi = agent.policy(state)
            action = pi.sample()
            value = agent.value(state).squeeze(-1)
            following, reward = env.step(action)
            rollout.append((state, action, pi.log_prob(action).sum(-1), reward, value))
            state = following
        states, actions, old, rewards, values = (torch.stack(x) for x in zip(*rollout))
        gae = advantages(rewards, values, agent.value(state).squeeze(-1))
        returns, gae = gae + values, (gae - gae.mean()) / (gae.std() + 1e-8)
    flat = [x.flatten(0, 1) for x in (states, actions, old, gae, returns)]
    for batch in torch.randperm(len(flat[0])).split(64):
        s, a, lp, adv, ret = (x[batch] for x in flat)
        pi = agent.policy(s)
        ratio = (pi.log_prob(a).sum(-1) - lp).exp()
        surrogate = torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
        loss = -surrogate + 0.5 * F.mse_loss(agent.value(s).squeeze(-1), ret) - 0.01 * pi.entropy().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimizer.step()
    clipped = ((ratio - 1).abs() > 0.2).float().mean()
    print(f"PPO {update}: reward {rewards.mean():.3f} loss {loss:.4f} norm {norm:.3f} clipped {clipped:.2f}")


class Squashed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.mean, self.log_std = nn.Sequential(mlp(3, 32), nn.ReLU()), nn.Linear(32, 1), nn.Linear(32, 1)

    def forward(self, s):
        h = self.body(s)
        pi = Normal(self.mean(h), self.log_std(h).clamp(-5, 2).exp())
        u = pi.rsample()
        correction = 2 * (math.log(2) - u - F.softplus(-2 * u))
        return torch.tanh(u), (pi.log_prob(u) - correction).sum(-1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.ModuleList([mlp(4, 32, 1), mlp(4, 32, 1)])

    def forward(self, s, a):
        return [q(torch.cat([s, a], -1)).squeeze(-1) for q in self.q]


actor, critic = Squashed(), Twin()
target = copy.deepcopy(critic).requires_grad_(False)
log_alpha = torch.zeros((), requires_grad=True)
steps = [torch.optim.Adam(p, lr=3e-3) for p in (actor.parameters(), critic.parameters(), [log_alpha])]
memory, state = deque(maxlen=40), env.reset()
for t in range(60):
    with torch.no_grad():
        action = actor(state)[0] if t > 10 else torch.rand(8, 1) * 2 - 1
    following, reward = env.step(action)
    memory.append((state, action, reward, following))
    state = following
    if t < 12:
        continue
    s, a, r, s2 = (torch.cat(x) for x in zip(*(memory[int(i)] for i in torch.randint(len(memory), (4,)))))
    with torch.no_grad():
        a2, lp2 = actor(s2)
        goal = r + 0.95 * (torch.minimum(*target(s2, a2)) - log_alpha.exp() * lp2)
    critic_loss = sum(F.mse_loss(q, goal) for q in critic(s, a))
    new, lp = actor(s)
    losses = []
    for opt, loss in ((steps[1], lambda: critic_loss),
                      (steps[0], lambda: (log_alpha.exp().detach() * lp - torch.minimum(*critic(s, new))).mean()),
                      (steps[2], lambda: -(log_alpha * (lp.detach() - 1)).mean())):  # fmt: skip
        value = loss()
        opt.zero_grad()
        value.backward()
        opt.step()
        losses.append(value.item())
    with torch.no_grad():
        for p, q in zip(target.parameters(), critic.parameters()):
            p.lerp_(q, 0.01)
    if t % 12 == 0:
        print(f"SAC {t}: critic {losses[0]:.4f} actor {losses[1]:.4f} alpha {log_alpha.exp().item():.4f}")
print(f"target {sum(p.abs().sum() for p in target.parameters()):.3f}")
