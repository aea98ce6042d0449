#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference networks in JAX, a whole epoch compiled as one scan over its batches.

What pytorch.py does, with the gather of a batch, the noise, the gradient and Adam inside the scan;
weights and optimizer state are donated. The last partial batch is a second, smaller program. With
bf16 the operands of matrix products are bf16, sums and weights stay float32.

Prints one JSON object, schema isthmus.peers/1. Exits with 0 and a reason on stderr when JAX or the
data are not there.
"""
import os
import time

import common
from common import say

os.environ.setdefault("JAX_PLATFORMS", "cpu")

try:
    import jax
    import jax.numpy as jnp
except ImportError as missing:
    common.skip(f"{missing} (PyPI: jax)")


def initial(preset, key):
    weights = {}
    for part, layers in zip(("encoder", "decoder"), common.widths(preset)):
        for index, (inputs, outputs) in enumerate(zip(layers, layers[1:])):
            key, draw = jax.random.split(key)
            last = index == len(layers) - 2
            init = jax.nn.initializers.glorot_uniform() if last else jax.nn.initializers.he_normal()
            weights[f"{part}/{index}"] = (init(draw, (inputs, outputs)), jnp.zeros(outputs))
    return weights


def make_functions(options):
    _, latent, has_posterior = common.PRESETS[options.preset]
    bf16 = options.precision == "bf16"

    def product(x, w):
        if bf16:
            return jnp.matmul(x.astype(jnp.bfloat16), w.astype(jnp.bfloat16),
                              preferred_element_type=jnp.float32)
        return x @ w

    def run(weights, part, values):
        count = sum(name.startswith(part) for name in weights)
        for index in range(count):
            w, b = weights[f"{part}/{index}"]
            values = product(values, w) + b
            if index < count - 1:
                values = jax.nn.relu(values)
        return values

    def terms(weights, x, noise):
        code, kl = run(weights, "encoder", x), 0.0
        if has_posterior:
            mean, log_var = jnp.split(code, 2, axis=1)
            code = mean + jnp.exp(0.5 * log_var) * noise
            kl = -0.5 * jnp.sum(1 + log_var - mean**2 - jnp.exp(log_var))
        logits = run(weights, "decoder", code)
        return jnp.sum(jnp.logaddexp(0.0, logits) - x * logits) + kl

    def adam(state, gradients):
        weights, m, v, step = state
        step += 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
        c1, c2 = 1 - 0.9**step, 1 - 0.999**step
        weights = jax.tree.map(
            lambda w, a, b: w - 1e-3 * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), weights, m, v)
        return weights, m, v, step

    def update(state, x, key):
        noise = jax.random.normal(key, (len(x), latent))
        mean = lambda weights: terms(weights, x, noise) / len(x)
        return adam(state, jax.grad(mean)(state[0]))

    def epoch(state, data, key):
        shuffle, draw = jax.random.split(key)
        order = jax.random.permutation(shuffle, len(data))
        whole = len(data) // options.batch
        rows = order[:whole * options.batch].reshape(whole, options.batch)
        keys = jax.random.split(draw, whole + 1)
        one = lambda s, inputs: (update(s, data[inputs[0]], inputs[1]), None)
        state, _ = jax.lax.scan(one, state, (rows, keys[:-1]))
        rest = order[whole * options.batch:]
        return update(state, data[rest], keys[-1]) if len(rest) else state

    return jax.jit(epoch, donate_argnums=0), jax.jit(terms)


def train(options):
    x_train, x_test = jnp.asarray(common.train_images(options)), jnp.asarray(common.test_images(options))
    epoch, terms = make_functions(options)
    latent, epochs, elbos, first = common.PRESETS[options.preset][1], common.Epochs(), [], None
    for seed in range(options.seed, options.seed + options.repeats):
        key = jax.random.PRNGKey(seed)
        weights = initial(options.preset, key)
        zeros = lambda: jax.tree.map(jnp.zeros_like, weights)
        holder = [(weights, zeros(), zeros(), jnp.zeros((), jnp.float32))]

        def work(number):
            holder[0] = jax.block_until_ready(
                epoch(holder[0], x_train, jax.random.fold_in(key, number)))

        begin = time.perf_counter()
        work(0)
        first = first or time.monotonic() - common.STARTED
        say(f"seed {seed}: warm-up epoch {time.perf_counter() - begin:.2f} s, not counted")
        for number in range(1, options.epochs):
            epochs.measure(lambda: work(number))
        total = 0.0
        for draw in range(10):
            for start in range(0, len(x_test), 1000):
                noise = jax.random.normal(jax.random.fold_in(key, 1000 * draw + start), (1000, latent))
                total += float(terms(holder[0][0], x_test[start:start + 1000], noise))
        elbos.append(-total / 10 / len(x_test))
        say(f"seed {seed}: test -elbo {-elbos[-1]:.2f} nats per item")
    engine = {"name": "jax-scan", "version": jax.__version__, "from": "pypi", "settings": {}}
    common.report(options, engine, epochs, len(x_train), elbos, first)


def main():
    parser = common.arguments(__doc__)
    options = parser.parse_args()
    common.check(parser, options)
    train(options)


if __name__ == "__main__":
    main()
