#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs command-line transcripts.

    run_transcripts.py --bin FOLDER [--update] FILE.t...

A transcript looks like a terminal:

    # label: slow            a first line like this moves the test to another ctest label
    $ isthmus sample m -o x.txt
    error[E2007]: x.txt: ... is not a known extension
      hint: ...
    [2]

`$ ` starts a command, `> ` continues it; sh runs all commands of a file in one fresh folder. The
lines up to the next command are its stdout and stderr. `...` stands for any text in a line, or
alone for any number of lines. `[N]` as the last line is a non-zero exit status. Comments start
with `# ` at the top or after an empty line. Empty lines at the end of the output do not count.
$SOURCE_DIR is the root of the sources, check_json.py is on the PATH. --update rewrites the blocks that do not match.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 300


def environment(bin_folder, home):
    """The environment of a command: nothing of the caller's that isthmus would read."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ISTHMUS_", "LC_", "LANG"))}
    tools = pathlib.Path(__file__).resolve().parent
    env.update(PATH=f"{bin_folder}:{tools}:{env.get('PATH', '/usr/bin:/bin')}", HOME=str(home), LC_ALL="C",
               TERM="dumb", COLUMNS="80", SOURCE_DIR=str(ROOT))
    return env


class Block:
    """A command with what it should print."""

    def __init__(self, line, number):
        self.command, self.number = line, number
        self.expected, self.rest, self.status = [], [], 0

    def close(self):
        while self.expected and not self.expected[-1].strip():
            self.rest.insert(0, self.expected.pop())
        found = re.fullmatch(r"\[(\d+)\]", self.expected[-1]) if self.expected else None
        if found:
            self.status = int(found.group(1))
            self.expected.pop()


def parse(text):
    """Returns the lines before the first command and the blocks."""
    head, blocks, comment = [], [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            blocks.append(Block(line[2:], number))
            comment = False
            continue
        if not blocks:
            head.append(line)
            continue
        block = blocks[-1]
        if line.startswith("> ") and not block.expected and not block.rest:
            block.command += "\n" + line[2:]
            continue
        if line.startswith("# ") and block.expected and not block.expected[-1].strip():
            comment = True
        (block.rest if comment else block.expected).append(line)
    for block in blocks:
        block.close()
    return head, blocks


def line_matches(pattern, line):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), line) is not None


def matches(expected, actual):
    """Whether lines fit a pattern in which the line `...` stands for any number of lines."""
    reachable = {0}  # how many actual lines the patterns so far can have used up
    for pattern in expected:
        if pattern == "...":
            reachable = set(range(min(reachable), len(actual) + 1)) if reachable else set()
        else:
            reachable = {n + 1 for n in reachable
                         if n < len(actual) and line_matches(pattern, actual[n])}
    return len(actual) in reachable


def run(command, folder, env):
    """Returns the printed lines and the exit status."""
    try:
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, timeout=TIMEOUT_SECONDS,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.output or b"").decode(errors="replace").splitlines() + ["(timed out)"], 124
    lines = done.stdout.decode(errors="backslashreplace").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return lines, done.returncode


def render(block, lines, status):
    shown = "$ " + block.command.replace("\n", "\n> ")
    return [shown, *lines, *([f"[{status}]"] if status else []), *block.rest]


def run_file(path, bin_folder, update):
    """Returns the number of commands that did not do as the transcript says."""
    head, blocks = parse(path.read_text(encoding="utf-8"))
    faults, written = 0, list(head)
    with tempfile.TemporaryDirectory(prefix="isthmus-cli-") as folder:
        env = environment(bin_folder, folder)
        for block in blocks:
            lines, status = run(block.command, folder, env)
            if status == block.status and matches(block.expected, lines):
                written += render(block, block.expected, block.status)
                continue
            faults += 1
            written += render(block, lines, status)
            print(f"{path.name}:{block.number}: $ {block.command}")
            before = block.expected + [f"[{block.status}]"]
            sys.stdout.writelines(line + "\n" for line in difflib.unified_diff(
                before, lines + [f"[{status}]"], "expected", "printed", lineterm="", n=99))
    if update and faults:
        path.write_text("\n".join(written) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(blocks)} commands, {faults} faults")
    return faults if blocks else 1


def main():
    parser = argparse.ArgumentParser(description="Runs command-line transcripts.")
    parser.add_argument("--bin", required=True, help="folder of the isthmus binary")
    parser.add_argument("--update", action="store_true", help="rewrite what does not match")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    bin_folder = str(pathlib.Path(arguments.bin).resolve())
    return 1 if sum(run_file(file, bin_folder, arguments.update) for file in arguments.files) else 0


if __name__ == "__main__":
    sys.exit(main())
