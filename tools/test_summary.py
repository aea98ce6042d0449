#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up ctest's JUnit files.

    test_summary.py [NAME=]FILE... [--skipped REASON]...

Prints every skip with its reason, every failure by name, and as the last line
`N passed, N failed, N skipped`. Exits with 1 when a test failed or none ran.
"""
import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree


def reason_of(case):
    """Why a test skipped itself: the text that it printed, else what ctest says."""
    text = case.findtext("system-out") or ""
    # GoogleTest: "file:line: Skipped", then the message, then an empty or bracketed line.
    found = re.search(r"^[^\n]*: Skipped\n(.*?)(?:\n\s*\n|\n\[|\Z)", text, re.DOTALL | re.MULTILINE)
    if found and found.group(1).strip():
        return " ".join(found.group(1).split())
    found = re.search(r"^skipped: (.*)$", text, re.MULTILINE | re.IGNORECASE)
    if found:
        return found.group(1).strip()
    return case.find("skipped").get("message") or "no reason given"


def is_skip(case):
    """ctest also calls a test that it could not start "notrun": that one counts as failed."""
    skipped = case.find("skipped")
    return skipped is not None and "SKIP" in (skipped.get("message") or "")


def read(argument):
    """Returns the lists (passed, failed, skipped) of one file; skipped holds (name, reason)."""
    prefix, _, path = argument.rpartition("=")
    passed, failed, skipped = [], [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{prefix}: {case.get('name')}" if prefix else case.get("name")
        status = case.get("status")
        if is_skip(case):
            skipped.append((name, reason_of(case)))
        elif status == "run":
            passed.append(name)
        elif status != "disabled":
            failed.append(name)
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE")
    parser.add_argument("--skipped", action="append", default=[], metavar="REASON")
    arguments = parser.parse_args()
    passed, failed = [], []
    skipped = [("run", reason) for reason in arguments.skipped]
    for file in arguments.files:
        try:
            results = read(file)
        except (OSError, ElementTree.ParseError) as error:
            results = [], [f"{file}: no results ({error})"], []
        for sums, part in zip((passed, failed, skipped), results):
            sums.extend(part)
    print()
    for name, reason in skipped:
        print(f"skipped  {name}: {reason}")
    for name in failed:
        print(f"failed   {name}")
    line = f"{len(passed)} passed, {len(failed)} failed"
    print(line + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
