#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With --json stdout carries exactly one object, whatever fails and wherever.

    json_failures.py ISTHMUS

Runs every command into every kind of failure that it can meet: words, files, models, folders,
configurations, the environment, and runs to be resumed whose stored choices or state are odd. The
latter are made from a good checkpoint with a valid digest (libxxhash; without it they are left out,
which is said). Each call must end by itself, with a documented status and one object of a known
schema. Prints the number of calls and each one that did something else.
"""
import ctypes
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

STATUSES = {0, 2, 3, 4, 5, 6, 7, 75}
SECONDS = 60
TRAIN = ["--hidden", "4", "--epochs", "2", "--threads", "1"]
MODEL_COMMANDS = {
    "eval": ["MODEL", "t.csv"],
    "reconstruct": ["MODEL", "t.csv", "-o", "out.csv"],
    "sample": ["MODEL", "-o", "out.csv"],
    "encode": ["MODEL", "t.csv", "-o", "out.csv"],
    "decode": ["MODEL", "z.csv", "-o", "out.csv"],
    "denoise": ["MODEL", "t.csv", "--add", "gaussian", "-o", "out.csv"],
    "inpaint": ["MODEL", "t.csv", "--mask", "mask.csv", "-o", "out.csv"],
    "superresolve": ["MODEL", "t.csv", "-o", "out.csv"],
    "interpolate": ["MODEL", "t.csv", "-o", "out.png"],
    "inspect": ["MODEL"],
    "report": ["MODEL"],
}
BAD_MODELS = ["absent", "garbage", "garbage.safetensors", "cut.safetensors", "empty", "linked", "t.csv", "."]
PLAIN_FAILURES = [
    ["train"], ["train", "absent.csv"], ["train", "bad.csv"], ["train", "t.csv", "--lr", "no"],
    ["train", "t.csv", "--latnet", "3"], ["train", "t.csv", "-o", "run"], ["train", "t.csv", "--val", "absent"],
    ["train", "t.csv", "--config", "bad.toml"], ["train", "t.csv", "--config", "resumes.toml"],
    ["train", "t.csv", "--config", "absent.toml"], ["train", "t.csv", "--config", "/dev/null", "-o", "t.csv/x"],
    ["train", "t.csv", "--optimizer", "sgd", "--lr", "1e30", "-o", "diverged"],
    ["train", "t.csv", "--memory", "1B"], ["train", "t.csv", "--log-file", "absent/log"],
    ["train", "--resume", "absent"], ["train", "--resume", "empty"], ["train", "--resume", "t.csv"],
    ["train", "--resume", "linked"], ["train", "--resume", "run", "--lr", "0.5"],
    ["train", "other.csv", "--resume", "run"], ["train", "absent.csv", "--resume", "run"],
    ["demo", "--epochs", "x"], ["demo", "-o", "run"], ["datasets", "x"], ["doctor", "x"], ["bench", "--batch", "x"],
    ["help", "nothing"], ["config"], ["config", "shwo"], ["config", "validate"], ["config", "validate", "bad.toml"],
    ["config", "show", "--config", "bad.toml"], ["inspect"], ["inspect", "absent"], ["inspect", "bad.csv", "t.csv"],
    ["eval", "run"], ["eval", "run", "t.csv", "--require", "elbo>1e9"], ["eval", "run", "t.csv", "--require", "x"],
    ["sample", "run", "-o", "x.nope"], ["sample", "run", "-o", "-"], ["sample", "run", "-o", "absent/x.csv"],
    ["sample", "run", "-o", "t.csv"], ["sample", "run", "-o", "x.png"], ["nothing"],
]


class Xxh3(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3_128(data):
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_128bits.restype = Xxh3
    library.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    digest = library.XXH3_128bits(data, len(data))
    return f"{digest.high:016x}{digest.low:016x}".encode()


def edit_checkpoint(path, change):
    """Applies change(config, state) and makes the digest right again."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    metadata = header["__metadata__"]
    config, state = (json.loads(metadata[f"isthmus.{name}"]) for name in ("config", "state"))
    change(config, state)
    metadata["isthmus.config"], metadata["isthmus.state"] = json.dumps(config), json.dumps(state)
    blank = b"xxh3-128:" + b"0" * 32
    metadata["isthmus.digest"] = blank.decode()
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    data = struct.pack("<Q", len(text)) + text + body
    path.write_bytes(data.replace(blank, b"xxh3-128:" + xxh3_128(data), 1))


def set_choice(key, value):
    def change(config, _):
        for choice in config["run"]["choices"]:
            if choice["key"] == key:
                choice["value"] = value
    return change


def set_state(key, value):
    def change(_, state):
        state[key] = value
    return change


def set_run(key, value):
    def change(config, _):
        config["run"][key] = value
    return change


def odd_checkpoints():
    for key in ("train.batch_size", "train.epochs", "model.hidden", "optimizer.learning_rate", "data.val",
                "run.seed", "run.keep", "machine.threads", "optimizer.name", "train.target", "limits.json_depth"):
        for value in ("\u0001\u00e9", "", "-1", "1e999"):
            yield f"choice {key} = {value!r}", set_choice(key, value)
    yield "an unknown choice", lambda config, _: config["run"]["choices"].append(
        {"key": "no.such", "value": "1", "origin": "x", "reason": None})
    yield "no choices", set_run("choices", {})
    yield "no data", set_run("data", [])
    yield "data that are gone", set_run("data", ["\u0001gone"])
    yield "data of another kind", set_run("data", [1])
    for key in ("step", "epoch", "position", "sums", "last_train", "early_stopping", "metrics_bytes",
                "data_fingerprint", "halvings", "trained_items"):
        for value in (-1, 2**53, 1e308, "x", None, {}):
            yield f"state {key} = {value!r}", set_state(key, value)


def prepare(program, folder):
    rows = "".join(f"{i * 37 % 11},{i * 53 % 7},{i % 5 * 0.25}\n" for i in range(60))
    folder.joinpath("t.csv").write_text("a,b,c\n" + rows)
    folder.joinpath("other.csv").write_text("a,b,c\n" + rows.replace("0.25", "0.75"))
    folder.joinpath("bad.csv").write_text("a,b\n1,2\n3,x\n")
    folder.joinpath("z.csv").write_text("a\n1\n")
    folder.joinpath("mask.csv").write_text("1,1,0\n")
    folder.joinpath("bad.toml").write_text("[train]\nepochs = \n")
    folder.joinpath("resumes.toml").write_text('[run]\nresume = "run"\n')
    folder.joinpath("garbage").write_bytes(b"\xff" * 100)
    folder.joinpath("garbage.safetensors").write_bytes(b"\xff" * 100)
    folder.joinpath("empty").mkdir()
    subprocess.run([program, "train", "t.csv", "-o", "run", "-q", *TRAIN], cwd=folder, check=True,
                   stderr=subprocess.DEVNULL)
    model = folder.joinpath("run/model.safetensors").read_bytes()
    folder.joinpath("cut.safetensors").write_bytes(model[:-5])
    shutil.copytree(folder / "run", folder / "linked")
    folder.joinpath("linked/model.safetensors").unlink()
    folder.joinpath("linked/model.safetensors").symlink_to("../run/model.safetensors")
    folder.joinpath("linked/run.json").unlink()
    folder.joinpath("linked/run.json").symlink_to("../run/run.json")


def problem_of(program, folder, words, env=None):
    """What is wrong with this call; None: nothing."""
    try:
        result = subprocess.run([program, *words], cwd=folder, capture_output=True, timeout=SECONDS, check=False,
                                stdin=subprocess.DEVNULL, env=dict(os.environ, **(env or {})))
    except subprocess.TimeoutExpired:
        return "does not end"
    if result.returncode not in STATUSES:
        return f"status {result.returncode}: {result.stderr[-200:]}"
    try:
        text = result.stdout.decode()
        value, end = json.JSONDecoder().raw_decode(text)
        schema = value["schema"]
    except (ValueError, KeyError, TypeError):
        return f"stdout is {result.stdout[:200]}"
    if text[end:] != "\n":
        return f"more than one object: {text[end:][:200]}"
    if not schema.startswith("isthmus."):
        return f"schema {schema}"
    if schema == "isthmus.error/1" and value["exit"] != result.returncode:
        return f"status {result.returncode}, but the object says {value['exit']}"
    return None


def calls(folder):
    """Names and words of the calls; what they need is made just before."""
    for words in PLAIN_FAILURES:
        yield " ".join(words), [*words, "--json"], None
        yield " ".join(words) + " (set)", [*words, "--set", "cli.json=true"], None
        yield " ".join(words) + " (environment)", words, {"ISTHMUS_CLI_JSON": "1"}
    for command, words in MODEL_COMMANDS.items():
        for model in BAD_MODELS:
            used = [model if word == "MODEL" else word for word in words]
            yield f"{command} {model}", [command, *used, "--json"], None
    try:
        xxh3_128(b"")
    except OSError:
        print("left out: checkpoints with odd contents, libxxhash is not installed")
        return
    for name, change in odd_checkpoints():
        odd = folder / "odd"
        shutil.rmtree(odd, ignore_errors=True)
        shutil.copytree(folder / "run", odd)
        for path in odd.glob("checkpoints/step-*.safetensors"):
            edit_checkpoint(path, change)
        yield name, ["train", "--resume", "odd", "--epochs", "2", "--json"], None
        yield f"inspect, {name}", ["inspect", "odd", "--json"], None


def main(program):
    count = failures = 0
    with tempfile.TemporaryDirectory(prefix="json-failures-") as name:
        folder = pathlib.Path(name)
        prepare(program, folder)
        for call, words, env in calls(folder):
            count += 1
            problem = problem_of(program, folder, words, env)
            if problem:
                failures += 1
                print(f"{call}: {problem}", flush=True)
    print(f"failures with --json: {count} calls, {failures} without exactly one object")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
