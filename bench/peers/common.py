# SPDX-License-Identifier: Apache-2.0
"""What the peers share: the networks, the data, timing that leaves out noisy epochs, the result.

All train on Fashion-MNIST (or the images in --data) in memory as float32 in [0, 1], shuffled anew in every epoch, Bernoulli
likelihood by logits, KL in closed form, Adam at 1e-3, the last partial batch kept. The first epoch
of each training warms up and is not timed. An epoch during which other processes used more than 3 %
of the machine is left out of the timings (unless that would leave none) and counted.
"""
import argparse
import gzip
import json
import math
import os
import statistics
import struct
import sys
import time

STARTED = time.monotonic()
CPUS = len(os.sched_getaffinity(0))
FOLDER = "/usr/share/datasets/fashion-mnist"
FOREIGN_LIMIT = 0.03
# Hidden widths, latent size, whether the latent is a distribution.
PRESETS = {"vae-784-128-20": ([128], 20, True), "vae-784-400-20": ([400], 20, True),
           "vae-784-1024-512-32": ([1024, 512], 32, True),
           "ae-784-256-128-20": ([256, 128], 20, False),
           "conv-28": ([128], 20, True), "infogan-28": ([1024], 64, True),
           "locatello-64": ([256], 10, True)}
# Channels behind the stages of those that convolve: 4 x 4 kernels, stride 2, padding 1.
STAGES = {"conv-28": [32, 64], "infogan-28": [64, 128], "locatello-64": [32, 32, 64, 64]}
SIDES = {"locatello-64": 64}  # of the images; others: 28


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def add_weights(parser):
    parser.add_argument("--weights", help="initial weights, a safetensors file written by isthmus")


def confine(threads):
    """Leaves the process as many CPUs as it may have threads: before a library counts them."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def skip(reason):
    say(f"skipped: {reason}")
    sys.exit(0)


def arguments(description, tasks=("train",), precisions=("fp32", "bf16")):
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--task", choices=tasks, default="train")
    parser.add_argument("--preset", choices=PRESETS, default="vae-784-128-20")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--precision", choices=precisions, default="fp32")
    parser.add_argument("--epochs", type=int, default=8, help="per training; the first warms up")
    parser.add_argument("--repeats", type=int, default=1, help="trainings, each with its own seed")
    parser.add_argument("--threads", type=int, default=CPUS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=FOLDER, help="folder of IDX files, named as Fashion-MNIST's")
    return parser


def check(parser, options):
    if options.epochs < 2 or options.repeats < 1:
        parser.error("--epochs must be at least 2, --repeats at least 1")
    if not os.path.isdir(options.data):
        skip(f"{options.data} is missing (Debian: apt install dataset-fashion-mnist)")


def side_of(preset):
    return SIDES.get(preset, 28)


def smallest(preset):
    """Side and channels of the image that the dense layers see."""
    stages = STAGES.get(preset, [])
    return side_of(preset) >> len(stages), stages[-1] if stages else 1


def widths(preset):
    """Widths of the dense layers of encoder and decoder."""
    hidden, latent, has_posterior = PRESETS[preset]
    heads = 2 * latent if has_posterior else latent
    side, channels = smallest(preset)
    return ([side * side * channels, *hidden, heads],
            [latent, *reversed(hidden), side * side * channels])


def shapes(preset):
    """Shapes of the weights as isthmus has them, in the order of the layers: dense (I, O),
    convolutions (4, 4, I, O), the transposed ones of the decoder (4, 4, O, I)."""
    encoder, decoder = (list(zip(w, w[1:])) for w in widths(preset))
    channels = [1, *STAGES.get(preset, [])]
    kernels = [(4, 4, *pair) for pair in zip(channels, channels[1:])]
    return {"encoder": [*kernels, *encoder], "decoder": [*decoder, *reversed(kernels)]}


def read_images(options, name):
    """An IDX file of images as float32 (N, pixels) in [0, 1]."""
    import numpy
    with gzip.open(os.path.join(options.data, name)) as file:
        magic, count, height, width = struct.unpack(">4i", file.read(16))
        side = side_of(options.preset)
        if magic != 0x803 or height != side or width != side:
            skip(f"{name} in {options.data} does not hold images of {side} x {side}")
        pixels = numpy.frombuffer(file.read(), numpy.uint8).reshape(count, side * side)
    return pixels.astype(numpy.float32) / 255.0


def train_images(options):
    return read_images(options, "train-images-idx3-ubyte.gz")


def test_images(options):
    return read_images(options, "t10k-images-idx3-ubyte.gz")


def read_safetensors(path):
    """The float32 arrays of a safetensors file, by name."""
    import numpy
    arrays = {}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            arrays[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).copy()
    return arrays


def busy_seconds():
    """CPU seconds used by the machine and by this process."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    own = os.times()
    machine = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    return machine, own.user + own.system


class Epochs:
    """Times epochs and remembers how much of the machine others used meanwhile. With one thread the
    clock is that of the process, so that others do not count."""

    def __init__(self, threads=CPUS):
        self.times = []  # (seconds, share of the machine used by others)
        self.alone = threads == 1

    def measure(self, work):
        machine, own = busy_seconds()
        begin, own_begin = time.perf_counter(), time.process_time()
        work()
        seconds = time.perf_counter() - begin
        machine_now, own_now = busy_seconds()
        foreign = max(0.0, (machine_now - machine) - (own_now - own))
        if self.alone:
            seconds, foreign = time.process_time() - own_begin, 0.0
        self.times.append((seconds, foreign / (seconds * (os.cpu_count() or 1))))

    def summary(self):
        """Returns median, min and max, their number, the foreign share and the discarded runs."""
        quiet = [seconds for seconds, share in self.times if share <= FOREIGN_LIMIT]
        kept = quiet or [seconds for seconds, _ in self.times]
        noise = {"foreign_cpu_share": round(statistics.median(s for _, s in self.times), 4),
                 "discarded_runs": len(self.times) - len(kept), "quiet": bool(quiet),
                 "peak_drift": None}
        return {"median": statistics.median(kept), "min": min(kept), "max": max(kept)}, len(kept), noise


def outputs_of(part, shape):
    """Of the layer with a weight of shapes(): the size of its bias."""
    return shape[2] if len(shape) == 4 and part == "decoder" else shape[-1]


def num_parameters(preset):
    return sum(math.prod(shape) + outputs_of(part, shape)
               for part, of_part in shapes(preset).items() for shape in of_part)


def num_weights(layers):
    return sum(inputs * outputs for inputs, outputs in zip(layers, layers[1:]))


def report(options, engine, epochs, items, elbos=(), first_step=None, parameters=None):
    """Prints the JSON object of one case; `engine` holds name, version, from and settings. With
    `parameters` the model is another than the preset's. Operations are counted of dense layers."""
    seconds, runs, noise = epochs.summary()
    encoder, decoder = widths(options.preset)
    model = getattr(options, "model", None)
    if parameters is not None or options.preset in STAGES:
        flop = None
    elif options.task == "train":
        # Forward and both gradients: 6 FLOP per weight and item, less the input's gradient.
        flop = 6 * (num_weights(encoder) + num_weights(decoder)) - 2 * encoder[0] * encoder[1]
    else:
        flop = 2 * num_weights(decoder if options.task == "sample" else encoder)
    if parameters is None:
        parameters = num_parameters(options.preset)
    steps, rate = -(-items // options.batch), items / seconds["median"]
    terms = None
    if elbos:
        terms = {"elbo": statistics.fmean(elbos),
                 "elbo_spread": statistics.stdev(elbos) if len(elbos) > 1 else None,
                 "epochs": options.epochs, "seeds": len(elbos), "posterior_draws": 10}
    print(json.dumps({
        "schema": "isthmus.peers/1", "engine": engine, "peaks": None, "noise": noise,
        "cases": [{
            "name": f"{model or options.preset}/{options.task}/b{options.batch}/{options.precision}",
            "preset": options.preset, "model": model, "task": options.task,
            "precision": options.precision, "batch_size": options.batch, "threads": options.threads,
            "runs": runs, "parameters": parameters,
            "step_ms": {key: value * 1000 / steps for key, value in seconds.items()},
            "epoch_seconds": seconds, "items_per_second": rate,
            "gflops": rate * flop / 1e9 if flop else None,
            "peak_share": None, "first_step_seconds": first_step, "split_ms": None,
            "terms": terms}]}))
