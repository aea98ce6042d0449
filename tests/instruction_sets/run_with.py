#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a test program with no more than one instruction set.

    run_with.py SET PROGRAM

SET is a value of ISTHMUS_INSTRUCTIONS. Skipped where the processor lacks it, and where it has nothing
more: then every other test runs with it. Kernels by themselves are left out: their own tests go
over all instruction sets.
"""
import os
import subprocess
import sys

# What a set needs, from the least to the most.
NEEDS = {"plain": set(), "avx2": {"avx2", "fma"},
         "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
         "avx512_bf16": {"avx512_bf16"}, "amx": {"amx_bf16"}}
KERNELS = ["*Kernel*", "*/avx512*", "*/avx2*", "*/plain*", "Noise*", "Vector*"]


def processor_flags():
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("flags"):
                return set(line.split(":")[1].split())
    return set()


def main():
    wanted, program = sys.argv[1:]
    flags = processor_flags()
    if wanted not in NEEDS:
        sys.exit(f"{wanted} is none of " + " ".join(NEEDS))
    available = [name for name, needs in NEEDS.items() if needs <= flags]
    if wanted not in available:
        print(f"skipped: this processor lacks {wanted}")
        return 0
    if wanted == available[-1]:
        print(f"skipped: this processor has nothing above {wanted}, all tests run with it")
        return 0
    environment = dict(os.environ, ISTHMUS_INSTRUCTIONS=wanted)
    return subprocess.run([program, "--gtest_brief=1", "--gtest_filter=-" + ":".join(KERNELS)],
                          env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
