# SPDX-License-Identifier: Apache-2.0
"""Stops a whole tiny training run at each system call that changes a file.

    crash_matrix.py ISTHMUS FAILING_CALLS_LIBRARY [--every K]

Each call of a run (training, checkpoints, pictures, report) is one case per way to go wrong: the
process is killed before it, killed in the middle of a write, the call fails with ENOSPC or EIO, it
writes only half and says so, or the disk is full from then on. The same for a run that is itself a resumed one. After each case:

- every announced checkpoint is there, or a newer one; all checkpoints and model.safetensors are
  accepted by `isthmus inspect`; files that are replaced whole are whole
- after an error: exit status 5, or 0, no temporaries; always 0 where only a line of log.txt or a
  picture of an epoch was lost
- `--resume` succeeds and ends in the same weights, metrics, model file and pictures as the
  undisturbed run. Only before the first checkpoint there is nothing to resume: status 3 or 4

In the undisturbed run the order of calls is checked, too: a checkpoint, the model and each new
folder or growing file are synced before anything builds on them. tests of power losses stand on
this order. --every K takes each K-th call only. Prints cases and failures. Exit status 77: libraries cannot be
preloaded here.
"""
import argparse
import collections
import concurrent.futures
import errno
import json
import os
import pathlib
import re
import shutil
import sys

from run_files import (announced, checkpoints, differences, ending, memory_folder, run,
                       temporaries, write_images)

WORKERS = 2
CUT_SHORT = ("write", "pwrite")  # calls that can be done in part
WAYS = {"kill": "kill", "ENOSPC": str(errno.ENOSPC), "EIO": str(errno.EIO), "full": "full"}
WAYS_OF_WRITES = {"torn": "torn", "short": "short"}
DEADLY = ("kill", "torn")
RESOURCES = 5
NO_PICTURES = "warning[W5101]: no more pictures"
DISPENSABLE = re.compile(r"^write .*/log\.txt |/\.?epoch-\d+-[a-z]+\.png")
Call = collections.namedtuple("Call", "name path result")
Case = collections.namedtuple("Case", "number call way how")


class Matrix:
    """One command, the state it starts from, and what it must end in."""

    def __init__(self, program, library, folder, name):
        self.program, self.library, self.folder, self.name = program, library, folder, name
        self.start = None  # a run folder to be resumed, or none: a new run
        self.announced_before = -1
        self.reference = None

    def train(self, out, **orders):
        env = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
        if orders:
            env.update(orders, LD_PRELOAD=str(self.library))
        data = self.folder / "images.idx"
        new = [data, "-o", out, "--hidden", "6", "--latent", "2", "--batch", "8", "--epochs", "3",
               "--val", "0.2"]
        what = ["--resume", out] if out.exists() else new
        return run([self.program, "train", *what, "--threads", "1", "--progress", "jsonl"], env)

    def begin(self, out):
        if self.start is not None:
            shutil.copytree(self.start, out)

    def count(self):
        """The calls of an undisturbed run, in order."""
        log, out = self.folder / f"{self.name}.calls", self.folder / f"{self.name}-counted"
        self.begin(out)
        result = self.train(out, FAILING_CALLS_LOG=str(log))
        if result.returncode != 0:
            sys.exit(f"the undisturbed run failed: {result.stderr}")
        if not log.exists():
            print("skipped: the library cannot be preloaded")
            sys.exit(77)
        self.reference = self.reference or ending(out)
        return [Call(*line.rsplit(" ", 1)[0].split(" ", 1), int(line.rsplit(" ", 1)[1]))
                for line in log.read_text().splitlines()]

    def problems(self, case):
        out = self.folder / f"{self.name}-{case.number}-{case.way}"
        self.begin(out)
        log = out.with_suffix(".call")
        result = self.train(out, FAILING_CALLS_AT=str(case.number), FAILING_CALLS_HOW=case.how,
                            FAILING_CALLS_LOG=str(log))
        found = self.status_problems(case, result, out, log.read_text())
        seen = max(announced(result.stderr), self.announced_before)
        if out.exists():
            found += self.file_problems(out, seen)
            found += self.resume_problems(out, seen, NO_PICTURES in result.stderr)
            shutil.rmtree(out)
        elif seen >= 0:
            found.append("the run folder is gone")
        return found

    def status_problems(self, case, result, out, failed_call):
        if case.way in DEADLY:
            return [] if result.returncode == -9 else [f"not killed: {result.returncode}"]
        found = []
        if case.way == "short" and result.returncode != 0:
            found.append(f"a short write ended the run: {result.returncode} {result.stderr[-300:]}")
        if result.returncode not in (0, RESOURCES):
            found.append(f"status {result.returncode}: {result.stderr[-300:]}")
        if case.way != "full" and result.returncode != 0 and DISPENSABLE.search(failed_call):
            found.append(f"{failed_call.strip()} ended the run: {result.stderr[-300:]}")
        if out.exists() and temporaries(out) and case.call.name != "unlinkat":
            found.append(f"temporaries left: {temporaries(out)}")
        return found

    def file_problems(self, out, seen):
        found = []
        newest = max(checkpoints(out), default=-1)
        if newest < seen:
            found.append(f"announced {seen}, the newest is {newest}")
        for path in [*checkpoints(out).values(), out / "model.safetensors"]:
            if path.exists() and run([self.program, "inspect", path]).returncode != 0:
                found.append(f"{path.name} is damaged")
        for path in out.glob("*.json"):
            json.loads(path.read_text())
        for path in out.glob("*.png"):
            if not path.read_bytes().endswith(b"IEND\xaeB`\x82"):
                found.append(f"{path.name} is not whole")
        return found

    def resume_problems(self, out, seen, pictures_were_lost):
        result = self.train(out)
        if seen < 0 and not checkpoints(out) and result.returncode in (3, 4):
            return []
        if result.returncode != 0:
            return [f"the resumed run ended with {result.returncode}: {result.stderr[-300:]}"]
        found = [f"temporaries after resuming: {temporaries(out)}"] if temporaries(out) else []
        end = ending(out)
        for what in differences(end, self.reference):
            if what.endswith(".png") and what not in end and pictures_were_lost:
                continue
            found.append(f"after resuming, {what} is another or missing")
        return found

    def guarded(self, case):
        try:
            return case, self.problems(case)
        except (OSError, ValueError, KeyError) as error:
            return case, [f"{type(error).__name__}: {error}"]


def order_problems(calls, root):
    """What becomes durable too late, or never."""
    def synced_after(index, folder, before):
        """Is the folder synced after the call, and before the next one that `before` matches?"""
        for call in calls[index + 1:]:
            if call.name == "fsync" and call.path == str(folder):
                return True
            if before(call):
                return False
        return False

    for index, call in enumerate(calls):
        path = pathlib.Path(root, call.path)
        if call.name == "renameat" and path.suffix == ".safetensors":
            mark = f"{path.parent}/.{path.name}.tmp."
            steps = [c.name for c in calls[:index] if c.path.startswith(mark)]
            last = steps[len(steps) - steps[::-1].index("openat") - 1:]
            if last != ["openat", "fallocate", "write", "fsync", "close"]:
                yield f"{path.name} was made by {last}"
            if not synced_after(index, path.parent, lambda c: c.name in ("renameat", "unlinkat")
                                and c.path.endswith(".safetensors")):
                yield f"{path.name} is not durable when the next file is written or removed"
        opened = (call.name == "openat" and ".tmp." not in call.path
                  and not call.path.endswith("/.lock"))
        was_there = index > 0 and calls[index - 1] == Call("openat", call.path, -1)
        made = call.name == "mkdirat" or opened and not was_there
        if made and call.result >= 0:
            if not synced_after(index, path.parent, lambda c: c.name in ("mkdirat", "openat")):
                yield f"{path.name} is new and not durable"


def cases_of(calls, every):
    for number, call in enumerate(calls, 1):
        if number % every != 0:
            continue
        ways = dict(WAYS, **WAYS_OF_WRITES) if call.name in CUT_SHORT else WAYS
        for way, how in ways.items():
            yield Case(number, call, way, how)


def search(matrix, every):
    """Returns the numbers of cases and of failures."""
    calls = matrix.count()
    counts = collections.Counter(call.name for call in calls)
    print(f"{matrix.name}: {len(calls)} calls: {dict(sorted(counts.items()))}")
    cases, failures = 1, 0
    for problem in order_problems(calls, matrix.folder):
        print(f"{matrix.name}: {problem}")
        failures = 1
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for case, problems in pool.map(matrix.guarded, cases_of(calls, every)):
            cases += 1
            failures += bool(problems)
            for problem in problems:
                print(f"{matrix.name}: call {case.number} ({case.call.name}) {case.way}: {problem}")
    print(f"{matrix.name}: {cases} cases, {failures} failures", flush=True)
    return cases, failures


def half_done(new, number):
    """A run that was killed in the middle, to be resumed."""
    out = new.folder / "half-done"
    killed = new.train(out, FAILING_CALLS_AT=str(number), FAILING_CALLS_HOW="kill")
    resumed = Matrix(new.program, new.library, new.folder, "resumed run")
    resumed.start, resumed.reference = out, new.reference
    resumed.announced_before = announced(killed.stderr)
    return resumed


def main():
    parser = argparse.ArgumentParser(description="The crash matrix of a whole run.")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    with memory_folder("crash-matrix-") as name:
        folder = pathlib.Path(name)
        write_images(folder / "images.idx", 24, 4, seed=5)
        new = Matrix(arguments.program, arguments.library, folder, "new run")
        new_totals = search(new, arguments.every)
        resumed = half_done(new, len(new.count()) // 2)
        totals = [sum(pair) for pair in zip(new_totals, search(resumed, arguments.every))]
    print(f"crash matrix of whole runs: {totals[0]} cases, {totals[1]} failures")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
