#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What bench/peers/pytorch.py prints fits its schema. Skipped (77) where the peer says that it cannot run.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
printed=$(/usr/bin/python3 "$here/../../bench/peers/pytorch.py" --task latency --epochs 2)
[ -n "$printed" ] || exit 77
printf '%s\n' "$printed" | python3 "$here/check_json.py"
