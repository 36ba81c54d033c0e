"""Times GRPO iterations in PyTorch on Pendulum-v1, cut off after a fixed number of steps; prints one JSON line.

The environment is one NumPy program over all rows ("numpy") or Gymnasium's SyncVectorEnv ("gymnasium"); policy and
update are eager PyTorch as CleanRL writes them: a tanh MLP with a state-independent log standard deviation, groups of
episodes from one start state, advantages within groups, clipped surrogate, gradient norm 1, Adam.

usage: python grpo_torch.py '{"env": "numpy", "groups": 64, "group_size": 8, "steps": 50, "hidden": [128], "epochs": 2,
    "minibatches": 4, "learning_rate": 1e-3, "iterations": 10, "threads": 1}'
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.distributions.normal import Normal

request = json.loads(sys.argv[1])
torch.set_num_threads(request["threads"])
torch.manual_seed(1)
rng = np.random.default_rng(1)
groups, group_size, steps = request["groups"], request["group_size"], request["steps"]
rows = groups * group_size


class Pendulum:
    """Gymnasium's Pendulum-v1 (g 10, m 1, l 1, dt 0.05), a row per episode."""

    def reset(self):
        high = np.array([np.pi, 1.0])
        self.state = np.repeat(rng.uniform(-high, high, (groups, 2)), group_size, axis=0)
        return self.observe()

    def step(self, action):
        angle, speed = self.state[:, 0], self.state[:, 1]
        torque = np.clip(action[:, 0], -2.0, 2.0)
        normalised = (angle + np.pi) % (2 * np.pi) - np.pi
        reward = -(normalised**2 + 0.1 * speed**2 + 0.001 * torque**2)
        speed = np.clip(speed + (15.0 * np.sin(angle) + 3.0 * torque) * 0.05, -8.0, 8.0)
        self.state = np.stack([angle + speed * 0.05, speed], axis=1)
        return self.observe(), reward

    def observe(self):
        angle, speed = self.state[:, 0], self.state[:, 1]
        return np.stack([np.cos(angle), np.sin(angle), speed], axis=1).astype(np.float32)


class Synchronous:
    """Gymnasium's own environments, one after the other."""

    def __init__(self):
        import gymnasium
        from gymnasium.vector import AutoresetMode, SyncVectorEnv

        make = lambda: gymnasium.make("Pendulum-v1", max_episode_steps=steps + 1)
        self.env = SyncVectorEnv([make] * rows, autoreset_mode=AutoresetMode.DISABLED)
        versions["gymnasium"] = gymnasium.__version__

    def reset(self):
        seeds = np.repeat(rng.integers(2**31, size=groups), group_size)
        return self.env.reset(seed=[int(seed) for seed in seeds])[0]

    def step(self, action):
        return self.env.step(action)[:2]


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [3, *request["hidden"]]
        layers = []
        for below, above in zip(sizes, sizes[1:]):
            layers += [nn.Linear(below, above), nn.Tanh()]
        self.mean = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
        self.log_std = nn.Parameter(torch.zeros(1))

    def forward(self, observation):
        mean = self.mean(observation)
        return Normal(mean, self.log_std.expand_as(mean).exp())


versions = {"torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
env = Pendulum() if request["env"] == "numpy" else Synchronous()
policy = Policy()
adam = torch.optim.Adam(policy.parameters(), lr=request["learning_rate"], eps=1e-5)
observations = torch.zeros(steps, rows, 3)
actions = torch.zeros(steps, rows, 1)
log_probs = torch.zeros(steps, rows)


def collect():
    returns = np.zeros(rows)
    observation = env.reset()
    for t in range(steps):
        observations[t] = torch.from_numpy(observation)
        with torch.no_grad():
            distribution = policy(observations[t])
            actions[t] = distribution.sample()
            log_probs[t] = distribution.log_prob(actions[t]).sum(-1)
        observation, reward = env.step(actions[t].numpy())
        returns += reward
    return returns


def advantages_of(returns):
    grouped = torch.from_numpy(returns).view(groups, group_size)
    normalised = (grouped - grouped.mean(1, keepdim=True)) / (grouped.std(1, keepdim=True) + 1e-4)
    return normalised.float().reshape(1, rows).expand(steps, rows).reshape(-1)


def update(advantages):
    observation, action, old = observations.view(-1, 3), actions.view(-1, 1), log_probs.view(-1)
    total = steps * rows
    size = total // request["minibatches"]
    for _ in range(request["epochs"]):
        order = torch.randperm(total)
        for start in range(0, total, size):
            chosen = order[start : start + size]
            log_prob = policy(observation[chosen]).log_prob(action[chosen]).sum(-1)
            ratio = (log_prob - old[chosen]).exp()
            advantage = advantages[chosen]
            loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            adam.step()


phases = {"collection": [], "advantage": [], "update": [], "total": []}
for iteration in range(request["iterations"] + 3):
    marks = [time.perf_counter()]
    returns = collect()
    marks.append(time.perf_counter())
    advantages = advantages_of(returns)
    marks.append(time.perf_counter())
    update(advantages)
    marks.append(time.perf_counter())
    if iteration < 3:
        continue
    for name, (began, ended) in zip(phases, zip(marks, marks[1:])):
        phases[name].append(1e3 * (ended - began))
    phases["total"].append(1e3 * (marks[3] - marks[0]))
print(json.dumps({"milliseconds": phases, "versions": versions}))
