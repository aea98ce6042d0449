// SPDX-License-Identifier: Apache-2.0
// The activation of a hidden layer in one pass over the product's rows:
//
//   t = add(product, bias of the columns)   y = relu(t)   m = greater(t, 0)
//
// if nobody else wants t; m, the mask of the gradient, may be missing.
#include "isthmus/cpu/compiler.h"
#include "isthmus/cpu/fusions/match.h"

namespace isthmus {
namespace {

bool try_fuse(ChunkProgram& chunk, int at, const std::function<bool(const Place&)>& is_zero) {
  const auto step = [&](int k) -> const ChunkStep& { return chunk.steps[static_cast<size_t>(k)]; };
  const ChunkStep& add = step(at);
  if (add.name != "add" || !full(add.in[0]) || !one_row(add.in[1])) return false;
  if (add.dst.memory != Memory::kScratch) return false;
  ChunkStep fused;
  fused.op = ChunkOp::kBiasRelu;
  fused.name = "bias_relu";
  fused.in = {add.in[0], add.in[1], {}};
  fused.num_in = 2;
  std::vector<int> gone = {at};
  for (int k : readers_of(chunk, add.dst)) {
    const ChunkStep& reader = step(k);
    const bool relu = reader.name == "relu";
    const bool mask =
        reader.name == "greater" && same_value(reader.in[0], add.dst) && is_zero(reader.in[1]);
    Place& dst = relu ? fused.dst : fused.dst2;
    if ((!relu && !mask) || dst.valid()) return false;
    dst = reader.dst;
    gone.push_back(k);
  }
  if (!fused.dst.valid()) return false;
  replace_steps(chunk, std::move(gone), fused);
  return true;
}

}  // namespace

void fuse_bias_relu(ChunkProgram& chunk, const std::function<bool(const Place&)>& is_zero) {
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    if (try_fuse(chunk, static_cast<int>(k), is_zero)) return;
  }
}

}  // namespace isthmus
