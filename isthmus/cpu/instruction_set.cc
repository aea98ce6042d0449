// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/instruction_set.h"

#include <algorithm>
#include <string>

#include "isthmus/base/env.h"
#include "isthmus/base/error.h"
#include "isthmus/cpu/amx/amx_matmul.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/processor.h"

namespace isthmus {
namespace {

/// `isthmus bench --precision both` prints the product peaks of both precisions in one run; medians
/// of quiet runs with one thread.
constexpr MeasuredRate kRates[] = {
    {"GenuineIntel", Bf16Way::kTiles, 14.5, "Xeon with AMX (3.15 TFLOP/s to 217 GFLOP/s)"},
    {"GenuineIntel", Bf16Way::kPairs, 0.50, "Xeon with AMX (108 to 217), model 207 (87 to 172)"},
    {"AuthenticAMD", Bf16Way::kPairs, 2.0, "EPYC, families 25 and 26 (218 to 114, 557 to 271)"},
    {"", Bf16Way::kWidened, 1.0, "all of these (278 to 271)"},
};

/// Of InstructionSet, in its order.
constexpr std::string_view kWords[] = {"plain", "avx2", "avx512", "avx512_bf16", "amx"};

InstructionSet needed_for(Bf16Way way) {
  if (way == Bf16Way::kTiles) return InstructionSet::kAmx;
  return way == Bf16Way::kPairs ? InstructionSet::kAvx512Bf16 : InstructionSet::kPlain;
}

}  // namespace

std::span<const MeasuredRate> measured_rates() { return kRates; }

Bf16Way fastest_bf16_way(std::string_view maker, InstructionSet usable) {
  const MeasuredRate* best = nullptr;
  for (const MeasuredRate& rate : kRates) {
    const bool is_here = rate.maker.empty() || rate.maker == maker;
    if (!is_here || needed_for(rate.way) > usable) continue;
    if (best == nullptr || rate.of_fp32 > best->of_fp32) best = &rate;
  }
  return best->way;
}

InstructionSet allowed_instructions() {
  static const InstructionSet here = processor_instructions();
  const std::string wanted = env_value(kInstructionsVariable).value_or("");
  if (wanted.empty()) return here;
  const auto at = std::find(std::begin(kWords), std::end(kWords), wanted);
  if (at == std::end(kWords)) {
    throw Error(
        ErrorCode::kBadValue, std::string(kInstructionsVariable) + " is \"" + wanted + "\"",
        "it takes plain, avx2, avx512, avx512_bf16 or amx, the highest instruction set to use");
  }
  return std::min(here, static_cast<InstructionSet>(at - std::begin(kWords)));
}

InstructionSet usable_instructions() {
  static const InstructionSet usable = [] {
    const InstructionSet allowed = allowed_instructions();
    // A kernel of the operating system or a virtual machine may forbid the tiles.
    if (allowed == InstructionSet::kAmx && !AmxMatmul::available()) {
      return InstructionSet::kAvx512Bf16;
    }
    return allowed;
  }();
  return usable;
}

void restrict_kernels() {
  static const bool once = [] {
    restrict_instructions(usable_instructions());
    return true;
  }();
  (void)once;
}

Bf16Way bf16_way() {
  static const Bf16Way way = fastest_bf16_way(processor_maker(), usable_instructions());
  return way;
}

}  // namespace isthmus
