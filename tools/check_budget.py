#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps files and functions small.

    check_budget.py [ROOT]

A source file should stay below 400 lines and a function below 40 (named, no failure); 800 and 80
are hard limits. tools/budget_allowed.txt lists exceptions, `path lines` or `path:function lines`;
it may only shrink: an entry that is larger than what it excuses is a failure too.
"""
import pathlib
import re
import sys

FOLDERS = ["isthmus", "tests", "examples", "bench"]
FILE_SOFT, FILE_HARD = 400, 800
FUNCTION_SOFT, FUNCTION_HARD = 40, 80
# Braces that open a scope which can hold functions.
SCOPE = re.compile(r"\b(namespace|struct|class|union|enum|extern)\b(?![^{]*\)\s*$)")
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                   re.DOTALL)


def blank(match):
    """Comments and literals vanish, line breaks stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def name_of(header):
    test = re.search(r"\bTEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)", header)
    if test:
        return f"{test.group(1)}.{test.group(2)}"
    call = re.search(r"([\w:~]+|operator\s*\S+)\s*\(", header)
    return call.group(1) if call else "?"


def functions_of(text):
    """Yields (name, first line, number of lines) of every function body in a file."""
    # Digit separators look like character literals; preprocessor lines hold no functions.
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "_", text)
    text = NOISE.sub(blank, text)
    text = re.sub(r"^\s*#(?:[^\n\\]|\\.|\\\n)*", blank, text, flags=re.MULTILINE)
    depth, start, body_depth, head = 0, 0, None, ""
    for found in re.finditer(r"[{};]", text):
        mark, at = found.group(0), found.start()
        if mark == "{":
            if body_depth is None:
                head = text[start:at]
                if not SCOPE.search(head):
                    body_depth = depth
                    first = text.count("\n", 0, start + len(head) - len(head.lstrip())) + 1
            depth += 1
        elif mark == "}":
            depth -= 1
            if body_depth == depth:
                body_depth = None
                if "(" in head:
                    last = text.count("\n", 0, at) + 1
                    yield name_of(head), first, last - first + 1
        if body_depth is None:
            start = at + 1


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    allowed = {}
    for line in (root / "tools/budget_allowed.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, lines = line.rsplit(None, 1)
            allowed[key] = int(lines)
    faults, long_files, long_functions, files = [], 0, 0, 0

    def judge(key, where, lines, hard):
        limit = allowed.pop(key, None)
        if lines > max(hard, limit or 0):
            faults.append(f"{where}: {lines} lines, the limit is {hard}")
        elif limit is not None and lines < limit:
            now = "remove it" if lines <= hard else f"lower it to {lines}"
            faults.append(f"tools/budget_allowed.txt: {key} has shrunk: {now}")

    for path in sorted(p for folder in FOLDERS for p in (root / folder).rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        files += 1
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        length = text.count("\n")
        judge(name, name, length, FILE_HARD)
        if length > FILE_SOFT:
            long_files += 1
            print(f"note: {name}: {length} lines, {FILE_SOFT} would be better")
        for function, line, lines in functions_of(text):
            judge(f"{name}:{function}", f"{name}:{line}: {function}", lines, FUNCTION_HARD)
            long_functions += lines > FUNCTION_SOFT
    faults += [f"tools/budget_allowed.txt: {key} no longer exists: remove it" for key in allowed]
    for fault in faults:
        print(fault)
    print(f"budget: {files} files, {long_files} above {FILE_SOFT} lines, {long_functions} functions "
          f"above {FUNCTION_SOFT} lines, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
