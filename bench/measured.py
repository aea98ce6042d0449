# SPDX-License-Identifier: Apache-2.0
"""Runs whole processes and says what they took; names the machine. Judges nothing.

As a program it runs the command that it is given and prints the Run as JSON: so that a command put
before it, such as one that waits for a quiet machine, is not measured with it.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass


@dataclass
class Run:
    """A finished process: what the operating system counted for it and its children."""
    stdout: str
    stderr: str
    status: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    foreign_share: float  # of the machine's CPU time meanwhile, used by others


def machine_busy_seconds():
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def run(command):
    """Runs a command to its end; its output is kept, its exit status is not judged."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        busy, begin = machine_busy_seconds(), time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        own = usage.ru_utime + usage.ru_stime
        foreign = max(0.0, machine_busy_seconds() - busy - own)
        out.seek(0)
        err.seek(0)
        return Run(out.read(), err.read(), process.returncode, seconds, own,
                   usage.ru_maxrss / 1024, foreign / (seconds * (os.cpu_count() or 1)))


def run_behind(prefix, command):
    """The same, run by the words of `prefix`, which are not measured."""
    if not prefix:
        return run(command)
    done = subprocess.run([*shlex.split(prefix), sys.executable, os.path.abspath(__file__), *command],
                          stdout=subprocess.PIPE, check=True)
    return Run(**json.loads(done.stdout))


def run_well(prefix, command):
    """The same, but a failure ends the program with what the command said."""
    done = run_behind(prefix, command)
    if done.status != 0:
        raise SystemExit(f"{shlex.join(command)} failed with {done.status}:\n{done.stderr}")
    return done


def machine():
    """The machine in one line: model and number of CPUs, system, day."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    cpus = len(os.sched_getaffinity(0))
    return f"{model}, {cpus} CPUs, Linux {os.uname().release}, {time.strftime('%Y-%m-%d')}"


if __name__ == "__main__":
    print(json.dumps(asdict(run(sys.argv[1:]))))
