// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of draws by inversion: float64 loops, one value at a time, the same on every
// instruction set. Sampling is not hot; these only have to run on all threads.
#include "isthmus/base/quantiles.h"
#include "isthmus/cpu/kernels/elementwise.h"

namespace isthmus {
namespace {

template <double (*kFunction)(double, double)>
void scalar_kernel(const ElementwiseCall& call) noexcept {
  const auto value = [](const Operand& o, int64_t r, int64_t c) {
    return static_cast<double>(o.data[r / o.row_repeat * o.row_stride + c * o.col_stride]);
  };
  for (int64_t r = 0; r < call.rows; ++r) {
    for (int64_t c = 0; c < call.cols; ++c) {
      call.dst[r * call.dst_stride + c] =
          static_cast<float>(kFunction(value(call.in[0], r, c), value(call.in[1], r, c)));
    }
  }
}

}  // namespace

std::span<const NamedKernel> elementwise_draw_kernels() {
  static constexpr NamedKernel kTable[] = {
      {"poisson_quantile", scalar_kernel<poisson_quantile>},
      {"gamma_quantile", scalar_kernel<gamma_quantile>},
  };
  return kTable;
}

}  // namespace isthmus
