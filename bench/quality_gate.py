#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the reference VAE here and in PyTorch from the same initial weights, and compares.

For each seed: isthmus writes its initial weights (a run whose learning rate is too small to move
them), then both train 20 epochs of batches of 512 with Adam at 1e-3 on all 60,000 images, and both
are evaluated on the 10,000 test images, mean of ten posterior draws. The gate: the mean test -elbo
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

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "peers", "pytorch.py")
PRESET = "vae-784-128-20"


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


def train(options, seed, precision, folder, *more):
    command = [options.isthmus, "train", "fashion-mnist", "--preset", PRESET, "--batch", "512",
               "--val", "0", "--seed", str(seed), "--precision", precision, "--quiet", "-o", folder]
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        subprocess.run(command + list(more), check=True)
    return folder


def compare(options, precision):
    """Test -elbo of both for each seed: two lists, or None without the peer."""
    ours, theirs = [], []
    for seed in range(options.seeds):
        name = os.path.join(options.keep, f"{precision}-{seed}")
        start = train(options, seed, "fp32", os.path.join(options.keep, f"start-{seed}"),
                      "--epochs", "1", "--limit", "512", "--lr", "1e-30", "--no-report")
        run = train(options, seed, precision, name, "--epochs", str(options.epochs), "--no-report")
        result = output_of([options.isthmus, "eval", run, "fashion-mnist", "--samples", "10",
                            "--json", "--quiet"], name + "-eval.json")
        ours.append(-result["elbo"])
        peer = output_of([options.python, PEER, "--preset", PRESET, "--batch", "512",
                          "--precision", precision, "--epochs", str(options.epochs), "--seed",
                          str(seed), "--weights", os.path.join(start, "model.safetensors")],
                         name + "-peer.json")
        if peer is None:
            return None
        theirs.append(-peer["cases"][0]["terms"]["elbo"])
        print(f"{precision} seed {seed}: isthmus {ours[-1]:.2f}, PyTorch {theirs[-1]:.2f}",
              file=sys.stderr, flush=True)
    return ours, theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--keep", default="build/quality_gate", help="folder of the results")
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
        (ours, theirs), n = both, options.seeds
        difference = statistics.fmean(ours) - statistics.fmean(theirs)
        error = math.sqrt((statistics.variance(ours) + statistics.variance(theirs)) / n)
        allowed = max(0.3, 2 * error)
        passed = passed and difference <= allowed
        print(f"| {precision} | {statistics.fmean(ours):.2f} (sd {statistics.stdev(ours):.2f}) "
              f"| {statistics.fmean(theirs):.2f} (sd {statistics.stdev(theirs):.2f}) "
              f"| {difference:+.2f} | {allowed:.2f} | {'passed' if difference <= allowed else 'FAILED'} |",
              flush=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
