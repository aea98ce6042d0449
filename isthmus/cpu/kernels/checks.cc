// SPDX-License-Identifier: Apache-2.0
// Questions about a run of values: sum of squares (clipping), all finite (divergence), and which
// instruction set answers them.
#include <cpuid.h>

#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/checks.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

double squares_of(const float* src, int64_t count) {
  const FloatTag d;
  const DoubleTag dd;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  auto low = hn::Zero(dd), high = hn::Zero(dd);
  for (int64_t i = 0; i < count; i += lanes) {
    const bool whole = i + lanes <= count;
    const auto x = to_double(whole ? hn::LoadU(d, src + i)
                                   : load_partial(d, src + i, static_cast<size_t>(count - i)));
    low = hn::MulAdd(x.low, x.low, low);
    high = hn::MulAdd(x.high, x.high, high);
  }
  return hn::GetLane(hn::SumOfLanes(dd, hn::Add(low, high)));
}

bool finite_values(const float* src, int64_t count) {
  const FloatTag d;
  const hn::Rebind<int32_t, FloatTag> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto magnitude = hn::Set(di, 0x7fffffff);
  auto largest = hn::Zero(di);
  for (int64_t i = 0; i < count; i += lanes) {
    const bool whole = i + lanes <= count;
    const auto x =
        whole ? hn::LoadU(d, src + i) : load_partial(d, src + i, static_cast<size_t>(count - i));
    largest = hn::Max(largest, hn::And(hn::BitCast(di, x), magnitude));
  }
  return hn::GetLane(hn::MaxOfLanes(di, largest)) < 0x7f800000;  // the bits of infinity
}

const char* target_name() {
#if HWY_TARGET == HWY_AVX3
  return "AVX-512";
#elif HWY_TARGET == HWY_AVX2
  return "AVX2";
#else
  return "plain";
#endif
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(squares_of);
HWY_EXPORT(finite_values);
HWY_EXPORT(target_name);

double sum_of_squares(const float* src, int64_t count) noexcept {
  return HWY_DYNAMIC_DISPATCH(squares_of)(src, count);
}
bool all_finite(const float* src, int64_t count) noexcept {
  return HWY_DYNAMIC_DISPATCH(finite_values)(src, count);
}
namespace {
bool may_use_bf16 = true;
}  // namespace

InstructionSet processor_instructions() {
  const int64_t targets = hwy::SupportedTargets();
  if ((targets & HWY_AVX3) == 0) {
    return (targets & HWY_AVX2) != 0 ? InstructionSet::kAvx2 : InstructionSet::kPlain;
  }
  if (__builtin_cpu_supports("avx512bf16") == 0) return InstructionSet::kAvx512;
  constexpr unsigned kTiles = (1u << 24) | (1u << 22);  // leaf 7: AMX-TILE, AMX-BF16
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool has_tiles = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kTiles) == kTiles;
  return has_tiles ? InstructionSet::kAmx : InstructionSet::kAvx512Bf16;
}

void restrict_instructions(InstructionSet usable) {
  may_use_bf16 = usable >= InstructionSet::kAvx512Bf16;
  int64_t forbidden = 0;
  if (usable < InstructionSet::kAvx512) forbidden |= HWY_AVX3 | HWY_AVX3_DL;
  if (usable < InstructionSet::kAvx2) forbidden |= HWY_AVX2;
  if (forbidden == 0) return;
  hwy::DisableTargets(forbidden);
  hwy::GetChosenTarget().DeInit();
}
bool may_use_avx512_bf16() noexcept { return may_use_bf16; }

std::string_view instruction_set_name() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace isthmus
#endif
