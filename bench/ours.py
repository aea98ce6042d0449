# SPDX-License-Identifier: Apache-2.0
"""Command lines of trainings and evaluations by isthmus, the same for every comparison."""
import os
import subprocess

WEIGHTS = "model.safetensors"


def train_command(isthmus, data, settings, folder, *more):
    """All items, Adam at a constant 1e-3; `settings`: preset, batch_size, precision, seed."""
    return [isthmus, "train", data, "--preset", settings["preset"], "--batch",
            str(settings["batch_size"]), "--precision", settings["precision"], "--seed",
            str(settings.get("seed", 0)), "--lr", "0.001", "--val", "0", "--no-report", "--quiet",
            "-o", folder, *more]


def eval_command(isthmus, data, folder, *more):
    return [isthmus, "eval", folder, data, "--json", "--quiet", *more]


def initial_weights(isthmus, data, settings, folder):
    """The file of the weights that such a training starts from; made when it is not there: an epoch
    over the same data, which say the first biases, too slow to move anything."""
    path = os.path.join(folder, WEIGHTS)
    if not os.path.exists(path):
        settings = {**settings, "precision": "fp32"}
        command = train_command(isthmus, data, settings, folder, "--epochs", "1")
        command[command.index("--lr") + 1] = "1e-30"
        subprocess.run(command, check=True)
    return path
