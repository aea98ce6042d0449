// SPDX-License-Identifier: Apache-2.0
// Matrix products of once stages, tile by tile: sums over the batch of products of per-row values
// (gradients of weights), and products of two kOnce matrices (parameters sent through a layer, as
// pseudo-inputs are).
#include "isthmus/cpu/compiler.h"

namespace isthmus {

/// The tile product of a sum over the batch, made when the tile height is known.
void Compiler::set_outer_sum(uint32_t i, OnceProgram& program) {
  const uint32_t x = node(i).inputs[0], dy = node(i).inputs[1];
  program.crossing_b = crossing(dy, false);
  const int64_t k = p_.panel_rows * geometry(node(x).type.shape).lead;
  MatmulSpec spec{.k = k};
  spec.bf16 = p_.options.precision == Precision::kBF16;
  if (sums_stored_input(i)) {
    program.input = input_index(base(x));
    spec.a_stride_m = Matmul::row_stride(k);
    p_.tile_halfs = std::max(p_.tile_halfs, program.tile_rows * spec.a_stride_m);
    p_.scratch_floats = std::max(p_.scratch_floats, program.tile_rows * 32);
  } else {
    program.crossing_a = crossing(x, true);
    spec.a_stride_m = p_.crossings[static_cast<size_t>(program.crossing_a)].row_stride;
  }
  spec.b_stride_k = program.cols;
  add_tile_matmuls(spec, p_.num_panels, program);
}

/// A product of kOnce matrices. bf16 rounds the rows of the first factor tile by tile and packs the
/// second behind the tasks that make it.
void Compiler::set_matmul(uint32_t i, OnceProgram& program) {
  const Node& n = node(i);
  const uint32_t a = n.inputs[0], b = n.inputs[1];
  const bool b_transposed = n.attrs.integer("transpose_b", 0) != 0;
  OnceProduct& product = program.product;
  product.a = p_.places[a];
  product.b = p_.places[b];
  product.a_transposed = n.attrs.integer("transpose_a", 0) != 0;
  product.num_k = node(a).type.shape[product.a_transposed ? 0 : 1];
  MatmulSpec spec{.k = product.num_k};
  if (p_.options.precision == Precision::kBF16) {
    spec.bf16 = true;
    spec.a_stride_m = Matmul::row_stride(spec.k);
    product.weight = packed_weight(b, b_transposed);
    p_.tile_halfs = std::max(p_.tile_halfs, program.tile_rows * spec.a_stride_m);
  } else {
    spec.a_stride_m = product.a_transposed ? 1 : product.a.row_stride;
    spec.a_stride_k = product.a_transposed ? product.a.row_stride : 1;
    spec.b_stride_k = b_transposed ? 1 : product.b.row_stride;
    spec.b_stride_n = b_transposed ? product.b.row_stride : 1;
  }
  add_tile_matmuls(spec, 1, program);
}

/// The products of whole and of shorter tiles, of the first and of further panels.
void Compiler::add_tile_matmuls(MatmulSpec spec, int64_t panels, OnceProgram& program) {
  spec.c_stride_m = program.source_dst.row_stride;
  const int64_t rows[] = {program.tile_rows, program.rows % program.tile_rows};
  const int64_t cols[] = {program.tile_cols, program.cols % program.tile_cols};
  for (size_t r = 0; r < 2; ++r) {
    for (size_t c = 0; c < 2; ++c) {
      if (rows[r] == 0 || cols[c] == 0) continue;
      spec.m = rows[r];
      spec.n = cols[c];
      for (bool next : {false, true}) {
        spec.accumulate = next;
        if (!next || panels > 1) program.matmuls[r][c][next ? 1 : 0] = add_matmul(spec);
      }
    }
  }
  if (program.source_dst.memory == Memory::kTile) {
    p_.tile_floats = std::max(p_.tile_floats, program.tile_rows * program.tile_cols);
  }
}

}  // namespace isthmus
