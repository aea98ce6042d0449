// SPDX-License-Identifier: Apache-2.0
// What this processor has for each operation. These tables are the only place of the compiler that
// knows names; everything behind them asks for kinds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "isthmus/cpu/row_steps.h"
#include "isthmus/graph/op.h"

namespace isthmus {

enum class KernelKind : uint8_t {
  kNone,           // runs through its reference in double precision
  kElementwise,    // step of a chunk
  kReduction,      // over one axis of an (outer, size, inner) view
  kMoves,          // copies of strided boxes
  kProduct,        // of two matrices
  kBatchProducts,  // sum over the batch of products of rows: x' y
  kBatchSum,       // sum over the batch
  kWindows,        // windows of an image
  kFold,           // images from windows
  kLookup,         // rows of a table by number
  kScatterSum,     // rows added to the rows of a table by number
  kReplaceRows,    // rows put in the place of rows of a table by number
  kBatchWise,      // reads all rows of the batch
};
KernelKind kernel_kind(const OpDef& op);

/// A value as moves see it: its shape and the distance of its lines (its last axis is dense).
struct LinesOf {
  Shape shape;
  int64_t row_stride = 0;
};
/// A box of one input, or zeros where `input` is negative, that is copied to the result: floats
/// from the first value of an item, of the input and of the result, and steps of the axes of
/// `size`.
struct Box {
  int input = -1;
  Shape size;
  int64_t src = 0, dst = 0;
  std::vector<int64_t> src_step, dst_step;
};
/// The boxes that a result is made of; `in` and `out` have the shapes of the node.
using MovesRule = std::vector<Box> (*)(const Node& node, const std::vector<LinesOf>& in,
                                       const LinesOf& out);
/// nullptr for operations of other kinds.
MovesRule find_moves(std::string_view op);

/// Steps of the axes of a value whose last axis is dense and whose lines lie `row_stride` apart.
std::vector<int64_t> steps_of(const LinesOf& value);
/// Steps of `from` seen with the axes of `to`: 0 along what is repeated.
std::vector<int64_t> repeated_steps(const LinesOf& from, const Shape& to);

/// What a reduction does to the middle axis of its view.
ReduceOp reduce_op(const OpDef& op);

/// The time class of an elementwise step.
Cost cost_of(const OpDef& op);
/// Copies its operand.
ElementwiseKernel copy_kernel();

}  // namespace isthmus
