#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reference VAE in PyTorch eager mode, set up to be as fast as PyTorch can be on a CPU.

Same network, loss, batches and optimizer constants as `isthmus train fashion-mnist`; the data stay
in memory as one scaled tensor, batches are taken by a permutation, the loss is not read back during
an epoch, Adam runs in its foreach (in 2.x fused) form, denormals are flushed. The first epoch of
each training warms up and is not timed. An epoch during which other processes used more than 3 %
of the machine is left out of the timings (unless that would leave none) and counted.

Prints one JSON object, schema isthmus.peers/1; remarks go to stderr. Exits with 0 and a reason on
stderr when PyTorch or the data are not there.
"""
import argparse
import gzip
import json
import os
import statistics
import struct
import sys
import time

STARTED = time.monotonic()
CPUS = len(os.sched_getaffinity(0))
os.environ.setdefault("OMP_NUM_THREADS", str(CPUS))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    import numpy
    import torch
    from torch.nn import functional
except ImportError as missing:
    print(f"skipped: {missing} (Debian: apt install python3-torch)", file=sys.stderr)
    sys.exit(0)

PRESETS = {"vae-784-128-20": ([128], 20), "vae-784-400-20": ([400], 20)}
FOLDER = "/usr/share/datasets/fashion-mnist"
PIXELS = 784
FOREIGN_LIMIT = 0.03


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def read_images(path):
    """An IDX file of images as a float tensor (N, 784) in [0, 1]."""
    with gzip.open(path) as file:
        magic, count, height, width = struct.unpack(">4i", file.read(16))
        assert magic == 0x803 and height * width == PIXELS, "not an IDX file of 28x28 images"
        pixels = numpy.frombuffer(file.read(), numpy.uint8).reshape(count, PIXELS)
    return torch.from_numpy(pixels.astype(numpy.float32) / 255.0)


def read_safetensors(path):
    """The float32 tensors of a safetensors file, by name."""
    tensors = {}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    return tensors


class Vae(torch.nn.Module):
    """D-hidden-(Z, Z)-Z-hidden-D; mean and log-variance come from one layer of width 2 Z."""

    def __init__(self, hidden, latent):
        super().__init__()
        self.latent = latent
        self.encoder = self.stack([PIXELS, *hidden, 2 * latent])
        self.decoder = self.stack([latent, *reversed(hidden), PIXELS])

    @staticmethod
    def stack(widths):
        layers = torch.nn.ModuleList(torch.nn.Linear(*pair) for pair in zip(widths, widths[1:]))
        for layer in layers[:-1]:
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        torch.nn.init.xavier_uniform_(layers[-1].weight)
        for layer in layers:
            torch.nn.init.zeros_(layer.bias)
        return layers

    @staticmethod
    def run(layers, values):
        for layer in layers[:-1]:
            values = functional.relu(layer(values))
        return layers[-1](values)

    def load(self, tensors):
        """Weights by isthmus' names; there a weight is (I, O), here it is (O, I)."""
        with torch.no_grad():
            for part in ("encoder", "decoder"):
                for index, layer in enumerate(getattr(self, part)):
                    layer.weight.copy_(tensors[f"{part}/{index}/weight"].t())
                    layer.bias.copy_(tensors[f"{part}/{index}/bias"])

    def terms(self, x, noise):
        """Reconstruction and KL, summed over dimensions and items."""
        mean, log_var = self.run(self.encoder, x).float().chunk(2, dim=1)
        logits = self.run(self.decoder, mean + torch.exp(0.5 * log_var) * noise).float()
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum()
        return reconstruction, kl


def make_optimizer(model, rate):
    if int(torch.__version__.split(".")[0]) >= 2:
        return torch.optim.Adam(model.parameters(), lr=rate, fused=True), "fused"
    return torch.optim.Adam(model.parameters(), lr=rate, foreach=True), "foreach"


def busy_seconds():
    """CPU seconds used by the machine and by this process."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    own = os.times()
    machine = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    return machine, own.user + own.system


class Epochs:
    """Times epochs and remembers how much of the machine others used meanwhile."""

    def __init__(self):
        self.times = []  # (seconds, share of the machine used by others)

    def measure(self, work):
        machine, own = busy_seconds()
        begin = time.perf_counter()
        work()
        seconds = time.perf_counter() - begin
        machine_now, own_now = busy_seconds()
        foreign = max(0.0, (machine_now - machine) - (own_now - own))
        self.times.append((seconds, foreign / (seconds * (os.cpu_count() or 1))))

    def summary(self):
        """Returns median, min and max, their number, the foreign share and the discarded runs."""
        quiet = [seconds for seconds, share in self.times if share <= FOREIGN_LIMIT]
        kept = quiet or [seconds for seconds, _ in self.times]
        noise = {"foreign_cpu_share": round(statistics.median(s for _, s in self.times), 4),
                 "discarded_runs": len(self.times) - len(kept), "quiet": bool(quiet),
                 "peak_drift": None}
        return {"median": statistics.median(kept), "min": min(kept), "max": max(kept)}, len(kept), noise


def train_epoch(model, optimizer, x_train, options, first_step):
    model.train()
    order = torch.randperm(len(x_train))
    for start in range(0, len(x_train), options.batch):
        x = x_train[order[start:start + options.batch]]
        noise = torch.randn(len(x), model.latent)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            reconstruction, kl = model.terms(x, noise)
        ((reconstruction + kl) / len(x)).backward()
        optimizer.step()
        first_step.append(time.monotonic() - STARTED) if not first_step else None


def negative_elbo(model, x_test, draws=10):
    """Test -ELBO in nats per item, mean over posterior draws, always in float32."""
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for _ in range(draws):
            for x in x_test.split(1000):
                total += float(sum(model.terms(x, torch.randn(len(x), model.latent))))
    return total / draws / len(x_test)


def run(options):
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    x_train = read_images(os.path.join(options.data, "train-images-idx3-ubyte.gz"))
    x_test = read_images(os.path.join(options.data, "t10k-images-idx3-ubyte.gz"))
    epochs, first_step, elbos, adam, parameters = Epochs(), [], [], "", 0
    for seed in range(options.seed, options.seed + options.repeats):
        torch.manual_seed(seed)
        model = Vae(*PRESETS[options.preset])
        if options.weights:
            model.load(read_safetensors(options.weights))
        parameters = sum(parameter.numel() for parameter in model.parameters())
        optimizer, adam = make_optimizer(model, 1e-3)
        for epoch in range(options.epochs):
            begin = time.perf_counter()
            if epoch == 0:
                train_epoch(model, optimizer, x_train, options, first_step)
                say(f"seed {seed}: warm-up epoch {time.perf_counter() - begin:.2f} s, not counted")
            else:
                epochs.measure(
                    lambda: train_epoch(model, optimizer, x_train, options, first_step))
        elbos.append(-negative_elbo(model, x_test))
        say(f"seed {seed}: {parameters:,} parameters, test -elbo {-elbos[-1]:.2f} nats per item")
    seconds, runs, noise = epochs.summary()
    return report(options, seconds, runs, noise, first_step[0], elbos, adam, len(x_train), parameters)


def report(options, seconds, runs, noise, first_step, elbos, adam, items, parameters):
    steps = -(-items // options.batch)
    rate = items / seconds["median"]
    # Forward and both gradients: 6 FLOP per weight and item, less the input's gradient.
    hidden = PRESETS[options.preset][0][0]
    weights = parameters - (2 * hidden + 2 * PRESETS[options.preset][1] + PIXELS)
    flop_per_item = 6 * weights - 2 * PIXELS * hidden
    settings = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    debian = "/usr/lib/python3/dist-packages" in torch.__file__
    case = {
        "name": f"{options.preset}/train/b{options.batch}/{options.precision}",
        "preset": options.preset, "task": "train", "precision": options.precision,
        "batch_size": options.batch, "threads": options.threads, "runs": runs,
        "parameters": parameters,
        "step_ms": {key: value * 1000 / steps for key, value in seconds.items()},
        "epoch_seconds": seconds, "items_per_second": rate,
        "gflops": rate * flop_per_item / 1e9, "peak_share": None,
        "first_step_seconds": first_step, "split_ms": None,
        "terms": {"elbo": statistics.fmean(elbos),
                  "elbo_spread": statistics.stdev(elbos) if len(elbos) > 1 else None,
                  "epochs": options.epochs, "seeds": len(elbos), "posterior_draws": 10}}
    return {"schema": "isthmus.peers/1",
            "engine": {"name": "pytorch-eager", "version": torch.__version__,
                       "from": "debian" if debian else "other", "settings": {**settings, adam: True}},
            "peaks": None, "noise": noise, "cases": [case]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--preset", choices=PRESETS, default="vae-784-128-20")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--epochs", type=int, default=8, help="per training; the first warms up")
    parser.add_argument("--repeats", type=int, default=1, help="trainings, each with its own seed")
    parser.add_argument("--threads", type=int, default=CPUS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", help="initial weights, a safetensors file written by isthmus")
    parser.add_argument("--data", default=FOLDER, help="folder of the Fashion-MNIST files")
    options = parser.parse_args()
    if options.epochs < 2 or options.repeats < 1:
        parser.error("--epochs must be at least 2, --repeats at least 1")
    if not os.path.isdir(options.data):
        say(f"skipped: {options.data} is missing (Debian: apt install dataset-fashion-mnist)")
        return
    print(json.dumps(run(options)))


if __name__ == "__main__":
    main()
