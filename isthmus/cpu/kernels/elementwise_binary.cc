// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of two and three inputs. Each line is one op; the loop is in
// elementwise_rows.h. Comparisons give 1 or 0.
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/elementwise_binary.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/elementwise_rows.h"
#include "isthmus/cpu/kernels/vector_pow.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

ISTHMUS_OP2(Add, hn::Add(a, b));
ISTHMUS_OP2(Sub, hn::Sub(a, b));
ISTHMUS_OP2(Mul, hn::Mul(a, b));
ISTHMUS_OP2(Div, hn::Div(a, b));
ISTHMUS_OP2(Pow, vector_pow(d, a, b));
ISTHMUS_OP2(Maximum, hn::IfThenElse(hn::Ge(a, b), a, b));
ISTHMUS_OP2(Minimum, hn::IfThenElse(hn::Le(a, b), a, b));
ISTHMUS_OP2(Less, hn::IfThenElseZero(hn::Lt(a, b), hn::Set(d, 1.0f)));
ISTHMUS_OP2(LessEqual, hn::IfThenElseZero(hn::Le(a, b), hn::Set(d, 1.0f)));
ISTHMUS_OP2(Greater, hn::IfThenElseZero(hn::Gt(a, b), hn::Set(d, 1.0f)));
ISTHMUS_OP2(GreaterEqual, hn::IfThenElseZero(hn::Ge(a, b), hn::Set(d, 1.0f)));
ISTHMUS_OP2(Equal, hn::IfThenElseZero(hn::Eq(a, b), hn::Set(d, 1.0f)));
ISTHMUS_OP3(Select, hn::IfThenElse(hn::Gt(a, hn::Set(d, 0.5f)), b, c));
// (1 - c) a + c b
ISTHMUS_OP3(Lerp, hn::MulAdd(c, b, hn::Mul(hn::Sub(hn::Set(d, 1.0f), c), a)));

std::span<const NamedKernel> binary_table() {
  static constexpr NamedKernel kTable[] = {
      {"add", elementwise_kernel<Add>},
      {"sub", elementwise_kernel<Sub>},
      {"mul", elementwise_kernel<Mul>},
      {"div", elementwise_kernel<Div>},
      {"pow", elementwise_kernel<Pow>},
      {"maximum", elementwise_kernel<Maximum>},
      {"minimum", elementwise_kernel<Minimum>},
      {"less", elementwise_kernel<Less>},
      {"less_equal", elementwise_kernel<LessEqual>},
      {"greater", elementwise_kernel<Greater>},
      {"greater_equal", elementwise_kernel<GreaterEqual>},
      {"equal", elementwise_kernel<Equal>},
      {"select", elementwise_kernel<Select>},
      {"lerp", elementwise_kernel<Lerp>},
  };
  return kTable;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(binary_table);
std::span<const NamedKernel> elementwise_binary_kernels() {
  return HWY_DYNAMIC_DISPATCH(binary_table)();
}

}  // namespace isthmus
#endif
