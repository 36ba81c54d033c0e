"""Times one PPO update and one policy call in PyTorch and JAX; prints one JSON line.

Shared two-layer tanh MLP 4 -> H -> H with heads 2 and 1; clipped surrogate, value and entropy losses, gradient clipped
to norm 0.5, Adam. Policy call: sampled action, its log-probability, value.

usage: python ppo_update.py '{"sizes": [[64, 64], [64, 256], [256, 256]], "widths": [1, 8, 64, 512], "seconds": 1.0}'
"""

import json
import sys
import time

request = json.loads(sys.argv[1])
rows = []
versions = {"python": sys.version.split()[0]}


def best(run, seconds):
    """Fastest mean of a block of calls, in milliseconds."""
    run(20)
    block = 5
    while True:
        began = time.perf_counter()
        run(block)
        if time.perf_counter() - began > 0.02:
            break
        block *= 2
    fastest = float("inf")
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        run(block)
        fastest = min(fastest, (time.perf_counter() - began) / block)
    return 1e3 * fastest


def torch_rows():
    import torch
    from torch import nn

    versions["torch"] = torch.__version__
    torch.set_num_threads(1)

    class Net(nn.Module):
        def __init__(self, hidden):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
            self.policy = nn.Linear(hidden, 2)
            self.value = nn.Linear(hidden, 1)

        def forward(self, x):
            h = self.body(x)
            return self.policy(h), self.value(h).squeeze(-1)

    def make_loss(net):
        def loss(obs, action, old, advantage, returns):
            logits, value = net(obs)
            log_probs = torch.log_softmax(logits, -1)
            log_prob = log_probs.gather(1, action[:, None]).squeeze(1)
            entropy = -(log_probs.exp() * log_probs).sum(-1).mean()
            ratio = (log_prob - old).exp()
            surrogate = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
            return -surrogate + 0.5 * (value - returns).pow(2).mean() - 0.01 * entropy

        return loss

    for compiled in (False, True):
        for hidden, batch in request["sizes"]:
            net = Net(hidden)
            loss = make_loss(net)
            if compiled:
                loss = torch.compile(loss)
            adam = torch.optim.Adam(net.parameters(), lr=3e-4, eps=1e-5)
            data = (
                torch.randn(batch, 4),
                torch.randint(0, 2, (batch,)),
                torch.full((batch,), -0.69),
                torch.randn(batch),
                torch.randn(batch),
            )

            def update(n):
                for _ in range(n):
                    adam.zero_grad()
                    loss(*data).backward()
                    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
                    adam.step()

            name = "torch.compile" if compiled else "PyTorch eager"
            try:
                rows.append({"kind": "update", "name": name, "hidden": hidden, "batch": batch, "ms": best(update, request["seconds"])})
            except Exception as error:  # torch.compile needs a C++ compiler
                print(f"{name} failed: {str(error).splitlines()[0]}", file=sys.stderr)
                break
    for width in request["widths"]:
        net = Net(64)
        obs = torch.randn(width, 4)

        def act(n):
            with torch.no_grad():
                for _ in range(n):
                    logits, value = net(obs)
                    distribution = torch.distributions.Categorical(logits=logits)
                    action = distribution.sample()
                    distribution.log_prob(action)

        rows.append({"kind": "act", "name": "PyTorch eager", "width": width, "ms": best(act, request["seconds"])})


def jax_rows():
    import jax
    import jax.numpy as jnp

    versions["jax"] = jax.__version__

    def init(key, hidden):
        sizes = [(4, hidden), (hidden, hidden), (hidden, 2), (hidden, 1)]
        keys = jax.random.split(key, len(sizes))
        return [(jax.random.normal(k, s) / jnp.sqrt(s[0]), jnp.zeros(s[1])) for k, s in zip(keys, sizes)]

    def apply(params, x):
        (w1, b1), (w2, b2), (wp, bp), (wv, bv) = params
        h = jnp.tanh(jnp.tanh(x @ w1 + b1) @ w2 + b2)
        return h @ wp + bp, (h @ wv + bv)[:, 0]

    def loss(params, obs, action, old, advantage, returns):
        logits, value = apply(params, obs)
        log_probs = jax.nn.log_softmax(logits)
        log_prob = jnp.take_along_axis(log_probs, action[:, None], 1)[:, 0]
        entropy = -(jnp.exp(log_probs) * log_probs).sum(-1).mean()
        ratio = jnp.exp(log_prob - old)
        surrogate = jnp.minimum(ratio * advantage, jnp.clip(ratio, 0.8, 1.2) * advantage).mean()
        return -surrogate + 0.5 * ((value - returns) ** 2).mean() - 0.01 * entropy

    def update(state, batch):
        params, m, v, step = state
        grads = jax.grad(loss)(params, *batch)
        norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(grads)))
        grads = jax.tree.map(lambda g: g * jnp.minimum(1.0, 0.5 / (norm + 1e-6)), grads)
        step = step + 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, grads)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, grads)
        c1, c2 = 1 - 0.9**step, 1 - 0.999**step
        params = jax.tree.map(lambda p, a, b: p - 3e-4 * (a / c1) / (jnp.sqrt(b / c2) + 1e-5), params, m, v)
        return params, m, v, step

    step_fn = jax.jit(update, donate_argnums=0)
    key = jax.random.key(0)
    for hidden, batch in request["sizes"]:
        params = init(key, hidden)
        zeros = jax.tree.map(jnp.zeros_like, params)
        state = [(params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.float32(0))]
        data = (
            jax.random.normal(key, (batch, 4)),
            jax.random.randint(key, (batch,), 0, 2),
            jnp.full((batch,), -0.69),
            jax.random.normal(key, (batch,)),
            jax.random.normal(key, (batch,)),
        )

        def run(n):
            for _ in range(n):
                state[0] = step_fn(state[0], data)
            jax.block_until_ready(state[0])

        rows.append({"kind": "update", "name": "JAX jit, per call", "hidden": hidden, "batch": batch, "ms": best(run, request["seconds"])})

    @jax.jit
    def act(params, obs, key):
        logits, value = apply(params, obs)
        action = jax.random.categorical(key, logits)
        return action, jnp.take_along_axis(jax.nn.log_softmax(logits), action[:, None], 1)[:, 0], value

    params = init(key, 64)
    for width in request["widths"]:
        obs = jax.random.normal(key, (width, 4))

        def run_act(n):
            for _ in range(n):
                out = act(params, obs, key)
            jax.block_until_ready(out)

        rows.append({"kind": "act", "name": "JAX jit, per call", "width": width, "ms": best(run_act, request["seconds"])})


for part in (torch_rows, jax_rows):
    try:
        part()
    except ImportError as error:
        print(f"left out: {error}", file=sys.stderr)
print(json.dumps({"versions": versions, "rows": rows}))
