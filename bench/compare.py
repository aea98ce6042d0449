#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Speed of isthmus beside its peers: whole epochs, in turn (A, B, C, A, B, C, ...).

Each round runs `isthmus bench` and every peer once for a case. A cell is the median over the rounds
of the runs' medians, with the fastest epoch behind it; the ratio is that of the medians, and behind
it stand the smallest and the largest ratio of a round. Beside each training stands what it reached:
the ELBO of the test images after --epochs epochs (mean of ten posterior draws), for isthmus of a
training with the same settings. bench/quality_gate.py compares that over seeds, from the same
initial weights.

Without --full: the reference VAE, training in batches of 128 and 512, encoding, sampling and the
latency of one item. With --full: also batches of 32 and 4096, the other networks, and other models
with the widths of the reference: iwae with five draws (its figure is the bound of five draws), the
VampPrior with 500 components, aae (minus its reconstruction term). Prints a
Markdown table and writes a JSON object, schema isthmus.comparison/1 (--out). Peers that are not
there are named with the reason. A round in which other processes used more than 3 % of the machine
is repeated, at most --tries times in all.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile

import measured

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = "vae-784-128-20"
OTHERS = ("ae-784-256-128-20", "vae-784-400-20", "vae-784-1024-512-32")
MODELS = ("iwae", "vae --prior vamp", "aae")
FOREIGN_LIMIT = 0.03


def case(task, preset, batch, precision, model=None):
    return {"task": task, "preset": preset, "batch_size": batch, "precision": precision,
            "model": model}


def cases_of(options):
    if options.case:
        return [case(task, preset, int(batch), precision, *model)
                for task, preset, batch, precision, *model in (t.split(",") for t in options.case)]
    batches = (32, 128, 512, 4096) if options.full else (128, 512)
    kinds = [("train", REFERENCE, batch) for batch in batches]
    kinds += [("train", preset, 512) for preset in OTHERS if options.full]
    models = [(name, precision) for name in MODELS if options.full for precision in ("fp32", "bf16")]
    kinds += [("encode", REFERENCE, 512), ("sample", REFERENCE, 512), ("latency", REFERENCE, 1)]
    return ([case(*kind, precision) for kind in kinds for precision in ("fp32", "bf16")] +
            [case("train", REFERENCE, 512, precision, name) for name, precision in models])


def peers_of(options, c):
    """Name, command and tasks of each peer."""
    def script(python, name, *more):
        return [python, os.path.join(HERE, "peers", name), *more]

    everything = ("train", "encode", "sample", "latency")
    pypi = options.peers_python
    if c["model"]:
        of_model = ("pytorch_family.py", "--model", c["model"])
        peers = [("PyTorch eager", script(options.python, *of_model), everything)]
        if pypi:
            peers += [("PyTorch 2 eager", script(pypi, *of_model), everything),
                      ("PyTorch 2 compiled", script(pypi, *of_model, "--compile"), everything)]
        return [peer for peer in peers if not options.peer or peer[0] in options.peer]
    peers = [("PyTorch eager", script(options.python, "pytorch.py"), everything)]
    if pypi:
        peers += [("PyTorch 2 eager", script(pypi, "pytorch.py"), everything),
                  ("PyTorch 2 compiled", script(pypi, "pytorch.py", "--compile"), everything),
                  ("JAX scan", script(pypi, "jax_scan.py"), ("train",)),
                  ("Keras fit", script(pypi, "keras_fit.py"), ("train",))]
    return [peer for peer in peers if not options.peer or peer[0] in options.peer]


def quiet_run(options, command):
    """One run while the rest of the machine is quiet, or the last of --tries; adds `foreign`."""
    for _ in range(options.tries):
        done = measured.run_behind(options.prefix, command)
        if done.status != 0 or not done.stdout.strip():
            return None, (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        if done.foreign_share <= FOREIGN_LIMIT or options.threads == 1:
            break
    return {**json.loads(done.stdout), "foreign": done.foreign_share}, None


def isthmus_command(options, c):
    runs = {"train": max(3, options.epochs - 1), "latency": 5}.get(c["task"], 40)
    return [options.isthmus, "bench", "--task", c["task"], "--preset", c["preset"], "--batch",
            str(c["batch_size"]), "--precision", c["precision"], "--runs", str(runs), "--json",
            "--quiet", "--threads", str(options.threads), *(["--model", c["model"]] if c["model"] else [])]


def peer_command(options, command, c):
    epochs = {"train": options.epochs, "latency": 5}.get(c["task"], 40)
    return [*command, "--task", c["task"], "--preset", c["preset"], "--batch",
            str(c["batch_size"]), "--precision", c["precision"], "--epochs", str(epochs),
            "--threads", str(options.threads)]


def test_figure(options, c):
    """Of a training by isthmus with the settings of the peers."""
    # "vae --prior vamp" is "--model vae --prior vamp" to the command.
    model = ["--model", *c["model"].split()] if c["model"] else []
    draws = ["--iwae", "5"] if c["model"] == "iwae" else []
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        measured.run_well(options.prefix, [
            options.isthmus, "train", "fashion-mnist", "--preset", c["preset"], "--batch",
            str(c["batch_size"]), "--precision", c["precision"], "--epochs", str(options.epochs),
            "--lr", "0.001", "--val", "0", "--no-report", "--quiet", "-o", run, *model])

        def evaluated(*more):
            return json.loads(measured.run_well(options.prefix, [
                options.isthmus, "eval", run, "fashion-mnist", "--json", "--quiet", *more]).stdout)
        result = evaluated(*draws)
        if draws:
            return result["iwae"]["value"]
        if result.get("elbo") is None:  # no posterior to draw from
            return -result["reconstruction"]
        return evaluated("--samples", "10")["elbo"]


def measure(options, c, skipped):
    """Raw results of each engine, one per round."""
    engines = [("isthmus", isthmus_command(options, c))]
    engines += [(name, peer_command(options, command, c))
                for name, command, tasks in peers_of(options, c) if c["task"] in tasks]
    raw = {}
    for _ in range(options.rounds):
        for name, command in engines:
            if name in skipped:
                continue
            result, reason = quiet_run(options, command)
            if result is not None:
                raw.setdefault(name, []).append(result)
            elif name == "isthmus":
                raise SystemExit(f"isthmus bench failed: {reason}")
            else:
                skipped[name] = reason
    return raw


def summary(rounds, ours):
    """Times of an engine in milliseconds (an epoch; 10,000 items; one item), and what it reached."""
    cases = [r["cases"][0] for r in rounds]
    key, factor = ("step_ms", 1) if cases[0]["task"] == "latency" else ("epoch_seconds", 1000)
    medians = [one[key]["median"] * factor for one in cases]
    elbos = [one["terms"]["elbo"] for one in cases if one["terms"] and "epochs" in one["terms"]]
    engine = rounds[0].get("engine", {})
    ratios = [theirs / own for theirs, own in zip(medians, ours or medians)]
    return {"median": statistics.median(medians),
            "min": min(one[key]["min"] for one in cases) * factor, "rounds": medians,
            "ratio": statistics.median(medians) / statistics.median(ours or medians),
            "ratio_min": min(ratios), "ratio_max": max(ratios),
            "test_elbo": statistics.fmean(elbos) if elbos else None,
            "foreign_cpu_share": max(r["foreign"] for r in rounds),
            "version": engine.get("version"), "settings": engine.get("settings")}


def print_rows(c, engines):
    unit, factor = ("s", 1000) if c["task"] == "train" else ("ms", 1)
    label = f"{c['task']} {c['model'] or c['preset']}, batch {c['batch_size']}, {c['precision']}"
    for name, e in engines.items():
        elbo = f"{e['test_elbo']:.1f}" if e["test_elbo"] is not None else "-"
        ratio = f"{e['ratio']:.1f} ({e['ratio_min']:.1f} to {e['ratio_max']:.1f})"
        print(f"| {label} | {name} | {e['median'] / factor:.3g} {unit} | {e['min'] / factor:.3g} | "
              f"{'1' if name == 'isthmus' else ratio} | {elbo} |", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--peers-python", help="a Python that has peers from PyPI")
    parser.add_argument("--full", action="store_true", help="the whole grid")
    parser.add_argument("--case", nargs="+", metavar="TASK,PRESET,BATCH,PRECISION[,MODEL]")
    parser.add_argument("--peer", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)),
                        help="1: processor time of training, whatever else the machine does")
    parser.add_argument("--tries", type=int, default=3, help="of a run, for a quiet machine")
    parser.add_argument("--epochs", type=int, default=5, help="of a peer's training")
    parser.add_argument("--prefix", default="", metavar="COMMAND",
                        help="runs each measured command, such as taskset -c 0,1")
    parser.add_argument("--out", help="JSON file")
    return parser.parse_args()


def main():
    options = arguments()
    results, skipped = [], {}
    machine = measured.machine()
    print(f"{machine}. Times: of an epoch (train), of 10,000 items (encode, sample), of one item "
          f"(latency).\n\n| case | engine | median | fastest | slower by (rounds) | test ELBO, "
          f"{options.epochs} epochs |\n|---|---|---|---|---|---|")
    for c in cases_of(options):
        raw = measure(options, c, skipped)
        ours = summary(raw["isthmus"], None)
        engines = {name: summary(rounds, ours["rounds"]) for name, rounds in raw.items()}
        if c["task"] == "train":
            engines["isthmus"]["test_elbo"] = test_figure(options, c)
        print_rows(c, engines)
        results.append({**c, "engines": engines})
    reasons = [f"{name}: {reason}" for name, reason in skipped.items()]
    if not options.peers_python:
        reasons.append("peers from PyPI: not asked for (--peers-python)")
    for reason in reasons:
        print(f"skipped: {reason}", file=sys.stderr)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump({"schema": "isthmus.comparison/1", "machine": machine,
                       "rounds": options.rounds, "epochs": options.epochs, "skipped": reasons,
                       "cases": results}, file, indent=1)
            file.write("\n")
        print(f"wrote {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
