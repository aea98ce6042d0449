#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The networks in JAX, a whole epoch compiled as one scan over its batches.

What pytorch.py does, with the gather of a batch, the noise, the gradient and Adam inside the scan;
weights and optimizer state are donated. The last partial batch is a second, smaller program. With
bf16 the operands of matrix products and convolutions are bf16, sums of products and weights stay
float32. Encoding is one compiled call for each batch, as in pytorch.py.

Prints one JSON object, schema isthmus.peers/1. Exits with 0 and a reason on stderr when JAX or the
data are not there.
"""
import math
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


def initial(options, key):
    """Weights in isthmus' shapes, by isthmus' names."""
    arrays = common.read_safetensors(options.weights) if options.weights else None
    weights = {}
    for part, shapes in common.shapes(options.preset).items():
        for index, shape in enumerate(shapes):
            name = f"{part}/{index}"
            if arrays is not None:
                weights[name] = tuple(jnp.asarray(arrays[f"{name}/{kind}"])
                                      for kind in ("weight", "bias"))
                continue
            key, draw = jax.random.split(key)
            glorot = index == len(shapes) - 1 or len(shape) == 4
            init = jax.nn.initializers.glorot_uniform() if glorot else jax.nn.initializers.he_normal()
            weights[name] = (init(draw, shape), jnp.zeros(common.outputs_of(part, shape)))
    return weights


def as_matrix(w):
    """(4, 4, C, O) -> (16 C, O), in the order of windows_of."""
    a, b = w.shape[2:]
    return w.reshape(2, 2, 2, 2, a, b).transpose(0, 2, 1, 3, 4, 5).reshape(16 * a, b)


def windows_of(x):
    """Images (N, H, W, C), padded by 1, -> their windows of 4 x 4 with stride 2, (N, H / 2, W / 2,
    16 C): four shifts of 2 x 2 pixels in one."""
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    n, h, w, c = x.shape
    x = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 2, 4, 5)
    x = x.reshape(n, h // 2, w // 2, 4 * c)
    shifts = [x[:, i:h // 2 - 1 + i, j:w // 2 - 1 + j] for i in (0, 1) for j in (0, 1)]
    return jnp.concatenate(shifts, axis=-1)


def fold(windows):
    """The transpose of windows_of: (N, H, W, 16 C) -> (N, 2 H, 2 W, C)."""
    n, h, w, c = windows.shape[:3] + (windows.shape[3] // 16,)
    quarters = jnp.split(windows, 4, axis=-1)
    x = sum(jnp.pad(q, ((0, 0), (i, 1 - i), (j, 1 - j), (0, 0)))
            for q, (i, j) in zip(quarters, ((0, 0), (0, 1), (1, 0), (1, 1))))
    x = x.reshape(n, h + 1, w + 1, 2, 2, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, 2 * h + 2, 2 * w + 2, c)[:, 1:-1, 1:-1]


def make_network(options):
    """run(weights, part, values): (N, inputs) -> (N, outputs), as float32. Trained convolutions are
    products of windows: with the gradients of XLA's own a step takes 22 times as long on a CPU."""
    kind = jnp.bfloat16 if options.precision == "bf16" else jnp.float32
    shapes = common.shapes(options.preset)

    def product(values, w):
        return jnp.matmul(values.astype(kind), w.astype(kind), preferred_element_type=jnp.float32)

    def layer(values, w, part):
        if w.ndim == 2:
            return product(values.reshape(len(values), -1), w)
        if values.ndim == 2:
            channels = w.shape[2] if part == "encoder" else w.shape[3]
            side = math.isqrt(values.shape[1] // channels)
            values = values.reshape(-1, side, side, channels)
        if part == "decoder":
            return fold(product(values, as_matrix(w).T))
        if options.task == "train":
            return product(windows_of(values), as_matrix(w))
        return jax.lax.conv_general_dilated(
            values.astype(kind), w.astype(kind), (2, 2), "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC")).astype(jnp.float32)

    def run(weights, part, values):
        last = len(shapes[part]) - 1
        for index in range(last + 1):
            w, b = weights[f"{part}/{index}"]
            values = layer(values, w, part) + b
            if index < last:
                values = jax.nn.relu(values)
        return values.reshape(len(values), -1)

    return run


def make_functions(options):
    _, latent, has_posterior = common.PRESETS[options.preset]
    run = make_network(options)

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


def negative_elbo(terms, weights, x_test, latent, key):
    total = 0.0
    for draw in range(10):
        for start in range(0, len(x_test), 1000):
            x = x_test[start:start + 1000]
            noise = jax.random.normal(jax.random.fold_in(key, 1000 * draw + start), (len(x), latent))
            total += float(terms(weights, x, noise))
    return total / 10 / len(x_test)


def train(options):
    x_train, x_test = jnp.asarray(common.train_images(options)), jnp.asarray(common.test_images(options))
    epoch, terms = make_functions(options)
    latent, elbos, first = common.PRESETS[options.preset][1], [], None
    epochs = common.Epochs(options.threads)
    for seed in range(options.seed, options.seed + options.repeats):
        key = jax.random.PRNGKey(seed)
        weights = initial(options, key)
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
        elbos.append(-negative_elbo(terms, holder[0][0], x_test, latent, key))
        say(f"seed {seed}: test -elbo {-elbos[-1]:.2f} nats per item")
    report(options, epochs, len(x_train), elbos, first)


def infer(options):
    """Whole passes of the encoder over 10,000 items; with bf16 the weights are bf16."""
    x, run = jnp.asarray(common.test_images(options)), make_network(options)
    weights = initial(options, jax.random.PRNGKey(options.seed))
    if options.precision == "bf16":
        weights = {name: (w.astype(jnp.bfloat16), b) for name, (w, b) in weights.items()}
    forward = jax.jit(lambda w, v: run(w, "encoder", v))
    batches = [x[start:start + options.batch] for start in range(0, len(x), options.batch)]
    if options.task == "latency":
        batches = batches[:1000]
    epochs = common.Epochs(options.threads)

    def work():
        for batch in batches:
            forward(weights, batch).block_until_ready()

    work()
    for _ in range(options.epochs):
        epochs.measure(work)
    report(options, epochs, sum(len(batch) for batch in batches))


def report(options, epochs, items, elbos=(), first=None):
    engine = {"name": "jax-scan", "version": jax.__version__, "from": "pypi", "settings": {}}
    common.report(options, engine, epochs, items, elbos, first)


def main():
    parser = common.arguments(__doc__, ("train", "encode", "latency"))
    common.add_weights(parser)
    options = parser.parse_args()
    common.check(parser, options)
    common.confine(options.threads)
    if options.task == "train":
        train(options)
    else:
        infer(options)


if __name__ == "__main__":
    main()
