#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables in many dialects against the numbers that they were written from.

    csv_agreement.py ISTHMUS

Every table is written from seeded numbers by Python's csv module or as numpy.savetxt, pandas and R
write it; `isthmus inspect` must give its rows, names and values, and say what it left out.
"""
import csv
import io
import itertools
import json
import pathlib
import random
import subprocess
import sys
import tempfile

NUM_ROWS = 7
NAMES = ["width", "the height", "n,m"]


def numbers(rng):
    kinds = (lambda: rng.gauss(0, 1), lambda: float(rng.randrange(-50, 50)), lambda: rng.uniform(-1e6, 1e6))
    return [[round(kinds[c % 3](), 4) for c in range(len(NAMES))] for _ in range(NUM_ROWS)]


def cell(value, decimal):
    return repr(value).replace(".", decimal)


def by_csv_module(rows, delimiter, header, index, quoting, end, decimal):
    """pandas.to_csv and R's write.csv are these, with their choices."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if header:
        writer.writerow(([""] if index is not None else []) + NAMES)
    for i, row in enumerate(rows):
        front = [str(i + index)] if index is not None else []
        writer.writerow(front + [cell(v, decimal) for v in row])
    return out.getvalue()


def tables(rng):
    """Name, text, values, names."""
    numbered = [f"c{i + 1}" for i in range(len(NAMES))]
    for delimiter, header, index, quoting, end in itertools.product(
            ",;\t|", (True, False), (None, 0, 1), (csv.QUOTE_MINIMAL, csv.QUOTE_ALL), ("\n", "\r\n")):
        if index is not None and not header:
            continue
        for decimal in "." if delimiter == "," else ".,":
            rows = numbers(rng)
            rows[0][0] = 0.5  # a decimal that is no group of three digits
            name = f"delimiter {delimiter!r} header {header} index {index} quoting {quoting} end {end!r} {decimal}"
            text = by_csv_module(rows, delimiter, header, index, quoting, end, decimal)
            yield name, text, rows, NAMES if header else numbered
    for header, front in itertools.product(("", "# a b c\n", "# made by hand\n# a b c\n"), ("", "  ")):
        rows = numbers(rng)
        lines = [front + "  ".join(f"{v:.18e}" for v in row) for row in rows]
        yield f"savetxt {header!r} {front!r}", header + "\n".join(lines) + "\n", rows, ["a", "b", "c"] if header else numbered
    rows = numbers(rng)
    lines = [f'"{i + 1}" ' + " ".join(repr(v) for v in row) for i, row in enumerate(rows)]
    yield "write.table", '"a" "b" "c"\n' + "\n".join(lines) + "\n", rows, ["a", "b", "c"]
    yield "trailing commas", "a,b,c,\n" + "".join(",".join(map(repr, r)) + ",\n" for r in rows), rows, ["a", "b", "c"]
    yield "years", "2019,2020,2021\n" + "".join(",".join(map(repr, r)) + "\n" for r in rows), rows, ["2019", "2020", "2021"]


def close(a, b):
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))


def fault(result, rows, names):
    if result.get("schema") == "isthmus.error/1":
        return result["message"]
    item = result["items"][0] if "items" in result else result
    if item["data"]["n"] != len(rows):
        return f"{item['data']['n']} rows instead of {len(rows)}"
    found = [column["name"] for column in item["columns"]]
    if found != names:
        return f"names {found} instead of {names}"
    for i, (got, expected) in enumerate(zip(item["head"], rows)):
        if not all(close(a, b) for a, b in zip(got, expected)):
            return f"row {i} is {got} instead of {expected}"
    return None


def main():
    isthmus = sys.argv[1]
    count = faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text, rows, names in tables(random.Random(1)):
            path = pathlib.Path(folder) / "t.csv"
            path.write_bytes(text.encode())
            done = subprocess.run([isthmus, "inspect", str(path), "--json", "--rows", str(NUM_ROWS)],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            reason = fault(json.loads(done.stdout), rows, names)
            count += 1
            if reason:
                faults += 1
                print(f"{name}: {reason}\n{text[:200]}")
    print(f"{count - faults} of {count} tables agree")
    return 1 if faults or count < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
