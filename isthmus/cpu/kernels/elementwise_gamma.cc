// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of the gamma function, and rounding: what likelihoods of counts and of
// levels need.
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/elementwise_gamma.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/elementwise_rows.h"
#include "isthmus/cpu/kernels/vector_gamma.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

ISTHMUS_OP1(Floor, hn::Floor(a));
ISTHMUS_OP1(Round, hn::Round(a));
ISTHMUS_OP1(Lgamma, gamma_like(d, a, hn::Inf(d), hn::Inf(d), wide_lgamma));
ISTHMUS_OP1(Digamma, gamma_like(d, a, hn::Neg(hn::Inf(d)), hn::Inf(d), wide_digamma));
ISTHMUS_OP1(Trigamma, gamma_like(d, a, hn::Inf(d), hn::Zero(d), wide_trigamma));
ISTHMUS_OP2(LgammaDifference, gamma_difference(d, a, b, wide_lgamma_difference));
ISTHMUS_OP2(DigammaDifference, gamma_difference(d, a, b, wide_digamma_difference));

std::span<const NamedKernel> gamma_table() {
  static constexpr NamedKernel kTable[] = {
      {"floor", elementwise_kernel<Floor>},
      {"round", elementwise_kernel<Round>},
      {"lgamma", elementwise_kernel<Lgamma>},
      {"digamma", elementwise_kernel<Digamma>},
      {"trigamma", elementwise_kernel<Trigamma>},
      {"lgamma_difference", elementwise_kernel<LgammaDifference>},
      {"digamma_difference", elementwise_kernel<DigammaDifference>},
  };
  return kTable;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(gamma_table);
std::span<const NamedKernel> elementwise_gamma_kernels() {
  return HWY_DYNAMIC_DISPATCH(gamma_table)();
}

}  // namespace isthmus
#endif
