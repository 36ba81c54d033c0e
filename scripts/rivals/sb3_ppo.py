"""Times Stable-Baselines3's PPO on CartPole-v1 with given settings; prints one JSON line.

usage: python sb3_ppo.py '{"steps": 40000, "num_envs": 8, "num_steps": 128, "epochs": 4, "batch_size": 256}'
"""

import json
import sys
import time

import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

settings = json.loads(sys.argv[1])
torch.set_num_threads(1)
env = make_vec_env("CartPole-v1", n_envs=settings["num_envs"], seed=1)
model = PPO(
    "MlpPolicy",
    env,
    n_steps=settings["num_steps"],
    batch_size=settings["batch_size"],
    n_epochs=settings["epochs"],
    device="cpu",
    seed=1,
)
iteration = settings["num_envs"] * settings["num_steps"]
model.learn(iteration)  # warm-up
began = time.perf_counter()
model.learn(settings["steps"], reset_num_timesteps=True)
seconds = time.perf_counter() - began
print(
    json.dumps(
        {
            "steps": model.num_timesteps,
            "seconds": seconds,
            "versions": {
                "stable_baselines3": stable_baselines3.__version__,
                "torch": torch.__version__,
                "gymnasium": gymnasium.__version__,
                "python": sys.version.split()[0],
            },
        }
    )
)
