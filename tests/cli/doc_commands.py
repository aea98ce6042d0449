#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every command that README.md and docs/ show.

    doc_commands.py --bin FOLDER [PAGE.md...]

Commands are the lines that start with `$ ` in fenced ```console blocks; a `$ ` line in any other
block is a fault, and so is a console block without one, or a block whose language is a shell: no
command can escape. Commands and flags in `isthmus ...` inside a sentence must exist. Commands run in
order in one folder that holds what a reader is told to have: measurements.csv and photos/. A command
fails the test by its exit status; a line `[N]` right below it expects that status.
"""
import argparse
import math
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

from run_transcripts import ROOT, environment

# Not run here: continuous integration runs them by itself, or they change the system.
EXCLUDED = [
    (r"\./run\b", "run by continuous integration itself"),
    (r"(sudo )?apt(-get)? ", "installs packages"),
    (r"git clone ", "needs the network"),
    (r"cd ", "every command runs in the same folder"),
    (r"build/release/", "the build folder's binary is the one on PATH"),
]
SHELLS = {"sh", "bash", "shell", "shell-session", "zsh", "terminal"}
TIMEOUT_SECONDS = 300


def commands_of(page):
    """Yields (line number, command, expected exit status)."""
    fenced = None
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced = None if fenced is not None else line[3:].strip()
        elif fenced == "console" and line.startswith("$ "):
            status = re.fullmatch(r"\[(\d+)\]", lines[number]) if number < len(lines) else None
            yield number, line[2:], int(status.group(1)) if status else 0


def escaped_commands(page):
    """Yields (line number, why) for blocks whose commands would not run here."""
    start = language = None
    shown = 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith(("```", "~~~")):
            if start is None:
                start, language, shown = number, text[3:].strip(), 0
                if language in SHELLS or line != text:
                    yield number, "commands stand in ```console blocks that are not indented"
            else:
                if language == "console" and not shown:
                    yield start, "a console block without a line that starts with $"
                start = None
        elif start is not None and text.startswith("$ "):
            shown += 1
            if language != "console" or not line.startswith("$ "):
                yield number, "a command outside a ```console block"
    if start is not None:
        yield start, "a block that does not end"


def unknown_words(page, env):
    """Yields (line number, word) for commands and flags in `code` that isthmus does not know."""
    helps = {}
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        for command, rest in re.findall(r"`isthmus ([a-z]+)([^`]*)`", line):
            if command not in helps:
                done = subprocess.run(["isthmus", command, "--help"], env=env, check=False,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                helps[command] = None if done.returncode else done.stdout.decode().split()
            if helps[command] is None:
                yield number, f"isthmus {command}"
                continue
            known = {word.rstrip(",") for word in helps[command]} | {"-h", "--help", "--json"}
            for flag in re.findall(r"(?<=\s)--?[a-z][a-z0-9-]*", rest):
                if flag not in known:
                    yield number, f"isthmus {command} {flag}"


def write_png(path, height, width, value):
    """A grey PNG; value(y, x) is in 0 .. 255."""
    rows = b"".join(b"\0" + bytes(value(y, x) for x in range(width)) for y in range(height))
    chunks = [(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks))


def prepare(folder):
    """The reader's own data: a table of three dependent columns, and small round pictures."""
    rows = ["length,width,weight"]
    for i in range(400):
        length = 5 + 2 * math.sin(0.7 * i) + 0.3 * math.sin(12.9 * i)
        width = 0.5 * length + 0.2 * math.sin(78.2 * i)
        rows.append(f"{length:.4f},{width:.4f},{length * width * 0.7:.4f}")
    (folder / "measurements.csv").write_text("\n".join(rows) + "\n", encoding="ascii")
    (folder / "photos").mkdir()
    for i in range(200):
        radius, shift = 3 + i % 7, i % 5 - 2
        write_png(folder / "photos" / f"{i:03}.png", 24, 24, lambda y, x, r=radius, s=shift: max(
            0, min(255, int(128 + 40 * (r - math.hypot(y - 11.5 - s, x - 11.5 + s))))))


def main():
    parser = argparse.ArgumentParser(description="Runs every command that the documents show.")
    parser.add_argument("--bin", required=True, help="folder of the isthmus binary")
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    pages = arguments.pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    ran = faults = 0
    with tempfile.TemporaryDirectory(prefix="isthmus-docs-") as folder:
        prepare(pathlib.Path(folder))
        env = environment(str(pathlib.Path(arguments.bin).resolve()), folder)
        for page in pages:
            for number, why in escaped_commands(page):
                faults += 1
                print(f"FAILED    {page.name}:{number}: {why}")
            for number, word in unknown_words(page, env):
                faults += 1
                print(f"FAILED    {page.name}:{number}: there is no `{word}`")
            for number, command, expected in commands_of(page):
                where = f"{page.name}:{number}: $ {command}"
                reason = next((why for what, why in EXCLUDED if re.match(what, command)), None)
                if reason:
                    print(f"left out  {where}  ({reason})")
                    continue
                done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, check=False,
                                      timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                ran += 1
                good = done.returncode == expected
                faults += not good
                print(f"{'ok        ' if good else 'FAILED    '}{where}", flush=True)
                if not good:
                    print(f"exit status {done.returncode}, expected {expected}")
                    print(done.stdout.decode(errors="backslashreplace"))
    print(f"{ran} commands, {faults} faults")
    return 1 if faults or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
