#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Default training on many data sets beside two references.

    tables.py [--bin PATH] [--seeds 3] [--only NAME,...] [--extra FILE.npy,...]

For each data set: a fifth of the rows is held out, `isthmus train` runs on the rest with no option
but the seed, and the held-out elbo per item in the units of the data stands beside the log density
of independent Gaussian columns and of probabilistic PCA with as many components as the model has
latents (both fitted to the same training rows, by numpy and scikit-learn). Images of grey levels
have a score instead of a density: beside it stands that of independent pixels. The median over the
seeds is printed. Needs python3-sklearn.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
from sklearn import datasets
from sklearn.decomposition import PCA

ROOT = pathlib.Path(__file__).resolve().parents[1]


def made(seed):
    """Tables of kinds that people have; known by construction."""
    r = np.random.RandomState(seed)
    factor = r.normal(size=(1500, 3))
    linear = factor @ r.normal(size=(3, 8)) + 0.3 * r.normal(size=(1500, 8))
    survey = np.clip(np.round(5.5 + 1.5 * linear), 1, 10)
    yield "survey, whole 1 to 10", survey
    yield "survey with a rare column", np.column_stack([survey, r.uniform(size=1500) < 0.002])
    yield "counts", r.poisson(np.exp(1 + 0.5 * linear[:, :6]))
    yield "mixed ranges, 1e-4 to 1e6", linear * 10.0 ** np.linspace(-4, 6, 8)
    yield "time stamps and values", np.column_stack([1.7e9 + 60 * np.arange(1500), linear[:, :4]])
    yield "values in [0, 1]", 1 / (1 + np.exp(-linear))
    yield "heavy tails", np.sinh(1.5 * linear[:, :5])
    yield "one-hot and reals", np.column_stack([np.eye(4)[r.randint(0, 4, 1500)], linear[:, :4]])
    yield "two decimals", np.round(20 + 5 * linear[:, :6], 2)
    yield "large offset, 1e6 +- 0.01", 1e6 + 0.01 * linear
    yield "curved, 3 of 2", datasets.make_swiss_roll(1500, noise=0.3, random_state=seed)[0]
    x, y = datasets.make_friedman1(1000, random_state=seed)
    yield "friedman1", np.column_stack([x, y])


def all_sets():
    for name in ("iris", "wine", "breast_cancer", "diabetes", "linnerud"):
        bunch = getattr(datasets, "load_" + name)()
        yield name, np.column_stack([bunch.data, bunch.target]) if name == "linnerud" else bunch.data
    digits = datasets.load_digits()
    yield "digits as a table", digits.data
    for kind in ("u1", "i4", "f4", "f8"):
        yield f"digits as images, {kind}", digits.images.astype(kind)
    for name, table in made(1):
        yield name, table.astype(float)


def run(binary, *words):
    done = subprocess.run([binary, *words, "--json", "-q"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stdout or done.stderr}")
    return json.loads(done.stdout)


def split(values):
    order = np.random.RandomState(0).permutation(len(values))
    held = max(4, len(values) // 5)
    return values[order[held:]], values[order[:held]]


def references(train, test, latent):
    """Log density per held-out row: independent Gaussian columns, and pPCA where it exists."""
    mean, deviation = train.mean(0), train.std(0)
    varies = deviation > 0
    scale = np.log(deviation[varies]).sum()
    a, b = ((x[:, varies] - mean[varies]) / deviation[varies] for x in (train, test))
    independent = -0.5 * (b**2 + np.log(2 * np.pi)).sum(1).mean() - scale
    most = min(len(train), varies.sum()) - 1
    if latent > most:
        return independent, None
    return independent, PCA(latent, svd_solver="full").fit(a).score(b) - scale


def measure(binary, values, seeds):
    train, test = split(values)
    elbos, latent, independent, seconds = [], 0, None, []
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/train.npy", train)
        np.save(f"{folder}/test.npy", test)
        for seed in range(seeds):
            model = f"{folder}/m{seed}"
            result = run(binary, "train", f"{folder}/train.npy", "-o", model, "--seed", str(seed))
            evaluated = run(binary, "eval", model, f"{folder}/test.npy", "--samples", "16")
            latent, independent = result["model"]["latent_dim"], result["independent_columns"]
            density = evaluated["elbo_in_data_units"] is not None
            elbos.append(evaluated["elbo_in_data_units"] if density else evaluated["elbo"])
            seconds.append(result["seconds"])
    ppca = None
    if density:
        independent, ppca = references(train.reshape(len(train), -1), test.reshape(len(test), -1), latent)
    return {"n": len(train), "shape": values.shape[1:], "latent": latent, "elbo": statistics.median(elbos),
            "low": min(elbos), "high": max(elbos), "independent": independent, "ppca": ppca,
            "density": density, "seconds": statistics.median(seconds)}


def row_text(name, m):
    shape = "x".join(map(str, m["shape"]))
    number = lambda v: "" if v is None else f"{v:.2f}"
    return (f"| {name} | {m['n']} | {shape} | {m['latent']} | {number(m['elbo'])} ({number(m['low'])} .. {number(m['high'])})"
            f"{'' if m['density'] else ' score'} | {number(m['independent'])} | {number(m['ppca'])} | {m['seconds']:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/release/isthmus/cli/isthmus"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--extra", default="", help="NPY tables of your own")
    o = parser.parse_args()
    sets = [(n, v) for n, v in all_sets() if not o.only or n in o.only.split(",")]
    if o.extra:
        sets = [(pathlib.Path(f).stem, np.load(f)) for f in o.extra.split(",")]
    print("| data | rows | shape | latents | elbo, data units | independent columns | pPCA | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    worse, gains = [], []
    for name, values in sets:
        m = measure(o.bin, values, o.seeds)
        print(row_text(name, m), flush=True)
        if m["elbo"] < m["independent"]:
            worse.append(name)
        if m["ppca"] is not None:
            gains.append(m["elbo"] - m["ppca"])
    print(f"\nworse than independent columns: {', '.join(worse) or 'none'}")
    if gains:
        print(f"median gain over pPCA: {statistics.median(gains):+.2f} nats, {sum(g > 0 for g in gains)} of {len(gains)} better")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
