#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many kinds of files, each through every verb.

    corpus.py --bin FOLDER

Makes files from seeds: types, dialects, layouts, ranges. Runs inspect, two epochs of train, eval,
sample and encode over each and checks rows, columns, choices and finite numbers; files that hold the
same numbers in different forms must give the same weights. The files are written by the few lines
below, never by the program under test.
"""
import argparse
import gzip
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ROWS = 120
CODES = {"u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q", "i8": "q",
         "f4": "f", "f8": "d"}


def npy(rows, kind, shape=None, order="<", fortran=False):
    """Rows of numbers as an NPY file of (N, D), or of `shape` in row-major order."""
    flat = [v for row in rows for v in row]
    shape = shape or (len(rows), len(rows[0]))
    if fortran:
        flat = [rows[r][c] for c in range(len(rows[0])) for r in range(len(rows))]
    if kind[0] != "f":
        flat = [int(v) for v in flat]
    text = f"{{'descr': '{'|' if kind[1] == '1' else order}{kind}', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
    return head + struct.pack(f"{order}{len(flat)}{CODES[kind]}", *flat)


def idx(rows, shape, code=8, kind="B"):
    flat = [int(v) for row in rows for v in row]
    head = struct.pack(">BBBB", 0, 0, code, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
    return head + struct.pack(f">{len(flat)}{kind}", *flat)


def csv(rows, names=None, delimiter=",", end="\n"):
    names = names or [f"c{i + 1}" for i in range(len(rows[0]))]
    text = lambda v: repr(int(v)) if float(v).is_integer() and abs(v) < 2**53 else repr(v)
    lines = [delimiter.join(names)] + [delimiter.join(text(v) for v in row) for row in rows]
    return (end.join(lines) + end).encode()


def f32(v):
    return struct.unpack("f", struct.pack("f", v))[0]


def whole_rows(seed=1):
    r = random.Random(seed)
    rows = []
    for _ in range(ROWS):
        a = r.gauss(0, 1)
        rows.append([min(10, max(1, round(5 + 2 * a + r.gauss(0, 1)))), r.randint(0, 1),
                     min(100, max(0, round(50 + 20 * a + 5 * r.gauss(0, 1)))), r.randint(0, 3)])
    return rows


def real_rows(seed=2):
    r = random.Random(seed)
    rows = []
    for _ in range(ROWS):
        a, b = r.gauss(0, 1), r.gauss(0, 1)
        rows.append([f32(3 * a), f32(a - b + 7), f32(0.01 * b), f32(math.exp(a))])
    return rows


def pictures(low, high, seed=3, side=6):
    r = random.Random(seed)
    rows = []
    for _ in range(ROWS):
        bright = r.randrange(side)
        rows.append([high if i // side == bright else r.randint(low, (low + high) // 2)
                     for i in range(side * side)])
    return rows


class Corpus:
    """Runs the program and collects what is wrong."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.faults, self.files = [], 0

    def fault(self, name, text):
        self.faults.append(f"{name}: {text}")

    def run(self, name, *words):
        done = subprocess.run([self.binary, *words, "--json", "-q"], cwd=self.folder, text=True,
                              capture_output=True, timeout=300)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            result = {}
        if done.returncode != 0:
            self.fault(name, f"{words[0]}: status {done.returncode}: {result.get('message', done.stderr[-300:])}")
        return result

    def add(self, name, content, shape, options=(), expect=None, rows=ROWS):
        """One file through every verb. Returns the digest of its weights."""
        self.files += 1
        (self.folder / name).write_bytes(content)
        model = f"m{self.files}"
        data = self.run(name, "inspect", name, *options).get("items", [{}])[0].get("data", {})
        if (data.get("n"), data.get("shape")) != (rows, list(shape)):
            self.fault(name, f"inspect says {data.get('n')} x {data.get('shape')}, it holds {rows} x {list(shape)}")
        trained = self.run(name, "train", name, *options, "--epochs", "2", "-o", model)
        chosen = {c["key"]: c["value"] for c in trained.get("choices", [])}
        for key, value in (expect or {}).items():
            if chosen.get(key) != value:
                self.fault(name, f"{key} is {chosen.get(key)}, expected {value}")
        self.check_elbo(name, "train", (trained.get("val") or {}).get("elbo"))
        evaluated = self.run(name, "eval", model, name, *options)
        self.check_elbo(name, "eval", evaluated.get("elbo"))
        if evaluated.get("data", {}).get("n") != rows:
            self.fault(name, f"eval read {evaluated.get('data', {}).get('n')} rows")
        for verb, words in (("sample", ["sample", model, "-n", "7"]), ("encode", ["encode", model, name, *options])):
            out = f"{model}-{verb}.csv"
            self.run(name, *words, "-o", out)
            path = self.folder / out
            lines = path.read_text().count("\n") - 1 if path.exists() else -1
            if lines != (7 if verb == "sample" else rows):
                self.fault(name, f"{verb} wrote {lines} rows")
        return trained.get("weights_sha256")

    def check_elbo(self, name, verb, elbo):
        if not isinstance(elbo, float) or not math.isfinite(elbo):
            self.fault(name, f"{verb}: elbo is {elbo}")

    def alike(self, what, files, shape, expect):
        """The same numbers in several forms: the same weights."""
        digests = {name: self.add(name, content, shape, options, expect) for name, content, options in files}
        if len(set(digests.values())) != 1:
            self.fault(what, f"different weights: {digests}")
        print(f"{what}: {len(digests)} forms, {len(set(digests.values()))} model(s)")


def add_forms(corpus):
    rows = whole_rows()
    forms = [(f"whole-{k}.npy", npy(rows, k), ()) for k in CODES]
    forms += [("whole-big.npy", npy(rows, "i4", order=">"), ()),
              ("whole-fortran.npy", npy(rows, "f8", fortran=True), ()),
              ("whole.csv", csv(rows), ()), ("whole.tsv", csv(rows, delimiter="\t"), ()),
              ("whole-semicolon.csv", csv(rows, delimiter=";", end="\r\n"), ()),
              ("whole.csv.gz", gzip.compress(csv(rows), mtime=0), ()),
              ("whole.idx", idx(rows, (ROWS, 4)), ())]
    corpus.alike("whole numbers", forms, (4,), {"data.scale": "standardize", "model.sigma": "per_dimension"})
    rows = real_rows()
    corpus.alike("reals", [("real-f4.npy", npy(rows, "f4"), ()), ("real-f8.npy", npy(rows, "f8"), ()),
                           ("real-big.npy", npy(rows, "f4", order=">"), ()),
                           ("real-fortran.npy", npy(rows, "f4", fortran=True), ()), ("real.csv", csv(rows), ())],
                 (4,), {"data.scale": "standardize"})
    grey, shape = pictures(0, 255), (ROWS, 6, 6)
    forms = [(f"grey-{k}.npy", npy(grey, k, shape), ()) for k in ("u1", "u2", "i4", "i8", "f4", "f8")]
    forms += [("grey.idx", idx(grey, shape), ()), ("grey.idx.gz", gzip.compress(idx(grey, shape), mtime=0), ()),
              ("grey-nchw.npy", npy(grey, "u1", (ROWS, 1, 6, 6)), ()),
              ("grey-nhwc.npy", npy(grey, "f4", (ROWS, 6, 6, 1)), ()),
              ("grey-rows.npy", npy(grey, "u1"), ("--as", "images")),
              ("grey-rows.csv", csv(grey), ("--shape", "6x6"))]
    corpus.alike("grey images", forms, (6, 6), {"data.scale": "unit", "model.likelihood": "bernoulli"})
    masks = [[255 if v > 90 else 0 for v in row] for row in grey]
    ones = [[v // 255 for v in row] for row in masks]
    bernoulli = {"model.likelihood": "bernoulli"}
    corpus.alike("masks", [("mask255.npy", npy(masks, "u1", shape), ()), ("mask1.npy", npy(ones, "f4", shape), ())],
                 (6, 6), bernoulli)


def add_ranges(corpus):
    r = random.Random(7)
    rows = real_rows(5)
    scaled = lambda f: [[f(c, v) for c, v in enumerate(row)] for row in rows]
    corpus.add("unit-range.csv", csv(scaled(lambda c, v: 1 / (1 + math.exp(-v)))), (4,), (), {"data.scale": "standardize"})
    corpus.add("timestamps.csv", csv([[1.7e9 + 60 * i] + row for i, row in enumerate(rows)]), (5,))
    corpus.add("offset.npy", npy(scaled(lambda c, v: 1e6 + 0.01 * v), "f8"), (4,))
    corpus.add("tiny.csv", csv(scaled(lambda c, v: v * 1e-41)), (4,))
    corpus.add("big.csv", csv(scaled(lambda c, v: v * 1e38)), (4,))
    corpus.add("heavy.csv", csv(scaled(lambda c, v: v ** 9)), (4,))
    corpus.add("mixed-scales.csv", csv(scaled(lambda c, v: v * 10.0 ** (4 * c - 8))), (4,))
    corpus.add("constant.csv", csv([row + [7] for row in rows]), (5,))
    corpus.add("rare.csv", csv([row + [1 if i == 17 else 0] for i, row in enumerate(rows)]), (5,))
    corpus.add("counts.csv", csv([[int(r.expovariate(0.2)), int(r.expovariate(0.01)), r.randint(0, 1)] for _ in rows]), (3,))
    corpus.add("binary.csv", csv([[r.randint(0, 1) for _ in range(6)] for _ in rows]), (6,), (),
               {"model.likelihood": "bernoulli", "data.scale": "none"})
    corpus.add("one-two.csv", csv([[r.randint(1, 2) for _ in range(6)] for _ in rows]), (6,), (),
               {"model.likelihood": "bernoulli", "data.scale": "unit"})
    corpus.add("one-column.csv", csv([[row[0]] for row in rows]), (1,))
    corpus.add("wide.npy", npy([[r.gauss(0, 1 + c % 7) for c in range(1100)] for _ in rows], "f4"), (1100,), (),
               {"data.scale": "standardize"})
    corpus.add("levels16.npy", npy(pictures(0, 16), "u1", (ROWS, 6, 6)), (6, 6), (), {"model.likelihood": "bernoulli"})
    corpus.add("camera.npy", npy(pictures(500, 3600), "u2", (ROWS, 6, 6)), (6, 6), (), {"model.likelihood": "bernoulli"})
    corpus.add("signed.npy", npy([[v / 128 - 1 for v in row] for row in pictures(0, 255)], "f4", (ROWS, 6, 6)), (6, 6), (),
               {"model.likelihood": "gaussian"})
    corpus.add("unit.npy", npy([[v / 256 for v in row] for row in pictures(1, 255)], "f4", (ROWS, 6, 6)), (6, 6), (),
               {"model.likelihood": "continuous_bernoulli"})
    corpus.add("colour.npy", npy(pictures(0, 255), "u1", (ROWS, 4, 3, 3)), (4, 3, 3), (), {"model.likelihood": "gaussian"})
    corpus.add("stack.npy", npy(pictures(0, 255), "u1", (ROWS, 2, 3, 3, 2)), (2, 3, 3, 2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    binary = str(pathlib.Path(parser.parse_args().bin).resolve() / "isthmus")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(binary, pathlib.Path(folder))
        add_forms(corpus)
        add_ranges(corpus)
        print(f"corpus: {corpus.files} files, {len(corpus.faults)} faults")
        for fault in corpus.faults:
            print("  " + fault)
    return 1 if corpus.faults else 0


if __name__ == "__main__":
    sys.exit(main())
