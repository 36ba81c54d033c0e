"""Records what Gymnasium's classic control and toy text environments do, for the parity tests of envs/*.

    $(node scripts/rivals/setup.mjs --where) scripts/rivals/record_gymnasium.py [id ...]

One gzipped JSON file per environment under envs/<package>/recorded. Each holds the versions, the spec, the spaces and
several cases (options). A case has resets by seed and single transitions: the complete state before and after in the
layout of our environment, the generator before and after, action, observation, reward, flags and mask. Doubles are
written so that they read back to the same bits.
"""

import gzip
import json
import platform
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [*range(50), 123, 12345, 2**31, 2**32 - 1, 2**32, 2**40, 2**53 - 1]


def words(value):
    return [(value >> (32 * i)) & 0xFFFFFFFF for i in range(4)]


def generator(env):
    """NumPy's PCG64 state as our PcgState: 128-bit numbers as four words, lowest first."""
    state = env.np_random.bit_generator.state
    return {
        "state": words(state["state"]["state"]),
        "increment": words(state["state"]["inc"]),
        "half": state["uinteger"] if state["has_uint32"] else None,
        "spare": None,
    }


def plain(x):
    if isinstance(x, np.ndarray):
        return [float(v) for v in x.ravel()]
    if isinstance(x, (tuple, list)):
        return [float(v) for v in x]
    return [float(x)]


# Per environment: the state in our layout, and how to place Gymnasium's environment into a state drawn by `rng`.


class CartPole:
    def state(self, env):
        return plain(env.state)

    def place(self, env, rng):
        env.state = rng.uniform([-2.5, -4, -0.25, -4], [2.5, 4, 0.25, 4])
        env.steps_beyond_terminated = None


class MountainCar:
    def state(self, env):
        return plain(env.state)

    def place(self, env, rng):
        if rng.random() < 0.3:  # near the flag, and near the wall
            env.state = np.array([rng.choice([0.48, -1.18]) + rng.uniform(-0.02, 0.02), rng.uniform(-0.07, 0.07)])
        else:
            env.state = rng.uniform([-1.2, -0.07], [0.6, 0.07])


class MountainCarContinuous:
    def state(self, env):
        return [*plain(env.state), 1.0 if env.state.dtype == np.float64 else 0.0]

    def place(self, env, rng):
        near = rng.choice([0.43, -1.18]) + rng.uniform(-0.03, 0.03)
        position = near if rng.random() < 0.3 else rng.uniform(-1.2, 0.6)
        state = np.array([position, rng.uniform(-0.07, 0.07)])
        if rng.random() < 0.2:
            env.state = np.array([rng.uniform(-0.6, -0.4), 0])  # as after a reset
        else:
            env.state = state.astype(np.float32)


class Pendulum:
    def state(self, env):
        return plain(env.state)

    def place(self, env, rng):
        env.state = rng.uniform([-20, -8], [20, 8])


class Acrobot:
    def state(self, env):
        return plain(env.state)

    def place(self, env, rng):
        high = np.array([np.pi, np.pi, 4 * np.pi, 9 * np.pi])
        env.state = rng.uniform(-high, high) * rng.uniform(0.1, 1)


class FrozenLake:
    def state(self, env):
        return [float(env.s), 0.0 if env.lastaction is None else env.lastaction + 1.0]

    def place(self, env, rng):
        free = [i for i, tile in enumerate(env.desc.ravel()) if tile not in b"GH"]
        env.s = int(rng.choice(free))


class CliffWalking:
    def state(self, env):
        return [float(env.s)]

    def place(self, env, rng):
        env.s = int(rng.integers(37))


class Taxi:
    def state(self, env):
        return [float(env.s), float(env.fickle_step), 0.0 if env.lastaction is None else env.lastaction + 1.0]

    def place(self, env, rng):
        env.s = int(rng.integers(500))
        if rng.random() < 0.4:  # the passenger on board, half of the time at a landmark
            row, column = env.locs[rng.integers(4)] if rng.random() < 0.5 else rng.integers(5, size=2)
            env.s = int(env.encode(row, column, 4, rng.integers(4)))


class Blackjack:
    def state(self, env):
        def hand(cards):
            return [float(sum(cards)), float(1 in cards), float(len(cards))]

        face = env.dealer_top_card_value_str
        return [
            *hand(env.player),
            *hand(env.dealer),
            float(env.dealer[0]),
            float("CDHS".index(env.dealer_top_card_suit)),
            float("JQK".index(face)) if face in "JQK" else 0.0,
        ]

    def place(self, env, rng):
        if rng.random() < 0.2:
            env.player = [1, 10] if rng.random() < 0.5 else [10, 1]
            if rng.random() < 0.3:
                env.dealer = [10, 1] if env.dealer[0] == 10 else [env.dealer[0], 10]


def case(name, options=None, kwargs=None, reset_options=None, count=600, attributes=None):
    """`options` and `reset_options[0]` are ours, `kwargs` and `reset_options[1]` Gymnasium's."""
    return dict(
        name=name,
        options=options or {},
        kwargs=kwargs or {},
        reset_options=reset_options or ({}, None),
        count=count,
        attributes=attributes or {},
    )


def bounds(low, high):
    return ({"low": low, "high": high}, {"low": low, "high": high})


def lake_cases():
    maps = [(4, 0.8, 1), (8, 0.8, 7), (5, 0.6, 3), (12, 0.9, 11)]
    generated = [
        case(
            f"generated {size} {p} {seed}",
            {"mapName": "random", "mapSize": size, "mapFrozen": p, "mapSeed": seed},
            {"desc": generate_random_map(size, p, seed)},
            count=300,
        )
        for size, p, seed in maps
    ]
    two_starts = ["SFFH", "FHFS", "FFFG"]
    return [
        case("default", count=1200),
        case("not slippery", {"isSlippery": False}, {"is_slippery": False}, count=400),
        case("success rate", {"successRate": 0.75}, {"success_rate": 0.75}, count=600),
        case("rewards", {"rewardSchedule": [10, -5, -0.1]}, {"reward_schedule": (10, -5, -0.1)}, count=400),
        case("desc", {"desc": two_starts}, {"desc": two_starts}, count=400),
        *generated,
    ]


RECIPES = {
    "CartPole-v1": ("classic-control", CartPole(), [
        case("default", count=1200),
        case("sutton barto", {"suttonBartoReward": True}, {"sutton_barto_reward": True}, count=300),
        case("bounds", reset_options=bounds(-0.1, 0.3), count=100),
    ]),
    "MountainCar-v0": ("classic-control", MountainCar(), [
        case("default", count=1200),
        case("goal velocity", {"goalVelocity": 0.03}, {"goal_velocity": 0.03}, count=600),
        case("bounds", reset_options=bounds(-0.7, 0.5), count=100),
    ]),
    "MountainCarContinuous-v0": ("classic-control", MountainCarContinuous(), [
        case("default", count=2400),
        case("goal velocity", {"goalVelocity": 0.03}, {"goal_velocity": 0.03}, count=600),
        case("bounds", reset_options=bounds(-0.7, -0.5), count=100),
    ]),
    "Pendulum-v1": ("classic-control", Pendulum(), [
        case("default", count=1500),
        case("g", {"g": 9.81}, {"g": 9.81}, count=400),
        case("bounds", reset_options=(
            {"xInit": np.pi / 2, "yInit": 0.5}, {"x_init": np.pi / 2, "y_init": 0.5}), count=100),
    ]),
    "Acrobot-v1": ("classic-control", Acrobot(), [
        case("default", count=1500),
        case("nips", {"bookOrNips": "nips"}, attributes={"book_or_nips": "nips"}, count=400),
        case("bounds", reset_options=bounds(-0.2, 0.2), count=100),
    ]),
    "FrozenLake-v1": ("toy-text", FrozenLake(), lake_cases()),
    "FrozenLake8x8-v1": ("toy-text", FrozenLake(), [case("default", count=1200)]),
    "CliffWalking-v1": ("toy-text", CliffWalking(), [case("default", count=1000)]),
    "CliffWalkingSlippery-v1": ("toy-text", CliffWalking(), [case("default", count=1200)]),
    "Taxi-v4": ("toy-text", Taxi(), [
        case("default", count=1500),
        case("rain", {"isRainy": True}, {"is_rainy": True}, count=1000),
        case("rain and whims",
             {"isRainy": True, "rainyProbability": 0.5, "ficklePassenger": True, "fickleProbability": 0.9},
             {"is_rainy": True, "rainy_probability": 0.5, "fickle_passenger": True, "fickle_probability": 0.9},
             count=1000),
        case("whims", {"ficklePassenger": True}, {"fickle_passenger": True}, count=600),
    ]),
    "Blackjack-v1": ("toy-text", Blackjack(), [
        case("default", count=1200),
        case("natural", {"sab": False, "natural": True}, {"sab": False, "natural": True}, count=800),
        case("plain", {"sab": False}, {"sab": False}, count=600),
    ]),
}


def action_of(env, rng):
    if isinstance(env.action_space, gym.spaces.Discrete):
        return int(rng.integers(env.action_space.n))
    high = float(env.action_space.high[0])
    if rng.random() < 0.05:
        return np.array([rng.choice([-high, high, 0.0])], dtype=np.float32)
    return np.array([rng.uniform(-1.3 * high, 1.3 * high)], dtype=np.float32)


def record_resets(env, recipe, reset_options):
    """Seeded resets, each followed by one that goes on with the same generator."""
    rows = []
    for seed in SEEDS:
        observation, info = env.reset(seed=seed, options=reset_options)
        first = (recipe.state(env), plain(observation), info)
        again, _ = env.reset(options=reset_options)
        row = dict(
            seed=seed,
            state=first[0],
            observation=first[1],
            again={"state": recipe.state(env), "observation": plain(again)},
        )
        if "action_mask" in info:
            row["mask"] = [int(v) for v in first[2]["action_mask"]]
        rows.append(row)
    return rows


def record_transitions(env, recipe, count, reset_options):
    rng = np.random.default_rng(2026)
    names = ["state", "before", "action", "next", "after", "observation", "reward", "terminated", "mask"]
    columns = {name: [] for name in names}
    fresh = True
    for i in range(count):
        if fresh:
            env.reset(seed=int(rng.integers(2**32)), options=reset_options)
        if i % 2 == 1:
            recipe.place(env, rng)
        columns["state"].append(recipe.state(env))
        columns["before"].append(generator(env))
        action = action_of(env, rng)
        observation, reward, terminated, _, info = env.step(action)
        columns["action"].append(plain(action)[0])
        columns["next"].append(recipe.state(env))
        columns["after"].append(generator(env))
        columns["observation"].append(plain(observation))
        columns["reward"].append(float(reward))
        columns["terminated"].append(int(terminated))
        if "action_mask" in info:
            columns["mask"].append([int(v) for v in info["action_mask"]])
        fresh = terminated or rng.random() < 0.03
    # Where no step draws, the generators are noise: one will do.
    if all(a == b for a, b in zip(columns["before"], columns["after"])):
        del columns["before"], columns["after"]
    return {name: values for name, values in columns.items() if values}


def space_json(space):
    if isinstance(space, gym.spaces.Discrete):
        return {"kind": "Discrete", "n": int(space.n), "start": int(space.start)}
    if isinstance(space, gym.spaces.Tuple):
        return {"kind": "Tuple", "spaces": [space_json(s) for s in space.spaces]}
    bound = lambda a: [float(v) if np.isfinite(v) else ("Infinity" if v > 0 else "-Infinity") for v in a.ravel()]
    return {
        "kind": "Box",
        "low": bound(space.low),
        "high": bound(space.high),
        "shape": list(space.shape),
        "dtype": str(space.dtype),
    }


def record(env_id):
    package, recipe, cases = RECIPES[env_id]
    spec = gym.spec(env_id)
    out = {
        "id": env_id,
        "versions": {
            "gymnasium": gym.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "maxEpisodeSteps": spec.max_episode_steps,
        "rewardThreshold": spec.reward_threshold,
        "cases": [],
    }
    for c in cases:
        env = gym.make(env_id, **c["kwargs"]).unwrapped
        for name, value in c["attributes"].items():
            setattr(env, name, value)
        ours, theirs = c["reset_options"]
        out["cases"].append({
            "name": c["name"],
            "options": c["options"],
            "resetOptions": ours,
            "observationSpace": space_json(env.observation_space),
            "actionSpace": space_json(env.action_space),
            "resets": record_resets(env, recipe, theirs),
            "transitions": record_transitions(env, recipe, c["count"], theirs),
        })
    folder = ROOT / "envs" / package / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{env_id}.json.gz"
    text = json.dumps(out, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    for env_id in sys.argv[1:] or RECIPES:
        record(env_id)
