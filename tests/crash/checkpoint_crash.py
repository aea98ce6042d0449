# SPDX-License-Identifier: Apache-2.0
"""Kills checkpoint_loop at every writing system call, and fails every one with ENOSPC and EIO.

After each case: no checkpoint is damaged, none that was announced is lost, a second run continues
from what is left and ends with the same bytes as an undisturbed one. Prints cases and failures.
Exit status 77: strace is absent or not permitted here.
"""
import collections
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LAST_STEP = 5
KEEP = 2
EXIT_RESOURCES = 5
CALLS = ("write", "fallocate", "fsync", "renameat", "unlinkat", "mkdirat", "close", "openat")
# The loader opens and closes files, too, and without mkdirat there is nothing to look at.
ONLY_KILLED = ("mkdirat", "close", "openat")


def strace(options, arguments):
    command = ["strace", "-f", "-qq", "-o", options.pop("log", "/dev/null")]
    for key, value in options.items():
        command += ["-e", f"{key}={value}"]
    return subprocess.run(command + arguments, capture_output=True, text=True)


def count_calls(program, folder):
    """How often each call occurs in an undisturbed run."""
    log = folder / "strace.log"
    result = strace({"trace": ",".join(CALLS), "log": str(log)},
                    [program, "run", str(folder / "reference"), str(LAST_STEP)])
    if result.returncode != 0:
        print("skipped: strace cannot trace here:", result.stderr.strip()[:200])
        sys.exit(77)
    names = re.findall(r"^\d+\s+(\w+)\(", log.read_text(), re.MULTILINE)
    return collections.Counter(names)


def digest(run):
    """Of the newest generations; a death before the last removal may leave one more."""
    whole = hashlib.sha256()
    for path in sorted((run / "checkpoints").iterdir())[-KEEP:]:
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def temporaries(run):
    folder = run / "checkpoints"
    return [p.name for p in folder.iterdir() if ".tmp." in p.name] if folder.exists() else []


def look(program, run, announced):
    """Problems of the files that are left."""
    result = subprocess.run([program, "verify", str(run)], capture_output=True, text=True)
    found = re.fullmatch(r"newest (\d+) valid (\d+) damaged (\d+)\n", result.stdout)
    if result.returncode != 0 or not found:
        return [f"verify failed: {result.stdout} {result.stderr}"]
    newest, valid, damaged = map(int, found.groups())
    problems = []
    if damaged:
        problems.append(f"{damaged} damaged checkpoints")
    if newest < announced:
        problems.append(f"announced {announced}, but the newest is {newest}")
    if valid < min(announced, KEEP):
        problems.append(f"only {valid} generations after {announced} announcements")
    return problems


def one_case(program, run, call, action, nth):
    result = strace({"trace": call, "inject": f"{call}:{action}:when={nth}"},
                    [program, "run", str(run), str(LAST_STEP)])
    steps = [int(step) for step in re.findall(r"^announced (\d+)$", result.stdout, re.MULTILINE)]
    problems = look(program, run, max(steps, default=0))
    if action.startswith("error"):
        if result.returncode != EXIT_RESOURCES:
            problems.append(f"exit {result.returncode} instead of {EXIT_RESOURCES}")
        if temporaries(run):
            problems.append(f"temporaries left: {temporaries(run)}")
    again = subprocess.run([program, "run", str(run), str(LAST_STEP)], capture_output=True)
    if again.returncode != 0:
        problems.append(f"the second run ended with {again.returncode}")
    if temporaries(run):
        problems.append(f"temporaries after the second run: {temporaries(run)}")
    return problems


def main(program):
    if shutil.which("strace") is None:
        print("skipped: strace is not installed")
        sys.exit(77)
    cases = failures = 0
    with tempfile.TemporaryDirectory(prefix="checkpoint-crash-") as name:
        folder = pathlib.Path(name)
        counts = count_calls(program, folder)
        reference = digest(folder / "reference")
        for call, count in sorted(counts.items()):
            actions = ["signal=KILL"]
            if call not in ONLY_KILLED:
                actions += ["error=ENOSPC", "error=EIO"]
            for action in actions:
                for nth in range(1, count + 1):
                    run = folder / "run"
                    problems = one_case(program, run, call, action, nth)
                    if digest(run) != reference:
                        problems.append("the second run did not end with the same bytes")
                    for problem in problems:
                        print(f"{call} {nth} {action}: {problem}")
                    cases += 1
                    failures += bool(problems)
                    shutil.rmtree(run)
        print("calls of one run:", dict(sorted(counts.items())))
    print(f"crash matrix: {cases} cases, {failures} failures")
    sys.exit(1 if failures else 0)


main(sys.argv[1])
