# SPDX-License-Identifier: Apache-2.0
"""What version 0.1 wrote opens, evaluates to the same numbers and goes on to the same bits.

    recorded.py ISTHMUS [--record]

The files beside this one were written by version 0.1: model files, a run folder of four epochs, and
bits.json with the weights_sha256 of ae, vae and beta_vae in both precisions with two seeds. Bits
belong to a processor and its instructions; on another one they are not compared, and that is said.
--record prints them for this machine, to be added by hand from a program that is known to be right.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "table.csv"
MODELS, PRECISIONS, SEEDS = ("ae", "vae", "beta_vae"), ("fp32", "bf16"), (0, 1)
# Of eval on table.csv, as version 0.1 printed them.
NUMBERS = {
    "run": {"elbo": -8.21406721973326, "reconstruction": 7.696384386221569,
            "kl": 0.5176828335116928, "mse": 1.0841491548277866},
    "ae.safetensors": {"elbo": None, "reconstruction": 7.433335355917613, "kl": None,
                       "mse": 1.1354570890310014},
    "beta_vae.safetensors": {"elbo": -8.217292246410702, "reconstruction": 7.732958741982778,
                             "kl": 0.48433350442792295, "mse": 1.097730759069329},
}
# Float32 sums of another instruction set differ in their last digits.
TOLERANCE = 2e-6


def isthmus(program, *words):
    done = subprocess.run([program, *map(str, words), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"isthmus {' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout)


def check_numbers(program):
    for name, expected in NUMBERS.items():
        found = isthmus(program, "eval", HERE / name, TABLE)
        for key, value in expected.items():
            near = found[key] is None if value is None else (
                found[key] is not None and abs(found[key] - value) <= TOLERANCE * abs(value))
            if not near:
                sys.exit(f"{name}: {key} is {found[key]}, version 0.1 said {value}")


def trained_bits(program, folder):
    bits = {}
    for model in MODELS:
        for precision in PRECISIONS:
            for seed in SEEDS:
                name = f"{model} {precision} {seed}"
                done = isthmus(program, "train", TABLE, "--model", model, "--precision", precision,
                               "--seed", seed, "--epochs", 5, "--no-report", "-o",
                               folder / name.replace(" ", "-"))
                bits[name] = done["weights_sha256"]
    shutil.copytree(HERE / "run", folder / "run")
    done = isthmus(program, "train", TABLE, "--resume", folder / "run", "--epochs", 6)
    bits["resumed"] = done["weights_sha256"]
    return bits, done["device"]["name"] + ", " + done["device"]["isa"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("isthmus")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bits, processor = trained_bits(arguments.isthmus, pathlib.Path(folder))
    if arguments.record:
        print(json.dumps({processor: bits}, indent=1))
        return
    check_numbers(arguments.isthmus)
    recorded = json.loads((HERE / "bits.json").read_text())
    if processor not in recorded:
        print(f"numbers agree; no bits are recorded for {processor}")
        return
    wrong = [name for name, value in recorded[processor].items() if bits[name] != value]
    if wrong:
        sys.exit("bits differ from those of version 0.1: " + ", ".join(wrong))
    print(f"{len(NUMBERS)} models evaluate as before, {len(bits)} trainings end in the same bits")


if __name__ == "__main__":
    main()
