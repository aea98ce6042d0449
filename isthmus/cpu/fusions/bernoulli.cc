// SPDX-License-Identifier: Apache-2.0
// Bernoulli with logits: loss and gradient in one pass.
//
//   a = bernoulli_log_prob(t, x)   s = sum(a)            |  log_prob = s
//   p = sigmoid(t)   d = sub(x, p)   g = mul(scale, d)   |  gradient = g
//
// where scale is one number for all rows or one per row; where it is not known yet (weights of
// several draws), d takes the place of g. Before it, if nobody else wants t, t = add(logits, bias
// of the columns); if nobody else wants x, it is read where it is stored; several draws share a row
// of x. One exp and one reciprocal serve both; the logs of a row become logs of products.
#include <array>

#include "isthmus/cpu/compiler.h"
#include "isthmus/cpu/fusions/match.h"

namespace isthmus {
namespace {

/// The only reader of `value` in the chunk, if it stays inside; -1 otherwise.
int only_reader(const ChunkProgram& chunk, const Place& value) {
  const std::vector<int> readers = readers_of(chunk, value);
  return value.memory == Memory::kScratch && readers.size() == 1 ? readers[0] : -1;
}

int find_step(const ChunkProgram& chunk, std::string_view name, const Place& in0) {
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    if (chunk.steps[k].name == name && same(chunk.steps[k].in[0], in0)) return static_cast<int>(k);
  }
  return -1;
}

/// The step that makes `t` by adding one bias per column, if only these two steps read t.
int bias_step(const ChunkProgram& chunk, const Place& t, const std::array<int, 2>& readers) {
  const int made = maker_of(chunk, t);
  if (t.memory != Memory::kScratch || made < 0) return -1;
  for (int k : readers_of(chunk, t)) {
    if (k != readers[0] && k != readers[1]) return -1;
  }
  const ChunkStep& s = chunk.steps[static_cast<size_t>(made)];
  return s.name == "add" && full(s.in[0]) && one_row(s.in[1]) ? made : -1;
}

bool try_fuse(ChunkProgram& chunk, size_t at) {
  const auto step = [&](int k) -> const ChunkStep& { return chunk.steps[static_cast<size_t>(k)]; };
  const ChunkStep log_prob = chunk.steps[at];
  const Place t = log_prob.in[0], x = log_prob.in[1];
  if (!full(t) || !full_or_repeated(x)) return false;
  const int sum = only_reader(chunk, log_prob.dst);
  if (sum < 0 || step(sum).op != ChunkOp::kRowSum) return false;
  const int sigmoid = find_step(chunk, "sigmoid", t);
  if (sigmoid < 0) return false;
  const int diff = only_reader(chunk, step(sigmoid).dst);
  if (diff < 0 || step(diff).name != "sub" || !same(step(diff).in[0], x)) return false;
  std::vector<int> gone = {static_cast<int>(at), sum, sigmoid, diff};
  Place scale = {}, gradient = step(diff).dst;
  const int scaled = only_reader(chunk, step(diff).dst);
  if (scaled >= 0) {
    const int other = same_value(step(scaled).in[0], step(diff).dst) ? 1 : 0;
    scale = step(scaled).in[static_cast<size_t>(other)];
    if (step(scaled).name != "mul" || !one_column(scale)) return false;
    gradient = step(scaled).dst;
    gone.push_back(scaled);
  } else if (step(diff).dst.memory == Memory::kScratch) {
    return false;
  }

  ChunkStep fused;
  fused.op = ChunkOp::kBernoulli;
  fused.name = "bernoulli_with_gradient";
  fused.in = {t, x, scale};
  fused.num_in = scale.valid() ? 3 : 2;
  fused.dst = step(sum).dst;
  fused.dst2 = gradient;
  const int biased = bias_step(chunk, t, {gone[0], sigmoid});
  if (biased >= 0) {
    fused.in[0] = step(biased).in[0];
    fused.state[0] = step(biased).in[1];
    gone.push_back(biased);
  }
  const int loaded = maker_of(chunk, x);
  if (loaded >= 0 && step(loaded).op == ChunkOp::kLoad && readers_of(chunk, x).size() == 2) {
    fused.index = step(loaded).index;
    gone.push_back(loaded);
  }
  replace_steps(chunk, std::move(gone), fused);
  chunk.cost = Cost::kLikelihood;
  return true;
}

}  // namespace

void fuse_bernoulli(ChunkProgram& chunk) {
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    if (chunk.steps[k].name == "bernoulli_log_prob" && try_fuse(chunk, k)) return;
  }
}

}  // namespace isthmus
