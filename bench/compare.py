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
VampPrior with 500 components, aae (minus its reconstruction term). With --conv instead: the networks
that convolve, on the first images of Fashion-MNIST, few enough that an epoch takes seconds (CONV),
every engine from the same initial weights. The share is that of the product peak that isthmus
measured in the same round, by the products of its graph. Prints a Markdown table and writes a JSON object, schema isthmus.comparison/1 (--out). Peers that are not
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
import ours
import pictures

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = "vae-784-128-20"
OTHERS = ("ae-784-256-128-20", "vae-784-400-20", "vae-784-1024-512-32")
MODELS = ("iwae", "vae --prior vamp", "aae")
# Side and number of the training images; whole batches of 128 and 512.
CONV = {"conv-28": (28, 6656), "infogan-28": (28, 2048), "locatello-64": (64, 4096)}
CONV_TEST = 1000
INFERRED = 10000  # items of a pass of encode and sample
FOREIGN_LIMIT = 0.03


def case(task, preset, batch, precision, model=None):
    return {"task": task, "preset": preset, "batch_size": batch, "precision": precision,
            "model": model}


def cases_of(options):
    if options.case:
        return [case(task, preset, int(batch), precision, *model)
                for task, preset, batch, precision, *model in (t.split(",") for t in options.case)]
    if options.conv:
        kinds = [("train", 128), ("train", 512), ("encode", 512), ("latency", 1)]
        return [case(task, preset, batch, precision) for preset in options.preset or CONV
                for task, batch in kinds for precision in ("fp32", "bf16")]
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
    peers = []
    if not (options.conv and pypi):  # PyTorch 2 convolves twice as fast
        peers += [("PyTorch eager", script(options.python, "pytorch.py"), everything)]
    if pypi:
        peers += [("PyTorch 2 eager", script(pypi, "pytorch.py"), everything),
                  ("PyTorch 2 compiled", script(pypi, "pytorch.py", "--compile"), everything),
                  ("JAX scan", script(pypi, "jax_scan.py"), ("train", "encode", "latency")),
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


def passes_of(options, c):
    """Timed epochs of a training; passes over the items of anything else."""
    if c["task"] == "train":
        return options.epochs - 1
    return 5 if c["task"] == "latency" or c["preset"] in CONV else 40


def data_of(options, c):
    """The folder of a network that convolves; None: all of Fashion-MNIST."""
    if c["preset"] not in CONV:
        return None
    side, train = CONV[c["preset"]]
    sizes = (train, CONV_TEST) if c["task"] == "train" else (INFERRED, INFERRED)
    return pictures.folder_of(options.made, side, *sizes)


def isthmus_command(options, c):
    data = data_of(options, c)
    return [options.isthmus, "bench", *([data] if data else []), "--task", c["task"], "--preset",
            c["preset"], "--batch", str(c["batch_size"]), "--precision", c["precision"], "--runs",
            str(max(3, passes_of(options, c))), "--json", "--quiet", "--threads",
            str(options.threads), *(["--model", c["model"]] if c["model"] else [])]


def peer_command(options, command, c):
    epochs = passes_of(options, c) + (1 if c["task"] == "train" else 0)  # the first warms up
    data = data_of(options, c)
    if data:
        command = [*command, "--data", data]
        start = ours.initial_weights(options.isthmus, data, c, f"{data}-{c['preset']}-start")
        command += ["--weights", start]
    return [*command, "--task", c["task"], "--preset", c["preset"], "--batch",
            str(c["batch_size"]), "--precision", c["precision"], "--epochs", str(epochs),
            "--threads", str(options.threads)]


def test_figure(options, c):
    """Of a training by isthmus with the settings of the peers."""
    # "vae --prior vamp" is "--model vae --prior vamp" to the command.
    model = ["--model", *c["model"].split()] if c["model"] else []
    draws = ["--iwae", "5"] if c["model"] == "iwae" else []
    data = data_of(options, c) or "fashion-mnist"
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        measured.run_well(options.prefix, ours.train_command(
            options.isthmus, data, c, run, "--epochs", str(options.epochs), *model))

        def evaluated(*more):
            return json.loads(measured.run_well(options.prefix, ours.eval_command(
                options.isthmus, data, run, *more)).stdout)
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


def times_of(rounds):
    """Medians and fastest in milliseconds (an epoch; 10,000 items; one item) of each round."""
    cases = [r["cases"][0] for r in rounds]
    key, factor = ("step_ms", 1) if cases[0]["task"] == "latency" else ("epoch_seconds", 1000)
    return [one[key]["median"] * factor for one in cases], min(one[key]["min"] for one in cases) * factor


def shares_of(rounds, own):
    """Of the product peak of each round, for the same products an item."""
    def share(theirs, ours_then):
        mine, peak = ours_then["cases"][0], ours_then["peaks"][theirs["precision"] + "_gflops"]
        return theirs["items_per_second"] * mine["gflops"] / mine["items_per_second"] / peak
    return [share(r["cases"][0], then) for r, then in zip(rounds, own)]


def summary(rounds, own):
    """Times of an engine and what it reached; `own`: the rounds of isthmus."""
    (medians, fastest), (own_medians, _) = times_of(rounds), times_of(own)
    cases = [r["cases"][0] for r in rounds]
    elbos = [one["terms"]["elbo"] for one in cases if one["terms"] and "epochs" in one["terms"]]
    engine = rounds[0].get("engine", {})
    ratios = [theirs / mine for theirs, mine in zip(medians, own_medians)]
    return {"median": statistics.median(medians), "min": fastest, "rounds": medians,
            "ratio": statistics.median(medians) / statistics.median(own_medians),
            "ratio_min": min(ratios), "ratio_max": max(ratios),
            "peak_share": statistics.median(shares_of(rounds, own)),
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
              f"{'1' if name == 'isthmus' else ratio} | {100 * e['peak_share']:.0f} % | {elbo} |",
              flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--isthmus", default="build/release/isthmus/cli/isthmus")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has PyTorch")
    parser.add_argument("--peers-python", help="a Python that has peers from PyPI")
    parser.add_argument("--full", action="store_true", help="the whole grid")
    parser.add_argument("--conv", action="store_true", help="the networks that convolve")
    parser.add_argument("--preset", nargs="+", choices=CONV, help="with --conv: only these")
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


def compare(options, machine):
    """Prints a row for each case and engine; returns the cases and the reasons of what is missing."""
    results, skipped = [], {}
    print(f"{machine}. Times: of an epoch (train), of 10,000 items (encode, sample), of one item "
          f"(latency).\n\n| case | engine | median | fastest | slower by (rounds) | of the peak | "
          f"test ELBO, {options.epochs} epochs |\n|---|---|---|---|---|---|---|")
    for c in cases_of(options):
        raw = measure(options, c, skipped)
        engines = {name: summary(rounds, raw["isthmus"]) for name, rounds in raw.items()}
        if c["task"] == "train":
            engines["isthmus"]["test_elbo"] = test_figure(options, c)
        print_rows(c, engines)
        results.append({**c, "engines": engines})
    reasons = [f"{name}: {reason}" for name, reason in skipped.items()]
    if not options.peers_python:
        reasons.append("peers from PyPI: not asked for (--peers-python)")
    return results, reasons


def main():
    options, machine = arguments(), measured.machine()
    with tempfile.TemporaryDirectory() as options.made:
        results, reasons = compare(options, machine)
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
