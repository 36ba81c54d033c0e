"""Times the replay buffers of other libraries; prints one JSON line.

CartPole-sized transitions (observation of 4 float32). After filling, each round adds 64 transitions, samples 256 and, where
the buffer is prioritized, updates the priorities of the 256 that were just sampled: interleaved, with changing indices.
Reported is the median time of each in microseconds.

usage: python bench_replay.py '{"capacities": [10000, 1000000], "rounds": 300, "only": ["cpprb"]}'
"""

import json
import statistics
import sys
import time

import numpy as np

request = json.loads(sys.argv[1])
# Some of the libraries log to standard output, which is for the result alone.
result, sys.stdout = sys.stdout, sys.stderr
ADD, SAMPLE, OBS = 64, 256, 4
rng = np.random.default_rng(0)
versions = {"python": sys.version.split()[0], "numpy": np.__version__}
rows, skipped = [], {}


def note(name):
    from importlib.metadata import version

    versions[name] = version(name)


def block(n):
    return {
        "obs": rng.standard_normal((n, OBS), dtype=np.float32),
        "act": rng.integers(0, 2, (n, 1)).astype(np.int32),
        "rew": rng.standard_normal((n, 1)).astype(np.float32),
        "next_obs": rng.standard_normal((n, OBS), dtype=np.float32),
        "done": np.zeros((n, 1), dtype=np.float32),
    }


def rounds(library, kind, capacity, add, sample, update=None):
    """`sample` returns what `update` is given, beside new priorities."""
    times = {"add": [], "sample": [], "update": []}
    batch = block(ADD)
    for i in range(request["rounds"] + 20):
        began = time.perf_counter()
        add(batch)
        added = time.perf_counter()
        drawn = sample()
        sampled = time.perf_counter()
        if update:
            priorities = np.abs(rng.standard_normal(SAMPLE)).astype(np.float32) + 1e-3
            before = time.perf_counter()
            update(drawn, priorities)
            times["update"].append(time.perf_counter() - before)
        times["add"].append(added - began)
        times["sample"].append(sampled - added)
    row = {"library": library, "kind": kind, "capacity": capacity}
    for name, values in times.items():
        row[name] = 1e6 * statistics.median(values[20:]) if values else None
    rows.append(row)
    print(f"  {library} {kind} {capacity}", file=sys.stderr, flush=True)


def cpprb(capacity):
    from cpprb import PrioritizedReplayBuffer, ReplayBuffer

    note("cpprb")
    spec = {"obs": {"shape": OBS}, "act": {"dtype": np.int32}, "rew": {}, "next_obs": {"shape": OBS}, "done": {}}
    for kind, buffer in (("uniform", ReplayBuffer(capacity, spec)), ("prioritized", PrioritizedReplayBuffer(capacity, spec))):
        for _ in range(0, capacity, 10000):
            buffer.add(**block(min(10000, capacity)))
        if kind == "prioritized":
            for first in range(0, capacity, 10000):
                indices = np.arange(first, min(first + 10000, capacity))
                buffer.update_priorities(indices, np.abs(rng.standard_normal(len(indices))) + 1e-3)
            rounds("cpprb", kind, capacity, lambda b: buffer.add(**b), lambda: buffer.sample(SAMPLE, beta=0.4),
                   lambda drawn, p: buffer.update_priorities(drawn["indexes"], p))
        else:
            rounds("cpprb", kind, capacity, lambda b: buffer.add(**b), lambda: buffer.sample(SAMPLE))


def stable_baselines3(capacity):
    from gymnasium import spaces
    from stable_baselines3.common.buffers import ReplayBuffer

    note("stable_baselines3")
    buffer = ReplayBuffer(capacity, spaces.Box(-1, 1, (OBS,)), spaces.Discrete(2), device="cpu", n_envs=ADD)

    def add(b):
        buffer.add(b["obs"], b["next_obs"], b["act"], b["rew"][:, 0], b["done"][:, 0], [{}] * ADD)

    batch = block(ADD)
    for _ in range(0, capacity, ADD):
        add(batch)
    rounds("stable_baselines3", "uniform", capacity, add, lambda: buffer.sample(SAMPLE))


def tianshou(capacity):
    from tianshou.data import Batch, PrioritizedVectorReplayBuffer, VectorReplayBuffer

    note("tianshou")

    def batch_of(b):
        done = np.zeros(ADD, dtype=bool)
        return Batch(obs=b["obs"], act=b["act"][:, 0], rew=b["rew"][:, 0], terminated=done, truncated=done, done=done,
                     obs_next=b["next_obs"], info=Batch())

    batch = batch_of(block(ADD))
    for kind in ("uniform", "prioritized"):
        buffer = (VectorReplayBuffer(capacity, ADD) if kind == "uniform"
                  else PrioritizedVectorReplayBuffer(capacity, ADD, alpha=0.6, beta=0.4))
        for _ in range(0, capacity, ADD):
            buffer.add(batch)
        if kind == "uniform":
            rounds("tianshou", kind, capacity, lambda b: buffer.add(batch), lambda: buffer.sample(SAMPLE))
        else:
            rounds("tianshou", kind, capacity, lambda b: buffer.add(batch), lambda: buffer.sample(SAMPLE),
                   lambda drawn, p: buffer.update_weight(drawn[1], p))


def torchrl(capacity):
    import torch
    from tensordict import TensorDict
    from torchrl.data import LazyTensorStorage, TensorDictPrioritizedReplayBuffer, TensorDictReplayBuffer

    note("torchrl")
    torch.set_num_threads(1)

    def dict_of(b, n):
        return TensorDict({k: torch.from_numpy(v) for k, v in b.items()}, batch_size=[n])

    for kind in ("uniform", "prioritized"):
        if kind == "uniform":
            buffer = TensorDictReplayBuffer(storage=LazyTensorStorage(capacity), batch_size=SAMPLE)
        else:
            buffer = TensorDictPrioritizedReplayBuffer(
                alpha=0.6, beta=0.4, storage=LazyTensorStorage(capacity), batch_size=SAMPLE, priority_key="td_error")
        for _ in range(0, capacity, 10000):
            n = min(10000, capacity)
            buffer.extend(dict_of(block(n), n))
        data = dict_of(block(ADD), ADD)
        if kind == "uniform":
            rounds("torchrl", kind, capacity, lambda b: buffer.extend(data), lambda: buffer.sample())
        else:
            def update(drawn, p):
                drawn["td_error"] = torch.from_numpy(p)
                buffer.update_tensordict_priority(drawn)
            rounds("torchrl", kind, capacity, lambda b: buffer.extend(data), lambda: buffer.sample(), update)


def flashbax(capacity):
    import flashbax as fbx
    import jax
    import jax.numpy as jnp

    note("flashbax")
    one = {"obs": jnp.zeros(OBS), "act": jnp.zeros((), jnp.int32), "rew": jnp.zeros(()), "done": jnp.zeros((), bool)}
    many = jax.tree.map(lambda x: jnp.zeros((ADD, *x.shape), x.dtype), one)
    for kind in ("uniform", "prioritized"):
        make = fbx.make_flat_buffer if kind == "uniform" else fbx.make_prioritised_flat_buffer
        buffer = make(max_length=capacity, min_length=SAMPLE, sample_batch_size=SAMPLE, add_batch_size=ADD)
        add = jax.jit(buffer.add, donate_argnums=0)
        draw = jax.jit(buffer.sample)
        held = {"state": buffer.init(one), "key": jax.random.PRNGKey(0)}
        for _ in range(0, capacity, ADD):
            held["state"] = add(held["state"], many)

        def grow(_):
            held["state"] = jax.block_until_ready(add(held["state"], many))

        def sample():
            held["key"], key = jax.random.split(held["key"])
            return jax.block_until_ready(draw(held["state"], key))

        if kind == "uniform":
            rounds("flashbax", kind, capacity, grow, sample)
        else:
            set_priorities = jax.jit(buffer.set_priorities, donate_argnums=0)

            def update(drawn, p):
                held["state"] = jax.block_until_ready(set_priorities(held["state"], drawn.indices, p))

            rounds("flashbax", kind, capacity, grow, sample, update)


LIBRARIES = {"cpprb": cpprb, "stable_baselines3": stable_baselines3, "tianshou": tianshou, "torchrl": torchrl, "flashbax": flashbax}
for name, run in LIBRARIES.items():
    if request.get("only") and name not in request["only"]:
        continue
    for capacity in request["capacities"]:
        # Filling these one vector step at a time takes minutes at ten million.
        if capacity > 1_000_000 and name not in ("cpprb", "torchrl"):
            continue
        try:
            run(capacity)
        except Exception as error:  # a rival that is absent or broken is left out, and said
            skipped[name] = f"{type(error).__name__}: {error}"[:200]
            break
print(json.dumps({"rows": rows, "skipped": skipped, "versions": versions}), file=result)
