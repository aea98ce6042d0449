// SPDX-License-Identifier: Apache-2.0
// The instruction sets the kernels are compiled for: AVX-512, AVX2 and the plain baseline on x86.
// Included before any Highway header. Files that include it are compiled once per instruction set.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
