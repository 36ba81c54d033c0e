"""Steps per second of processor time of Gymnasium's environments, for `npm run bench -- env`.

Takes {"envs", "widths", "seconds", "repetitions"} as JSON, prints JSON. Random actions are drawn beforehand.
"""

import json
import platform
import sys
import time

import gymnasium as gym
import numpy as np

POOL = 64


def rate(batch, steps, seconds):
    start = time.process_time()
    done = 0
    while True:
        batch()
        done += steps
        elapsed = time.process_time() - start
        if elapsed >= seconds:
            return done / elapsed


def measure(batch, steps, seconds, repetitions):
    rate(batch, steps, 2 * seconds)
    rates = sorted(rate(batch, steps, seconds) for _ in range(repetitions))
    return {"median": rates[len(rates) // 2], "best": rates[-1], "worst": rates[0]}


def vector_batch(envs, width):
    envs.reset(seed=0)
    envs.action_space.seed(0)
    pool = [envs.action_space.sample() for _ in range(POOL)]
    rounds = max(1, 2000 // (width * POOL))

    def batch():
        for _ in range(rounds):
            for actions in pool:
                envs.step(actions)

    return batch, rounds * POOL * width


def single_batch(env):
    env.reset(seed=0)
    env.action_space.seed(0)
    pool = [env.action_space.sample() for _ in range(1024)]

    def batch():
        for action in pool:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return batch, len(pool)


def main(request):
    rows = []
    settings = (request["seconds"], request["repetitions"])

    def add(env_id, width, kind, batch, steps):
        print(f"gymnasium: {env_id} {kind} {width}", file=sys.stderr)
        rows.append({"env": env_id, "width": width, "kind": kind, "timing": measure(batch, steps, *settings)})

    for env_id in request["envs"]:
        # Environments of ours alone have no rows here.
        if env_id not in gym.registry:
            continue
        add(env_id, 0, "single", *single_batch(gym.make(env_id)))
        for width in request["widths"]:
            envs = gym.make_vec(env_id, num_envs=width, vectorization_mode="sync")
            add(env_id, width, "sync", *vector_batch(envs, width))
            if gym.spec(env_id).vector_entry_point is not None:
                native = gym.make_vec(env_id, num_envs=width, vectorization_mode="vector_entry_point")
                add(env_id, width, "native", *vector_batch(native, width))
    versions = {"Gymnasium": gym.__version__, "NumPy": np.__version__, "Python": platform.python_version()}
    print(json.dumps({"versions": versions, "rows": rows}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
