// SPDX-License-Identifier: Apache-2.0
// Sums over the batch of products with the windows of images: weight gradients of convolutions. The
// windows of a batch would be many times its images, so they are not kept: each pass adds its share
// to a part, a copy of the sum that a fixed range of blocks owns, from windows that it makes again.
// The parts are added up in their order.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

constexpr int64_t kMostParts = 16;
/// A sum above this is large enough to be made tile by tile from kept operands.
constexpr int64_t kMostValues = 1 << 20;

}  // namespace

/// Whether a sum of products is made in parts: its first factor is windows of its own stage.
bool Compiler::is_in_parts(uint32_t i) const {
  if (!is_op(i, "outer_sum")) return false;
  const uint32_t x = base(node(i).inputs[0]), dy = base(node(i).inputs[1]);
  return is_op(x, "patches") && !once(x) && !once(dy) &&
         plan_.nodes[x].level == plan_.nodes[dy].level &&
         value_count(node(i).type.shape) <= kMostValues;
}

/// Blocks that own one part: they run one after the other.
void Compiler::choose_parts() {
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!is_in_parts(i)) continue;
    p_.shape.part_blocks = (p_.shape.num_blocks + kMostParts - 1) / kMostParts;
  }
}

/// The factor that is there last: behind it a pass adds to the part.
uint32_t Compiler::last_factor(uint32_t i) const {
  const uint32_t x = base(node(i).inputs[0]), dy = base(node(i).inputs[1]);
  return position_.at(x) > position_.at(dy) ? x : dy;
}

/// The readers of a per-row value, and the values behind which its product is added to a part.
std::vector<uint32_t> Compiler::row_readers(uint32_t i) const {
  std::vector<uint32_t> readers = readers_[i];
  for (uint32_t r : readers_[i]) {
    if (is_in_parts(r)) readers.push_back(last_factor(r));
    if (!is_op(r, "patches")) continue;
    for (uint32_t sum : readers_[r]) {
      if (is_in_parts(sum)) readers.push_back(last_factor(sum));  // makes the windows again
    }
  }
  return readers;
}

int32_t Compiler::part_sum(uint32_t i) {
  const auto [at, is_new] =
      part_sum_index_.try_emplace(i, static_cast<int32_t>(p_.part_sums.size()));
  if (!is_new) return at->second;
  PartSum sum;
  sum.node = i;
  sum.rows = node(i).type.shape[0];
  sum.cols = node(i).type.shape[1];
  sum.stride = round_up(sum.rows * sum.cols, kLineFloats) + kLineFloats;
  sum.offset = allocate_batch(p_.shape.num_parts() * sum.stride);
  p_.part_sums.push_back(sum);
  return at->second;
}

/// Memory of a thread that holds a value from one instruction to the next.
int64_t Compiler::brief_floats(int64_t floats) {
  if (brief_offset_ < 0) brief_offset_ = p_.block_floats;
  p_.block_floats =
      std::max(p_.block_floats, brief_offset_ + round_up(floats, kLineFloats) + kLineFloats);
  return brief_offset_;
}

void Compiler::emit_part(uint32_t i) {
  const uint32_t x = base(node(i).inputs[0]), dy = node(i).inputs[1];
  const Geometry gx = geometry(node(x).type.shape), gy = geometry(node(dy).type.shape);
  const int64_t rows = pass_items_ * gx.lead;
  RowInstruction r;
  r.op = RowOp::kPart;
  r.cost = Cost::kGemm;
  r.node = i;
  r.lead = gx.lead;
  PartProduct part;
  part.sum = part_sum(i);
  part.a = p_.places[x];
  part.b = rows_place(dy);
  part.a_cols = gx.cols;
  part.b_cols = gy.cols;
  if (last_factor(i) != x) {
    part.windows = add_windows(x);
    part.a = {Memory::kPass, brief_floats(rows * gx.cols), gx.cols};
    p_.window_steps.back().dst = part.a;
  }
  MatmulSpec spec{.m = gx.cols, .n = gy.cols, .k = rows, .c_stride_m = gy.cols};
  if (p_.options.precision == Precision::kBF16) {
    spec.bf16 = true;
    spec.a_stride_m = Matmul::row_stride(rows);
    part.packing = MatmulPacking::of(gy.cols, rows);
    const int64_t a_halfs = round_up(gx.cols * spec.a_stride_m, 32) + 32;
    part.b_halfs = a_halfs;
    p_.part_halfs = std::max(p_.part_halfs, a_halfs + round_up(part.packing.num_values, 32) + 32);
  } else {
    spec.a_stride_m = 1;
    spec.a_stride_k = part.a.row_stride;
    spec.b_stride_k = part.b.row_stride;
  }
  for (const bool further : {false, true}) {
    spec.accumulate = further;
    part.matmul[further ? 1 : 0] = add_matmul(spec);
  }
  r.part = static_cast<int32_t>(p_.part_products.size());
  p_.part_products.push_back(part);
  rows_->instructions.push_back(r);
}

}  // namespace isthmus
