# SPDX-License-Identifier: Apache-2.0
"""Stops training by signals, at random moments, and goes on.

    signal_stops.py ISTHMUS FAILING_CALLS_LIBRARY [--stops N]

- SIGINT, SIGTERM, SIGHUP: the step is finished and saved, status 130 or 143 within two seconds; the
  resumed run ends as the undisturbed one
- SIGUSR1: a checkpoint, and training goes on
- a second SIGINT while the disk hangs: the process ends at once, the files are valid, the run can be
  resumed

Prints the number of stops and the time from signal to exit.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from run_files import (checkpoints, differences, ending, memory_folder, run, temporaries,
                       write_images)

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
LONGEST_STOP = 2.0  # seconds
SAME_REQUEST = 0.2  # seconds: signals closer than this are one request
SEED = 20260102


class Stops:
    def __init__(self, program, library, folder):
        self.program, self.library, self.folder = program, library, folder
        self.rng = random.Random(SEED)
        self.problems, self.seconds = [], []

    def command(self, out, val="0.1"):
        new = [self.folder / "images.idx", "-o", out, "--hidden", "64", "--latent", "8", "--batch",
               "64", "--epochs", "150", "--samples-every", "none", "--no-report", "--val", val]
        what = ["--resume", out] if checkpoints(out) else new
        return [str(w) for w in
                [self.program, "train", *what, "--threads", "2", "--progress", "jsonl"]]

    def start(self, out, val="0.1", **orders):
        """A process that has begun to train."""
        env = dict(os.environ, **orders)
        if orders:
            env["LD_PRELOAD"] = str(self.library)
        process = subprocess.Popen(self.command(out, val), stdout=subprocess.DEVNULL, text=True,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=env)
        for line in process.stderr:
            if '"kind":"step"' in line or '"kind":"epoch"' in line:
                break
        return process

    def fault(self, text):
        self.problems.append(text)
        print(text)

    def stop(self, out, number):
        """One stop; False when training was over before the signal came."""
        process = self.start(out)
        time.sleep(self.rng.random() * 0.08)
        begin = time.monotonic()
        process.send_signal(number)
        stderr = process.communicate()[1]
        seconds = time.monotonic() - begin
        if process.returncode == 0:
            return False
        self.seconds.append(seconds)
        if process.returncode != STATUS[number]:
            self.fault(f"{number.name}: status {process.returncode}: {stderr[-300:]}")
        if seconds > LONGEST_STOP:
            self.fault(f"{number.name}: {seconds:.1f} s from the signal to the exit")
        said = re.search(r"done \(step ([\d,]+),", stderr)
        newest = max(checkpoints(out), default=-1)
        if not said or int(said.group(1).replace(",", "")) != newest:
            self.fault(f"{number.name}: the newest checkpoint is {newest}: {stderr[-300:]}")
        if temporaries(out):
            self.fault(f"{number.name}: temporaries left: {temporaries(out)}")
        return True

    def expect_same_ending(self, out, reference, what):
        result = run(self.command(out))
        if result.returncode != 0:
            self.fault(f"{what}: the resumed run ended with {result.returncode}: {result.stderr}")
        else:
            for part in differences(ending(out), reference):
                self.fault(f"{what}: after resuming, {part} is another or missing")
        shutil.rmtree(out)

    def stop_often(self, number, stops, reference):
        out, done = self.folder / number.name, 0
        while done < stops:
            if self.stop(out, number):
                done += 1
            else:
                self.expect_same_ending(out, reference, number.name)
        self.expect_same_ending(out, reference, number.name)

    def save_on_request(self):
        out = self.folder / "usr1"
        process = self.start(out, val="0")
        process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + 30
        while max(checkpoints(out)) == 0 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        if max(checkpoints(out)) == 0 or process.poll() is not None:
            self.fault(f"SIGUSR1: newest checkpoint {max(checkpoints(out))}, {process.poll()}")
        process.send_signal(signal.SIGINT)
        process.communicate()
        shutil.rmtree(out)

    def stop_twice(self, reference):
        """The last checkpoint hangs in its fsync; the second signal does not wait for it."""
        log, out = self.folder / "calls", self.folder / "twice"
        process = self.start(out, val="0", FAILING_CALLS_LOG=str(log))
        process.kill()
        process.communicate()
        shutil.rmtree(out)
        if not log.exists():
            print("skipped: the library cannot be preloaded")
            sys.exit(77)
        lines = log.read_text().splitlines()
        first = next(i for i, line in enumerate(lines, 1)
                     if re.match(r"fsync .*/checkpoints 0", line))
        process = self.start(out, FAILING_CALLS_AT=str(first + 1), FAILING_CALLS_HOW="slow")
        process.send_signal(signal.SIGINT)
        time.sleep(2 * SAME_REQUEST)
        if process.poll() is not None:
            self.fault("the disk did not hang")
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        stderr = process.communicate()[1]
        if process.returncode != 130 or time.monotonic() - begin > 1:
            self.fault(f"second SIGINT: status {process.returncode}: {stderr[-300:]}")
        for path in checkpoints(out).values():
            if run([self.program, "inspect", path]).returncode != 0:
                self.fault(f"second SIGINT: {path.name} is damaged")
        self.expect_same_ending(out, reference, "second SIGINT")


def main():
    parser = argparse.ArgumentParser(description="Stops by signals.")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--stops", type=int, default=20)
    arguments = parser.parse_args()
    with memory_folder("signal-stops-") as name:
        folder = pathlib.Path(name)
        write_images(folder / "images.idx", 700, 14, seed=7)
        stops = Stops(arguments.program, arguments.library, folder)
        whole = run(stops.command(folder / "whole"))
        if whole.returncode != 0:
            sys.exit(f"the undisturbed run failed: {whole.stderr}")
        reference = ending(folder / "whole")
        for number in STATUS:
            stops.stop_often(number, arguments.stops, reference)
        stops.save_on_request()
        stops.stop_twice(reference)
    ordered = sorted(stops.seconds)
    print(f"signals: {len(ordered)} stops, {len(stops.problems)} failures; from signal to exit: "
          f"median {ordered[len(ordered) // 2] * 1e3:.0f} ms, longest {ordered[-1] * 1e3:.0f} ms")
    return 1 if stops.problems else 0


if __name__ == "__main__":
    sys.exit(main())
