#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a VAE here and in PyTorch from the same initial weights, and compares.

For each seed: isthmus writes its initial weights, then both train --epochs epochs with Adam at 1e-3
on all 60,000 images of Fashion-MNIST, and both are evaluated on the 10,000 test images, mean of ten
posterior draws. Without options: the reference VAE, batches of 512, 20 epochs. The gate: the mean test -elbo
over the seeds is not worse than the peer's by more than 0.3 nats or twice the standard error of the
difference, whichever is larger. fp32 and bf16 pass separately.

Prints a Markdown table; exit status 1 if a gate fails. Results are kept in --keep, one file per
training, so that an interrupted comparison goes on where it stopped.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys

import ours

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "peers", "pytorch.py")
DATA = "fashion-mnist"


def output_of(command, cached):
    """The JSON that a command prints, from the file `cached` if it is there."""
    if not os.path.exists(cached):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        if not done.stdout.strip():
            return None
        with open(cached + ".part", "wb") as file:
            file.write(done.stdout)
        os.replace(cached + ".part", cached)
    with open(cached, encoding="utf-8") as file:
        return json.load(file)


def train(options, settings, folder):
    if not os.path.exists(os.path.join(folder, ours.WEIGHTS)):
        subprocess.run(ours.train_command(options.isthmus, DATA, settings, folder, "--epochs",
                                          str(options.epochs), "--threads", str(options.threads)),
                       check=True)
    return folder


def compare(options, precision):
    """Test -elbo of both for each seed: two lists, or None without the peer."""
    own, theirs = [], []
    for seed in range(options.seeds):
        settings = {"preset": options.preset, "batch_size": options.batch, "precision": precision,
                    "seed": seed}
        name = os.path.join(options.keep, f"{options.preset}-b{options.batch}")
        start = ours.initial_weights(options.isthmus, DATA, settings, f"{name}-start-{seed}")
        name += f"-{precision}-e{options.epochs}-{seed}"
        run = train(options, settings, name)
        result = output_of(ours.eval_command(options.isthmus, DATA, run, "--samples", "10"),
                           name + "-eval.json")
        own.append(-result["elbo"])
        peer = output_of([options.python, PEER, "--preset", options.preset, "--batch",
                          str(options.batch), "--precision", precision, "--epochs",
                          str(options.epochs), "--seed", str(seed), "--threads",
                          str(options.threads), "--weights", start], name + "-peer.json")
        if peer is None:
            return None
        theirs.append(-peer["cases"][0]["terms"]["elbo"])
        print(f"{precision} seed {seed}: isthmus {own[-1]:.2f}, PyTorch {theirs[-1]:.2f}",
              file=sys.stderr, flush=True)
    return own, theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--keep", default="build/quality_gate", help="folder of the results")
    parser.add_argument("--preset", default="vae-784-128-20", help="which network")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--precision", choices=["fp32", "bf16"], action="append")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("--seeds must be at least 2: the gate needs a spread")
    os.makedirs(options.keep, exist_ok=True)
    passed = True
    print("| precision | isthmus test -elbo | PyTorch test -elbo | difference | allowed | gate |")
    print("|---|---|---|---|---|---|")
    for precision in options.precision or ["fp32", "bf16"]:
        both = compare(options, precision)
        if both is None:
            print("skipped: the peer did not run (see above)", file=sys.stderr)
            return
        (own, theirs), n = both, options.seeds
        difference = statistics.fmean(own) - statistics.fmean(theirs)
        error = math.sqrt((statistics.variance(own) + statistics.variance(theirs)) / n)
        allowed = max(0.3, 2 * error)
        passed = passed and difference <= allowed
        print(f"| {precision} | {statistics.fmean(own):.2f} (sd {statistics.stdev(own):.2f}) "
              f"| {statistics.fmean(theirs):.2f} (sd {statistics.stdev(theirs):.2f}) "
              f"| {difference:+.2f} | {allowed:.2f} | {'passed' if difference <= allowed else 'FAILED'} |",
              flush=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
