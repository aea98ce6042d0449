# SPDX-License-Identifier: Apache-2.0
"""What the crash and determinism tests know about run folders, read without isthmus itself."""
import hashlib
import json
import pathlib
import random
import re
import struct
import subprocess
import tempfile


def write_images(path, count, side, seed):
    """An IDX file of `count` grey images: a bright square at a random place, and noise."""
    rng = random.Random(seed)
    body = bytearray()
    for _ in range(count):
        top, left = rng.randrange(side - 1), rng.randrange(side - 1)
        for p in range(side * side):
            lit = p // side in (top, top + 1) and p % side in (left, left + 1)
            body.append((200 if lit else 10) + rng.randrange(40))
    path.write_bytes(struct.pack(">HBBIII", 0, 8, 3, count, side, side) + bytes(body))


def memory_folder(prefix):
    """A temporary folder, in memory where there is such a place: syncing costs nothing there."""
    shared = pathlib.Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix=prefix, dir=shared if shared.is_dir() else None)


def run(command, env=None):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, env=env,
                          stdin=subprocess.DEVNULL, check=False)


def checkpoints(folder):
    """step -> path, of the finished files."""
    found = {}
    for path in (folder / "checkpoints").glob("step-*.safetensors"):
        found[int(path.name[5:-12])] = path
    return found


def temporaries(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob(".*") if ".tmp." in p.name)


def announced(stderr):
    """The newest step whose checkpoint was announced on --progress jsonl; -1: none."""
    return max((int(s) for s in re.findall(r'"checkpoint step (\d+)"', stderr)), default=-1)


def tensors_sha256(path):
    """Of names, types, shapes and values: all that a checkpoint holds but its metadata."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__")
    whole = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    whole.update(data[8 + length:])
    return whole.hexdigest()


def ending(folder):
    """All of a finished run that must not depend on interruptions: what -> value."""
    step, newest = max(checkpoints(folder).items())
    parts = {"last step": step,
             "state": tensors_sha256(newest),
             "metrics": (folder / "metrics.jsonl").read_text()}
    for path in [folder / "model.safetensors", folder / "metrics.csv", *folder.glob("*.png")]:
        parts[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return parts


def differences(end, reference):
    """What two endings do not have in common."""
    return sorted(what for what in {*end, *reference} if end.get(what) != reference.get(what))
