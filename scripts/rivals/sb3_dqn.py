"""Stable-Baselines3's DQN: steps per second and, where asked for, the score of the final greedy policy over 100 episodes on
fixed seeds. One JSON line per seed.

usage: python sb3_dqn.py '{"env": "MountainCar-v0", "steps": 120000, "seeds": [1, 2], "score": true, "settings": {...}}'
`settings` are keyword arguments of DQN; `netArch` becomes policy_kwargs.
"""

import json
import sys
import time

import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import DQN

request = json.loads(sys.argv[1])
torch.set_num_threads(1)
settings = dict(request["settings"])
net_arch = settings.pop("netArch", None)
if net_arch:
    settings["policy_kwargs"] = {"net_arch": net_arch}


def score(model, env_id, episodes=100, first_seed=1_000_000):
    env = gymnasium.make(env_id)
    returns = []
    for episode in range(episodes):
        observation, _ = env.reset(seed=first_seed + episode)
        total, done = 0.0, False
        while not done:
            action, _ = model.predict(observation, deterministic=True)
            observation, reward, terminated, truncated, _ = env.step(int(action))
            total += reward
            done = terminated or truncated
        returns.append(total)
    return sum(returns) / len(returns)


for seed in request["seeds"]:
    began = time.perf_counter()
    model = DQN("MlpPolicy", request["env"], seed=seed, device="cpu", **settings)
    model.learn(request["steps"])
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seed": seed,
                "score": score(model, request["env"]) if request.get("score") else None,
                "stepsPerSecond": request["steps"] / seconds,
                "versions": {
                    "stable_baselines3": stable_baselines3.__version__,
                    "torch": torch.__version__,
                    "gymnasium": gymnasium.__version__,
                    "python": sys.version.split()[0],
                },
            }
        ),
        flush=True,
    )
