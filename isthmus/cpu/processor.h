// SPDX-License-Identifier: Apache-2.0
// What this processor is and how it computes.
#pragma once

#include <string>

namespace isthmus {

/// As the processor names itself; virtual machines may lie.
std::string processor_name();
/// "GenuineIntel", "AuthenticAMD"
std::string processor_maker();
/// " + AMX bf16", " + bf16" (AVX512-BF16) or "": the unit that bf16 products use here, by
/// bf16_way(). Without one they run in float32.
std::string matrix_unit_name();
/// XXH3-128 label over the results of small problems that every kind of kernel takes part in
/// (fingerprint.h). Equal fingerprints and equal binaries are expected to give equal bits. Made
/// once per process, in a few milliseconds.
const std::string& arithmetic_fingerprint();

}  // namespace isthmus
