// SPDX-License-Identifier: Apache-2.0
// Which instructions this process uses, and which of them multiply bf16 operands.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace isthmus {

/// Each includes those before it.
enum class InstructionSet : uint8_t { kPlain, kAvx2, kAvx512, kAvx512Bf16, kAmx };
/// What the processor has, less what the environment variable ISTHMUS_INSTRUCTIONS (plain, avx2,
/// avx512, avx512_bf16, amx) forbids. Error E2003 for another word.
InstructionSet allowed_instructions();
/// Those of them that the operating system lets us use.
InstructionSet usable_instructions();
/// Makes all kernels keep to them. Called before the first kernel runs; further calls do nothing.
void restrict_kernels();

/// Ways to multiply bf16 operands: on AMX tiles, with VDPBF16PS, or widened to float32.
enum class Bf16Way : uint8_t { kTiles, kPairs, kWidened };
struct MeasuredRate {
  std::string_view maker;  // as CPUID says; empty: any
  Bf16Way way;
  double of_fp32;            // its rate as a multiple of float32's on the same core
  std::string_view machine;  // that it was measured on
};
/// A feature bit says that an instruction exists, not that it is fast: VDPBF16PS is twice float32
/// on one maker's cores and half of it on another's. Ways that nobody has measured on a maker's
/// cores are not used there.
std::span<const MeasuredRate> measured_rates();
/// The fastest one that `usable` has, by the table: the same on all machines of one kind, whatever
/// else runs there.
Bf16Way fastest_bf16_way(std::string_view maker, InstructionSet usable);
/// On this machine.
Bf16Way bf16_way();

}  // namespace isthmus
