#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Training speed of isthmus and PyTorch eager, whole epochs, in turn: A, B, A, B, ...

Each round runs `isthmus bench` and the peer once for every case; a cell is the median of the epochs'
medians over the rounds, with the fastest epoch behind it. Prints a Markdown table and writes a JSON
object with both raw results (--out). Speed alone says nothing: bench/quality_gate.py compares what
the same trainings reach.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "peers", "pytorch_eager.py")


def json_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else None


def measure(options, batch, precision):
    """Epoch seconds of both, one (median, min) per round; the peer's list is empty without it."""
    ours, theirs, raw = [], [], []
    for _ in range(options.rounds):
        mine = json_of([options.isthmus, "bench", "--quick", "--batch", str(batch), "--precision",
                        precision, "--preset", options.preset, "--runs", "9", "--json", "--quiet"])
        peer = json_of([options.python, PEER, "--preset", options.preset, "--batch", str(batch),
                        "--precision", precision, "--epochs", "4"])
        raw.append({"isthmus": mine, "peer": peer})
        seconds = mine["cases"][0]["epoch_seconds"]
        ours.append((seconds["median"], seconds["min"]))
        if peer is not None:
            seconds = peer["cases"][0]["epoch_seconds"]
            theirs.append((seconds["median"], seconds["min"]))
    return ours, theirs, raw


def cell(rounds):
    return f"{statistics.median(m for m, _ in rounds):.3f} ({min(low for _, low in rounds):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--preset", default="vae-784-128-20")
    parser.add_argument("--batch", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", help="JSON file")
    options = parser.parse_args()
    results = []
    print("| case | isthmus, s per epoch: median (min) | PyTorch eager | ratio of medians |")
    print("|---|---|---|---|")
    for batch in options.batch:
        for precision in options.precision:
            ours, theirs, raw = measure(options, batch, precision)
            results.append({"batch_size": batch, "precision": precision, "rounds": raw})
            ratio = (statistics.median(m for m, _ in theirs) /
                     statistics.median(m for m, _ in ours)) if theirs else None
            print(f"| {options.preset}, batch {batch}, {precision} | {cell(ours)} | "
                  f"{cell(theirs) if theirs else 'skipped'} | "
                  f"{f'{ratio:.1f}' if ratio else '-'} |", flush=True)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump({"schema": "isthmus.comparison/1", "cases": results}, file)
        print(f"wrote {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
