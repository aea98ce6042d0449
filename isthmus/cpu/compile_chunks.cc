// SPDX-License-Identifier: Apache-2.0
// Chunk programs: the elementwise steps of a group, what is fused into one step, and the scratch
// slots in the L1 cache that hold what never leaves the chunk.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

constexpr int64_t kChunkFloats = 2048;  // one chunk buffer: 8 KiB, so that a group stays in L1

template <class F>
void visit_scratch(ChunkStep& step, F visit) {
  const auto each = [&](Place& place) {
    if (place.memory == Memory::kScratch) visit(place);
  };
  for (Place& place : step.in) each(place);
  for (Place& place : step.state) each(place);
  each(step.dst);
  each(step.dst2);
}

/// Values are numbered; those that are never alive together get one slot. Returns how many.
int64_t share_slots(ChunkProgram& chunk) {
  std::map<int64_t, size_t> last;  // step that names the value last
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    visit_scratch(chunk.steps[k], [&](const Place& place) { last[place.offset] = k; });
  }
  std::map<int64_t, int64_t> slots;  // by value
  std::set<int64_t> free;
  int64_t num_slots = 0;
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    std::vector<int64_t> done;
    visit_scratch(chunk.steps[k], [&](Place& place) {
      const int64_t value = place.offset;
      auto at = slots.find(value);
      if (at == slots.end()) {
        const bool any = !free.empty();
        at = slots.emplace(value, any ? *free.begin() : num_slots++).first;
        if (any) free.erase(free.begin());
      }
      if (last[value] == k) done.push_back(at->second);
      place.offset = at->second;
    });
    free.insert(done.begin(), done.end());  // a step never writes over what it reads
  }
  return num_slots;
}

/// About `rows` rows that begin with an item and are whole items, or begin anywhere and lie in one:
/// for operands that are repeated over the rows of an item.
int64_t chunk_rows_of(int64_t rows, int64_t lead) {
  if (rows >= lead) return rows / lead * lead;
  while (lead % rows != 0) --rows;
  return rows;
}

}  // namespace

int32_t Compiler::make_chunk_program(const std::vector<uint32_t>& nodes, const Geometry& g,
                                     const DeviceGroup* row_group, int64_t width) {
  const bool in_rows = row_group != nullptr;
  ChunkProgram chunk;
  chunk.cols = g.cols;
  const int64_t rows = in_rows ? pass_items_ * g.lead : g.lead;
  chunk.chunk_rows = std::clamp<int64_t>(kChunkFloats / std::max<int64_t>(width, 1), 1, rows);
  if (in_rows && g.lead > 1) {
    chunk.chunk_rows = chunk_rows_of(chunk.chunk_rows, g.lead);
  } else if (in_rows && chunk.chunk_rows < rows) {
    chunk.chunk_rows = round_up(chunk.chunk_rows, 2);  // a pair of rows of a kept operand is whole
  }
  for (uint32_t i : nodes) append_chunk_step(chunk, i, g, in_rows);
  prepend_loads(chunk, g);
  if (p_.options.max_rows > 0) {
    fuse_bernoulli(chunk);
    fuse_adam(chunk);
    fuse_bias_relu(chunk, [this](const Place& place) { return is_zero_constant(place); });
  }
  if (in_rows) append_sinks(chunk, *row_group);
  place_scratch(chunk, width);
  p_.chunk_programs.push_back(std::move(chunk));
  return static_cast<int32_t>(p_.chunk_programs.size() - 1);
}

bool Compiler::is_zero_constant(const Place& place) const {
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& n = node(i);
    if (n.kind != NodeKind::kConstant || value_count(n.type.shape) != 1) continue;
    const Place& at = p_.places[i];
    if (at.memory != place.memory || at.offset != place.offset) continue;
    return n.type.dtype == Dtype::kF64 ? n.constant.values<double>()[0] == 0
                                       : n.constant.values<float>()[0] == 0;
  }
  return false;
}

void Compiler::append_chunk_step(ChunkProgram& chunk, uint32_t i, const Geometry& g, bool in_rows) {
  const Node& n = node(i);
  ChunkStep step;
  const bool fill = in_rows && filled_.count(i) != 0;
  if (fill) {
    step.name = "fill";
    step.kernel = find_elementwise_kernel("stop_gradient");
    step.in[0] = operand(i, g, false);
    step.num_in = 1;
    step.dst = filled_.at(i);
    chunk.steps.push_back(step);
    return;
  }
  step.name = n.op->name;
  step.nodes = {i};
  step.num_in = static_cast<int>(n.inputs.size());
  step.dst = p_.places[i];
  if (n.op->elementwise) {
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      step.in[k] = operand_for(i, n.inputs[k], g, !in_rows);
    }
    step.kernel = find_elementwise_kernel(n.op->name);
    if (n.attrs.has("slope")) step.attr[0] = static_cast<float>(n.attrs.number("slope"));
    if (n.attrs.has("alpha")) step.attr[0] = static_cast<float>(n.attrs.number("alpha"));
    if (n.attrs.has("low")) {
      step.attr = {static_cast<float>(n.attrs.number("low")),
                   static_cast<float>(n.attrs.number("high"))};
    }
  } else {
    step.op = n.op->name == "logsumexp" ? ChunkOp::kLogSumExp : ChunkOp::kRowSum;
    step.in[0] = line_operand(n.inputs[0], g);
    // One value per line of the group: (K, Z) is summed to (K), which is dense.
    if (g.lead > 1) step.dst.row_stride = 1;
  }
  if (n.op->name == "bernoulli_log_prob" || n.op->name == "exp" || n.op->name == "sigmoid") {
    chunk.cost = Cost::kLikelihood;
  }
  chunk.steps.push_back(step);
}

void Compiler::place_scratch(ChunkProgram& chunk, int64_t width) {
  const int64_t unit = round_up(chunk.chunk_rows * width, kLineFloats) + kLineFloats;
  p_.scratch_floats = std::max(p_.scratch_floats, share_slots(chunk) * unit);
  for (ChunkStep& step : chunk.steps) {
    visit_scratch(step, [&](Place& place) { place.offset *= unit; });
  }
}

}  // namespace isthmus
