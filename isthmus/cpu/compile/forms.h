// SPDX-License-Identifier: Apache-2.0
// The second pass, the one place that decides how every node runs and in which forms its value
// exists: as rows, written out for one reader, kept for a sum over the batch, rounded to bf16.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/cpu/compile/operations.h"
#include "isthmus/cpu/compile/uses.h"
#include "isthmus/exec/executor.h"

namespace isthmus {

/// How a node runs.
enum class Work : uint8_t {
  kNothing,  // a leaf, another name of a value, or a view
  kScalar,   // float64
  kInput,
  kNoise,
  kChunk,  // an elementwise step, or a reduction of the lines of a chunk
  kReduction,
  kMoves,
  kProduct,        // rows with a matrix that all share
  kItemProducts,   // both factors per row
  kBatchProducts,  // kept factors, tile by tile
  kParts,          // as these, but a part of the sum behind each pass over windows
  kBatchSum,
  kWindows,
  kLookup,
  kScatterSum,
  kReplaceRows,
  kBatchWise,
  kReference,
};

/// What a per-row value becomes beside its plain rows.
enum class FormKind : uint8_t {
  kCast,        // rows rounded to bf16, for a product
  kBatchSum,    // partial sums over the batch
  kTransposed,  // first factor of a sum of products, kept for the whole batch
  kKept,        // second factor
  kPart,        // factor of a sum that is made in parts
};
struct Form {
  FormKind kind;
  uint32_t value;   // the value itself or another name of it
  uint32_t reader;  // the product or the sum
};

/// A kOnce matrix packed for bf16 products; `transposed`: K is its second axis.
struct PackedForm {
  uint32_t weight;
  bool transposed;
  bool operator==(const PackedForm&) const = default;
};

/// What a batch-wise node shares with others.
struct BatchForm {
  uint32_t order_of = kNoNode;  // the sort in an earlier stage whose order it takes
  uint32_t leaves = kNoNode;    // the node of its stage whose value it leaves as well
  bool is_left = false;         // another one leaves its value
  bool halved = false;          // visits each pair of a value with itself once
};

struct Forms {
  Precision precision = Precision::kF32;
  bool has_windows = false;
  std::vector<Work> work = {};       // by node
  std::vector<Geometry> lines = {};  // by node: of a chunk step, what the chunk goes over
  /// By row stage: uniform values that some reader needs row by row.
  std::vector<std::set<uint32_t>> fills = {};
  std::set<uint32_t> filled = {};
  /// (reader, operand) that no row, column or repeated row describes: written out in full.
  std::set<std::pair<uint32_t, uint32_t>> expanded = {};
  /// By node: an input that is loaded and converted where it is read.
  std::vector<bool> stored = {};
  /// By node: windows that are read as bf16 operands alone, each made from the image anew.
  std::vector<bool> rounded = {};
  /// By row stage and value.
  std::vector<std::map<uint32_t, std::vector<Form>>> beside = {};
  std::vector<PackedForm> packed = {};
  std::map<uint32_t, BatchForm> batch = {};  // by batch-wise node

  const std::vector<Form>& beside_rows(uint32_t i, size_t stage) const;
  bool is_expanded(uint32_t reader, uint32_t in) const { return expanded.contains({reader, in}); }
  /// Finds the rows of its inputs in full when all blocks are done.
  bool reads_batch(const Uses& uses, uint32_t i) const;
};

Forms choose_forms(const Uses& uses, Precision precision);

/// Whether the operands of a product are rounded to bf16.
bool rounds_operands(const Uses& uses, Precision precision, uint32_t product);

/// Whether the tiles of a sum of products take their part of the first factor from the stored input
/// themselves: half the bytes of a kept operand, each converted once because a tile spans all
/// columns of the second factor.
bool sums_stored_input(const Uses& uses, const Forms& forms, uint32_t sum);

/// A sum of products wider than this is cut along its columns, too.
inline constexpr int64_t kWideTile = 192;

/// A place as an elementwise reader of geometry (lead, cols) uses it, invalid if no strides
/// describe that; `at` is where the source of operand `in` lies. `rows_are_lead`: kOnce readers,
/// whose rows are the value's own.
Place operand_at(const Uses& uses, Place at, uint32_t in, const Geometry& reader,
                 bool rows_are_lead);
/// The lines of an operand that is reduced over its last axis; invalid if they are not there.
Place lines_at(const Uses& uses, Place at, uint32_t in, const Geometry& g);
/// The shape of rows of a written operand: that of its reader, but one column stays one column.
Shape expanded_shape(const Uses& uses, uint32_t reader, uint32_t in);
/// What a product with `weight` packs: the value whose memory it shares, if that has its lines.
PackedForm packed_form(const Uses& uses, uint32_t weight, bool transposed);

/// One line per node that has work: "%4 matmul  product  as bf16 rows for %9".
std::string print_forms(const Uses& uses, const Forms& forms);

}  // namespace isthmus
