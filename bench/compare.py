#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Speed of isthmus beside its peers: whole epochs, in turn (A, B, C, A, B, C, ...).

Each round runs `isthmus bench` and every peer once for a case. A cell is the median over the rounds
of the epochs' medians, with the fastest epoch behind it; the ratio is that of the medians. Beside
each training stands what it reached: the ELBO of the test images after --epochs epochs (mean of ten
posterior draws), for isthmus of a training with the same settings. bench/quality_gate.py compares
that over seeds, from the same initial weights.

Without --full: training of the reference VAE in batches of 128 and 512. With --full: also batches
of 32 and 4096, the other networks, encoding and sampling of items and the latency of one. Prints a
Markdown table and writes a JSON object, schema isthmus.comparison/1 (--out). Peers that are not
there are named with the reason.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = "vae-784-128-20"


def case(task, preset, batch, precision):
    return {"task": task, "preset": preset, "batch_size": batch, "precision": precision}


def cases_of(options):
    if options.case:
        return [case(task, preset, int(batch), precision)
                for task, preset, batch, precision in (text.split(",") for text in options.case)]
    both = ("fp32", "bf16")
    cases = [case("train", REFERENCE, batch, p) for batch in (128, 512) for p in both]
    if options.full:
        cases += [case("train", REFERENCE, batch, p) for batch in (32, 4096) for p in both]
        cases += [case("train", preset, 512, p) for preset in
                  ("ae-784-256-128-20", "vae-784-400-20", "vae-784-1024-512-32") for p in both]
        cases += [case(task, REFERENCE, batch, p) for task, batch in
                  (("encode", 512), ("sample", 512), ("latency", 1)) for p in both]
    return cases


def peers_of(options):
    """Name, command and tasks of each peer."""
    script = lambda name: os.path.join(HERE, "peers", name)
    peers = [("PyTorch eager", [options.python, script("pytorch.py")], None)]
    if options.peers_python:
        peers += [("PyTorch compile", [options.peers_python, script("pytorch.py"), "--compile"], None),
                  ("JAX scan", [options.peers_python, script("jax_scan.py")], ("train",)),
                  ("Keras fit", [options.peers_python, script("keras_fit.py")], ("train",))]
    return peers


def json_of(command):
    """What a command prints; None if it says that it was skipped (or cannot run)."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        print(f"skipped: {' '.join(command)}: {failure}", file=sys.stderr)
        return None
    return json.loads(done.stdout) if done.stdout.strip() else None


def run_isthmus(options, c):
    command = [options.isthmus, "bench", "--batch", str(c["batch_size"]), "--precision",
               c["precision"], "--preset", c["preset"], "--runs", "9", "--json", "--quiet"]
    result = json_of(command + (["--quick"] if c["task"] == "train" else []))
    result["cases"] = [one for one in result["cases"] if one["task"] == c["task"]]
    return result


def run_peer(options, command, c):
    return json_of(command + ["--task", c["task"], "--preset", c["preset"], "--batch",
                              str(c["batch_size"]), "--precision", c["precision"], "--epochs",
                              str(options.epochs)])


def test_elbo(options, c):
    """Of a training by isthmus with the settings of the peers."""
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        subprocess.run([options.isthmus, "train", "fashion-mnist", "--preset", c["preset"],
                        "--batch", str(c["batch_size"]), "--precision", c["precision"], "--epochs",
                        str(options.epochs), "--val", "0", "--no-report", "--quiet", "-o", run],
                       check=True)
        result = json_of([options.isthmus, "eval", run, "fashion-mnist", "--samples", "10",
                          "--json", "--quiet"])
        elbo = result.get("elbo")
        return elbo if elbo is not None else -result["reconstruction"]


def measure(options, c, absent):
    """Raw results of each engine, one per round."""
    raw = {"isthmus": []}
    for _ in range(options.rounds):
        raw["isthmus"].append(run_isthmus(options, c))
        for name, command, tasks in peers_of(options):
            if name in absent or (tasks and c["task"] not in tasks):
                continue
            result = run_peer(options, command, c)
            if result is None:
                absent.add(name)
            else:
                raw.setdefault(name, []).append(result)
    return raw


def summary(c, rounds):
    """Seconds for 60,000 items (latency: milliseconds for one), and what was reached."""
    latency = c["task"] == "latency"
    medians, fastest = [], []
    for r in rounds:
        one = r["cases"][0]
        key, factor = ("step_ms", 1) if latency else ("epoch_seconds", None)
        if factor is None:
            items = one["items_per_second"] * one["epoch_seconds"]["median"]
            factor = 60000 / items
        medians.append(one[key]["median"] * factor)
        fastest.append(one[key]["min"] * factor)
    elbos = [r["cases"][0]["terms"]["elbo"] for r in rounds if (r["cases"][0].get("terms") or {}).get("elbo")]
    return {"median": statistics.median(medians), "min": min(fastest),
            "rounds": medians, "test_elbo": statistics.fmean(elbos) if elbos else None}


def label(c):
    return f"{c['task']} {c['preset']}, batch {c['batch_size']}, {c['precision']}"


def print_rows(c, engines):
    unit = "ms" if c["task"] == "latency" else "s"
    ours = engines["isthmus"]["median"]
    for name, e in engines.items():
        elbo = f"{e['test_elbo']:.1f}" if e["test_elbo"] is not None else "-"
        ratio = "1" if name == "isthmus" else f"{e['median'] / ours:.1f}"
        print(f"| {label(c) if name == 'isthmus' else ''} | {name} | {e['median']:.4g} {unit} "
              f"({e['min']:.4g}) | {ratio} | {elbo} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--peers-python", help="a Python that has peers from PyPI")
    parser.add_argument("--full", action="store_true", help="the whole grid")
    parser.add_argument("--case", nargs="+", metavar="TASK,PRESET,BATCH,PRECISION")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="of a peer's training")
    parser.add_argument("--out", help="JSON file")
    options = parser.parse_args()
    results, absent = [], set()
    print("| case | engine | 60,000 items (one): median (fastest) | slower by | test ELBO |")
    print("|---|---|---|---|---|")
    for c in cases_of(options):
        raw = measure(options, c, absent)
        engines = {name: summary(c, rounds) for name, rounds in raw.items()}
        engines["isthmus"]["test_elbo"] = test_elbo(options, c) if c["task"] == "train" else None
        print_rows(c, engines)
        results.append({**c, "engines": engines})
    for name in sorted(absent):
        print(f"skipped: {name} (the reason stands above)", file=sys.stderr)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump({"schema": "isthmus.comparison/1", "epochs": options.epochs,
                       "skipped": sorted(absent), "cases": results}, file, indent=1)
            file.write("\n")
        print(f"wrote {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
