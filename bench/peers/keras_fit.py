#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference networks in Keras 3 on its JAX backend: the functional API and Model.fit.

KL is added by a layer, the reconstruction term is the compiled loss. With bf16 the policy is
mixed_bfloat16. Prints one JSON object, schema isthmus.peers/1. Exits with 0 and a reason on stderr
when Keras or the data are not there.
"""
import os
import time

import common
from common import say

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

try:
    import keras
    from keras import layers, ops
except ImportError as missing:
    common.skip(f"{missing} (PyPI: keras jax)")


class Draw(layers.Layer):
    """A draw from the posterior; adds its KL to the loss."""

    def __init__(self, seed):
        super().__init__(dtype="float32")
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, heads):
        mean, log_var = ops.split(heads, 2, axis=1)
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean),
                                                                   seed=self.generator)


def stack(values, widths, name):
    for index, width in enumerate(widths[1:]):
        last = index == len(widths) - 2
        values = layers.Dense(width, activation=None if last else "relu", name=f"{name}_{index}",
                              kernel_initializer="glorot_uniform" if last else "he_normal")(values)
    return values


def reconstruction(x, logits):
    logits = ops.cast(logits, "float32")
    return ops.sum(ops.logaddexp(0.0, logits) - x * logits, axis=-1)


def build(options, seed):
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_dtype_policy(
        "mixed_bfloat16" if options.precision == "bf16" else "float32")
    encoder, decoder = common.widths(options.preset)
    x = keras.Input((encoder[0],))
    code = stack(x, encoder, "encoder")
    if common.PRESETS[options.preset][2]:
        code = Draw(seed)(code)
    model = keras.Model(x, stack(code, decoder, "decoder"))
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-8), loss=reconstruction)
    return model


def train(options):
    x_train, x_test = common.train_images(options), common.test_images(options)
    epochs, elbos, first = common.Epochs(options.threads), [], None
    for seed in range(options.seed, options.seed + options.repeats):
        model = build(options, seed)
        fit = lambda: model.fit(x_train, x_train, batch_size=options.batch, epochs=1, verbose=0)
        begin = time.perf_counter()
        fit()
        first = first or time.monotonic() - common.STARTED
        say(f"seed {seed}: warm-up epoch {time.perf_counter() - begin:.2f} s, not counted")
        for _ in range(1, options.epochs):
            epochs.measure(fit)
        losses = [model.evaluate(x_test, x_test, batch_size=1000, verbose=0) for _ in range(10)]
        elbos.append(-sum(losses) / len(losses))
        say(f"seed {seed}: test -elbo {-elbos[-1]:.2f} nats per item")
    engine = {"name": "keras-fit", "version": keras.__version__, "from": "pypi",
              "settings": {"backend": keras.backend.backend()}}
    common.report(options, engine, epochs, len(x_train), elbos, first)


def main():
    parser = common.arguments(__doc__)
    options = parser.parse_args()
    common.check(parser, options)
    if options.preset in common.STAGES:
        common.skip("only dense networks are written for Keras")
    common.confine(options.threads)
    train(options)


if __name__ == "__main__":
    main()
