// SPDX-License-Identifier: Apache-2.0
// The tables that the elementwise kernel files hand to elementwise_table.cc, and how a call is
// simplified before its loop. Internal to the kernels.
#pragma once

#include <span>
#include <string_view>

#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {

struct NamedKernel {
  std::string_view name;
  ElementwiseKernel run;
};

/// For the instruction set in use.
std::span<const NamedKernel> elementwise_unary_kernels();
std::span<const NamedKernel> elementwise_binary_kernels();
std::span<const NamedKernel> elementwise_likelihood_kernels();
std::span<const NamedKernel> elementwise_gamma_kernels();
std::span<const NamedKernel> elementwise_draw_kernels();

/// The same call with one long row if all `num_inputs` operands and the result lie dense (or are
/// one value for all); else unchanged.
ElementwiseCall as_few_rows(const ElementwiseCall& call, int num_inputs) noexcept;

}  // namespace isthmus
