# SPDX-License-Identifier: Apache-2.0
"""Reads the file of the test Oracle.PythonsSafetensorsReadsOurFile with the reference package."""
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

EXPECTED = {
    "decoder/0/weight": np.array([[1.0, -2.0], [0.5, 3.0]], dtype=np.float32),
    "encoder/0/bias": np.array([0.25, 4.0], dtype=np.float32),
    "steps": np.array([-1, 7], dtype=np.int64),
    "bytes": np.array([0, 128, 255], dtype=np.uint8),
}


def main(path):
    tensors = load_file(path)
    assert sorted(tensors) == sorted(EXPECTED), sorted(tensors)
    for name, want in EXPECTED.items():
        have = tensors[name]
        assert have.dtype == want.dtype and have.shape == want.shape, name
        assert (have == want).all(), name
    with safe_open(path, framework="numpy") as opened:
        metadata = opened.metadata()
    assert metadata["format"] == "isthmus", metadata
    assert metadata["isthmus.kind"] == "model", metadata
    assert metadata["isthmus.config"] == '{"latent":2}', metadata


main(sys.argv[1])
