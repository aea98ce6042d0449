# SPDX-License-Identifier: Apache-2.0
"""The same bits for every definition that the program has, however many threads, however killed.

    every_definition.py ISTHMUS [--kills N] [--only WORD]

What there is is read from `isthmus help components`, so that a new model, prior, posterior,
likelihood, corruption, optimizer or schedule is tested from the day it is listed. Each model is
trained as it is, and with every definition and step option that it takes on one of the models that
take it; each setting once per number of threads, and once killed (SIGKILL) N times at random steps
and resumed with another number of threads. Models that are fitted without steps cannot be resumed:
they are killed at random moments and trained again. All ends of a setting must be equal.
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

from same_bits import SEED, Setting, examine
from run_files import memory_folder, run, write_images  # noqa: E402

THREADS = (1, 2, 3)
ITEMS, SIDE, BATCH, EPOCHS, CLASSES = 400, 8, 32, 8, 3
STEPS = EPOCHS * -(-ITEMS * 9 // 10 // BATCH)
# Small networks: what is tested is not their size.
SMALL = {"--hidden": "24", "--critic-hidden": "24", "--prior-components": "7", "--latent": "4",
         "--step-every": "20"}
# Options of any model that is trained in steps.
OF_STEPS = {"dropout": ["--dropout", "0.3", "--input-dropout", "0.1"],
            "ema": ["--ema", "0.9"],
            "clip": ["--clip", "0.5"],
            "condition": ["--condition", "label"]}


def definitions(program):
    """zoo option, such as "--prior" -> name -> the flags that it has."""
    zoos, names, flags = {}, None, None
    for line in run([program, "help", "components"]).stdout.splitlines():
        if line.startswith("## "):
            option = re.search(r"`(--[a-z-]+)`", line)
            names = zoos.setdefault(option.group(1), {}) if option else {}
        elif line.startswith("### "):
            flags = names.setdefault(line[4:], [])
        elif found := re.match(r"- `(--[a-z-]+)`", line):
            flags.append(found.group(1))
    return zoos


def settings(program):
    """(name, options) of everything there is to try."""
    zoos = definitions(program)
    models = zoos.pop("--model")
    if not models or len(zoos) < 6:
        sys.exit("help components lists no definitions")

    def options(model, *more):
        small = [word for flag, value in SMALL.items()
                 if flag in models[model] for word in (flag, value)]
        return ["--model", model, "--latent", SMALL["--latent"], *small, *more]

    def first_with(flag):
        return next(model for model, flags in models.items() if flag in flags)

    for model, flags in models.items():
        for precision in ("fp32", "bf16") if "--hidden" in flags else ("fp32",):
            yield f"{model} {precision}", options(model, "--precision", precision)
    for zoo, names in zoos.items():
        with_posterior = first_with("--posterior")
        for name, flags in names.items():
            more = [word for flag in flags if flag in SMALL for word in (flag, SMALL[flag])]
            yield f"{zoo} {name}", options(with_posterior, zoo, name, *more)
    for model in ("--posterior", "--critic-hidden", "--divergence"):
        for name, more in OF_STEPS.items():
            yield f"{first_with(model)} {name}", options(first_with(model), *more)


def data_of(folder):
    """Images with a class each, on disk, and how train is told of them."""
    write_images(folder / "images.idx", ITEMS, SIDE, seed=7)
    classes = bytes(i % CLASSES for i in range(ITEMS))
    (folder / "classes.idx").write_bytes(struct.pack(">HBBI", 0, 8, 1, ITEMS) + classes)
    return [folder / "images.idx", "--labels", folder / "classes.idx"]


class Fitted:
    """A model without steps. A run that was killed leaves nothing to go on with."""

    def __init__(self, setting):
        self.setting = setting
        self.options = [*setting.data, *setting.options]

    def command(self, out, threads):
        return [self.setting.program, "train", *self.options, "-o", out, "--threads", threads,
                "--json"]

    def finished(self, out, threads):
        result = run(self.command(out, threads))
        if result.returncode != 0:
            sys.exit(f"{self.setting.name}: status {result.returncode}: {result.stderr}")
        weights = json.loads(result.stdout)["weights_sha256"]
        shutil.rmtree(out)
        return weights

    def killed(self, out, threads, seconds):
        """Whether the kill came before the end; the folder must hold no half of a model."""
        process = subprocess.Popen([str(word) for word in self.command(out, threads)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        died = process.wait() == -signal.SIGKILL
        model = out / "model.safetensors"
        if model.exists():
            checked = run([self.setting.program, "eval", model, *self.setting.data, "-q"])
            if checked.returncode != 0:
                sys.exit(f"{self.setting.name}: a killed fit left a bad model: {checked.stderr}")
        shutil.rmtree(out, ignore_errors=True)
        return died

    def examine(self, kills):
        rng, out = random.Random(f"{SEED} {self.setting.name}"), self.setting.folder / "fitted"
        started = time.monotonic()
        ends = [self.finished(out, threads) for threads in THREADS]
        usual = (time.monotonic() - started) / len(THREADS)
        died = 0
        for _ in range(kills):
            died += self.killed(out, rng.choice(THREADS), rng.random() * usual)
            ends.append(self.finished(out, rng.choice(THREADS)))
        print(f"{self.setting.name}: distinct digests {len(set(ends))} over threads {THREADS} and "
              f"after {died} kills; weights {ends[0][:16]}", flush=True)
        return len(set(ends)), died


def without_latent(program, data, options):
    """The options, but --latent where the model has no use for it (E2005)."""
    result = run([program, "train", *data, *options, "--dry-run", "-q"])
    if "model.latent_dim has no effect" not in result.stderr:
        return options
    at = options.index("--latent")
    return [*options[:at], *options[at + 2:]]


def has_steps(program, name, data, options):
    """Whether a model takes --epochs: what is fitted refuses it (E2005)."""
    words = [program, "train", *data, *options, "--epochs", 1, "--dry-run", "-q"]
    result = run(words)
    if result.returncode not in (0, 2):
        sys.exit(f"{name}: status {result.returncode}: {result.stderr}")
    if result.returncode == 2 and "without steps" not in result.stderr:
        sys.exit(f"{name}: {result.stderr}")
    return result.returncode == 0


def examine_any(program, folder, data, name, options, kills):
    options = without_latent(program, data, options)
    if has_steps(program, name, data, options):
        more = ["--batch", BATCH, "--epochs", EPOCHS]
        return examine(Setting(program, folder, name, data, [*options, *more], STEPS), kills,
                       THREADS)
    options = [word for word in options if word not in ("--precision", "fp32")]
    return Fitted(Setting(program, folder, name, data, options, 0)).examine(kills)


def main():
    parser = argparse.ArgumentParser(description="The same bits for every definition.")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--only", default="", help="settings whose name holds this word")
    arguments = parser.parse_args()
    with memory_folder("every-definition-") as place:
        folder = pathlib.Path(place)
        data = data_of(folder)
        results = [examine_any(arguments.program, folder, data, name, options, arguments.kills)
                   for name, options in settings(arguments.program)
                   if arguments.only in name]
    wrong = sum(distinct != 1 for distinct, _ in results)
    print(f"every definition: {len(results)} settings x {len(THREADS)} numbers of threads, "
          f"{sum(kills for _, kills in results)} kills; {wrong} settings with more than one digest")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
