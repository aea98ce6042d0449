# SPDX-License-Identifier: Apache-2.0
"""The same bits for any number of threads and after any interruption, for the program itself.

    same_bits.py ISTHMUS [--kills N]

For each model and precision: one run per number of threads, and one that is killed (SIGKILL) N
times at random steps and moments, each time resumed with another number of threads. All must end in
the same weights, optimizer state, metrics, model file and pictures. Prints distinct digests per
model and precision; the seed is fixed.
"""
import argparse
import itertools
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
from run_files import (checkpoints, differences, ending, memory_folder, run,  # noqa: E402
                       write_images)

MODELS = ("ae", "vae")  # every_definition.py has the others
PRECISIONS = ("fp32", "bf16")
THREADS = (1, 2, 3, 4, 7)
ITEMS, SIDE, BATCH, EPOCHS = 700, 28, 64, 36
STEPS = EPOCHS * -(-ITEMS * 9 // 10 // BATCH)
SEED = 20260101
LONGEST = 60  # seconds of one attempt


class Killed:
    """Trains until a checkpoint of `target` or later is there, and a random moment longer."""

    def __init__(self, command, out, target, rng):
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        end = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < end:
            if out.exists() and max(checkpoints(out), default=-1) >= target:
                break
            time.sleep(0.0005)
        time.sleep(rng.random() * 0.004)
        process.send_signal(signal.SIGKILL)
        stderr = process.communicate()[1].decode()
        self.died = process.returncode == -signal.SIGKILL
        self.step = max(checkpoints(out), default=0)
        if process.returncode not in (0, -signal.SIGKILL):
            sys.exit(f"a run ended with {process.returncode}: {stderr[-500:]}")


class Setting:
    """One training: `data` and `options` as train takes them."""

    def __init__(self, program, folder, name, data, options, steps):
        self.program, self.folder, self.name, self.data = program, folder, name, data
        self.steps = steps
        self.options = [*options, "--checkpoint-every", "1ms", "-q"]

    def command(self, out, threads):
        what = ["--resume", out] if checkpoints(out) else [*self.data, "-o", out, *self.options]
        return [self.program, "train", *what, "--threads", threads, "--json"]

    def finish(self, out, threads):
        """The end of a run as one text; the run is removed."""
        result = run(self.command(out, threads))
        if result.returncode != 0:
            sys.exit(f"{self.name}: status {result.returncode}: {result.stderr}")
        end = ending(out)
        end["weights_sha256"] = json.loads(result.stdout)["weights_sha256"]
        shutil.rmtree(out)
        return end

    def interrupted(self, kills, all_threads, rng):
        """The ends of runs that were killed again and again, and the steps they had then."""
        out, steps, ends = self.folder / "killed", [], []
        while len(steps) < kills:
            newest = max(checkpoints(out), default=-1) if out.exists() else -1
            if newest < 0:
                shutil.rmtree(out, ignore_errors=True)  # it died before it could be resumed
            target = newest + 1 + rng.randrange(2 * self.steps // kills)
            killed = Killed(self.command(out, rng.choice(all_threads)), out, target, rng)
            if killed.died and killed.step > newest:
                steps.append(killed.step)
            if not killed.died:
                ends.append(self.finish(out, rng.choice(all_threads)))
        if out.exists():
            ends.append(self.finish(out, rng.choice(all_threads)))
        return ends, steps


def examine(setting, kills, all_threads=THREADS):
    """Returns the number of distinct ends and of kills."""
    rng = random.Random(f"{SEED} {setting.name}")
    ends = [setting.finish(setting.folder / "whole", threads) for threads in all_threads]
    killed_ends, steps = setting.interrupted(kills, all_threads, rng)
    ends += killed_ends
    distinct = len({json.dumps(e, sort_keys=True) for e in ends})
    print(f"{setting.name}: distinct digests {distinct} over threads {all_threads} and {len(steps)} "
          f"kills at steps {steps}; weights {ends[0]['weights_sha256'][:16]}", flush=True)
    if distinct != 1:
        unequal = {what for end in ends for what in differences(end, ends[0])}
        print(f"  different: {', '.join(sorted(unequal))}")
    return distinct, len(steps)


def setting_of(program, folder, model, precision):
    options = ["--model", model, "--precision", precision, "--hidden", "200", "--latent", "20",
               "--batch", BATCH, "--epochs", EPOCHS, "--samples-every", "12"]
    return Setting(program, folder, f"{model} {precision}", [folder / "images.idx"], options, STEPS)


def main():
    parser = argparse.ArgumentParser(description="The same bits for threads and interruptions.")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    with memory_folder("same-bits-") as name:
        folder = pathlib.Path(name)
        write_images(folder / "images.idx", ITEMS, SIDE, seed=7)
        results = [examine(setting_of(arguments.program, folder, model, precision), arguments.kills)
                   for model, precision in itertools.product(MODELS, PRECISIONS)]
    wrong = sum(distinct != 1 for distinct, _ in results)
    print(f"same bits: {len(results)} settings x {len(THREADS)} numbers of threads, "
          f"{sum(kills for _, kills in results)} kills; {wrong} settings with more than one digest")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
