// SPDX-License-Identifier: Apache-2.0
// Chunk programs: the elementwise steps of a group, what is fused into one step, and the scratch
// slots in the L1 cache that hold what never leaves the chunk.
#include <algorithm>

#include "isthmus/cpu/compile/fusions/fusion.h"

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

class ChunkEmitter {
 public:
  ChunkEmitter(Emission& e, const std::vector<uint32_t>& nodes, const Geometry& g,
               const DeviceGroup* rows, int64_t width)
      : e_(e),
        nodes_(nodes),
        g_(g),
        rows_(rows),
        width_(width),
        group_{e, nodes, g, rows != nullptr} {}

  ChunkProgram run() && {
    chunk_.cols = g_.cols;
    choose_rows();
    if (rows_ != nullptr && rows_->fill) {
      chunk_.steps.push_back(fill_step(nodes_[0]));
    } else {
      for (uint32_t i : nodes_) append_step(i);
    }
    fuse(fuse_bernoulli);
    fuse(fuse_adam);
    fuse(fuse_bias_relu);
    load_stored_inputs();
    if (rows_ != nullptr) {
      for (uint32_t i : nodes_) append_forms(i);
    }
    place_scratch();
    return std::move(chunk_);
  }

 private:
  void choose_rows() {
    const int64_t rows = rows_ != nullptr ? e_.pass_items() * g_.lead : g_.lead;
    int64_t& chunk = chunk_.chunk_rows;
    chunk = std::clamp<int64_t>(kChunkFloats / std::max<int64_t>(width_, 1), 1, rows);
    if (rows_ == nullptr) return;
    if (g_.lead > 1) {
      chunk = chunk_rows_of(chunk, g_.lead);
    } else if (chunk < rows) {
      chunk = round_up(chunk, 2);  // a pair of rows of a kept operand is whole
    }
  }

  ChunkStep fill_step(uint32_t i) const {
    ChunkStep step;
    step.name = "fill";
    step.kernel = copy_kernel();
    step.in[0] = operand_at(e_.uses, e_.memory.place(e_.uses.source_of(i).first), i, g_, false);
    step.num_in = 1;
    step.dst = e_.memory.filled.at(i);
    return step;
  }

  void append_step(uint32_t i) {
    const Node& n = e_.node(i);
    ChunkStep step;
    step.name = n.op->name;
    step.nodes = {i};
    step.num_in = static_cast<int>(n.inputs.size());
    step.dst = e_.memory.place(i);
    if (n.op->elementwise) {
      for (size_t k = 0; k < n.inputs.size(); ++k) step.in[k] = group_.operand(i, k);
      step.kernel = find_elementwise_kernel(n.op->name);
      if (step.kernel == nullptr) {
        throw Error(ErrorCode::kImpossible,
                    "no cpu kernel for op '" + std::string(n.op->name) + "' (node " +
                        std::to_string(i) + ", " + n.scope + ") outside of rows",
                    "add it to a table in isthmus/cpu/kernels/");
      }
      if (n.attrs.has("slope")) step.attr[0] = static_cast<float>(n.attrs.number("slope"));
      if (n.attrs.has("alpha")) step.attr[0] = static_cast<float>(n.attrs.number("alpha"));
      if (n.attrs.has("low")) {
        step.attr = {static_cast<float>(n.attrs.number("low")),
                     static_cast<float>(n.attrs.number("high"))};
      }
    } else {
      const bool sums = reduce_op(*n.op) == ReduceOp::kSum;
      step.op = sums ? ChunkOp::kRowSum : ChunkOp::kLogSumExp;
      const uint32_t in = n.inputs[0];
      step.in[0] = lines_at(e_.uses, e_.memory.place(e_.uses.base[in]), in, g_);
      // One value per line of the group: (K, Z) is summed to (K), which is dense.
      if (g_.lead > 1) step.dst.row_stride = 1;
    }
    chunk_.cost = std::min(chunk_.cost, cost_of(*n.op));
    chunk_.steps.push_back(step);
  }

  void fuse(Fusion (*pattern)(const ChunkNodes&, uint32_t)) {
    for (uint32_t i : nodes_) {
      Fusion fusion = pattern(group_, i);
      if (!fusion.why_not.empty()) {
        chunk_.notes.push_back(std::string(e_.node(i).op->name) +
                               " is not fused: " + fusion.why_not);
      }
      const bool is_free = std::none_of(fusion.nodes.begin(), fusion.nodes.end(),
                                        [&](uint32_t node) { return fused_.contains(node); });
      if (!fusion.found() || !is_free) continue;
      fused_.insert(fusion.nodes.begin(), fusion.nodes.end());
      replace_steps(fusion);
    }
  }

  void replace_steps(const Fusion& fusion) {
    auto& steps = chunk_.steps;
    const auto is_gone = [&](const ChunkStep& s) {
      return s.nodes.size() == 1 &&
             std::find(fusion.nodes.begin(), fusion.nodes.end(), s.nodes[0]) != fusion.nodes.end();
    };
    const auto first = std::find_if(steps.begin(), steps.end(), is_gone);
    const auto last = std::find_if(steps.rbegin(), steps.rend(), is_gone).base();
    const auto anchor = fusion.at_last ? last : first;  // what stands before it stays before
    const auto before =
        std::count_if(steps.begin(), anchor, [&](const ChunkStep& s) { return !is_gone(s); });
    std::erase_if(steps, is_gone);
    steps.insert(steps.begin() + before, fusion.steps.begin(), fusion.steps.end());
    if (fusion.cost != Cost::kOther) chunk_.cost = fusion.cost;
  }

  /// Steps that read a stored input read it from a scratch slot that the chunk loads first, or
  /// that a step which loads by itself may use.
  void load_stored_inputs() {
    int64_t next_slot = 0;
    for (const ChunkStep& s : chunk_.steps) {
      for (const Place* dst : {&s.dst, &s.dst2}) {
        if (dst->memory == Memory::kScratch) next_slot = std::max(next_slot, dst->offset + 1);
      }
    }
    std::map<int64_t, Place> slots;  // by input node
    std::set<int64_t> loaded;
    for (ChunkStep& s : chunk_.steps) {
      for (Place& in : s.in) {
        if (in.memory != Memory::kStored) continue;
        if (s.index < 0) loaded.insert(in.offset);
        const auto [slot, is_new] =
            slots.try_emplace(in.offset, Place{Memory::kScratch, next_slot, g_.cols});
        if (is_new) ++next_slot;
        in = slot->second;
      }
    }
    for (int64_t input : loaded) {
      ChunkStep load;
      load.op = ChunkOp::kLoad;
      load.name = "load";
      load.dst = slots.at(input);
      load.index = input_index(e_.program, static_cast<uint32_t>(input));
      chunk_.steps.insert(chunk_.steps.begin(), load);
    }
  }

  /// The forms of a value that are made while it is in the L1 cache.
  void append_forms(uint32_t i) {
    for (const Form& form : e_.forms.beside_rows(i, e_.stage)) {
      if (!e_.groups.makes_form(e_.uses, e_.forms, *rows_, i, form)) continue;
      ChunkStep s;
      s.in[0] = e_.memory.place(i);
      s.num_in = 1;
      if (form.kind == FormKind::kBatchSum) {
        s.op = ChunkOp::kColumnSum;
        s.name = "partial_sums";
        s.index = e_.memory.batch_sums.at(form.reader);
      } else if (form.kind == FormKind::kCast) {
        if (!casts_.insert(i).second) continue;
        s.op = ChunkOp::kCast;
        s.name = "to_bf16";
        s.half_offset = e_.memory.casts.at({e_.stage, e_.run, i, g_.cols}).offset;
      } else {
        if (!e_.kept.insert({form.value, false}).second) continue;
        s.op = ChunkOp::kKeepPairs;
        s.name = "keep";
        s.index = e_.memory.kept.at({form.value, false});
      }
      chunk_.steps.push_back(s);
    }
  }

  void place_scratch() {
    const int64_t unit = round_up(chunk_.chunk_rows * width_, kLineFloats) + kLineFloats;
    int64_t& floats = e_.program.memory.scratch_floats;
    floats = std::max(floats, share_slots(chunk_) * unit);
    for (ChunkStep& step : chunk_.steps) {
      visit_scratch(step, [&](Place& place) { place.offset *= unit; });
    }
  }

  Emission& e_;
  const std::vector<uint32_t>& nodes_;
  const Geometry& g_;
  const DeviceGroup* rows_;
  int64_t width_;
  ChunkNodes group_;
  ChunkProgram chunk_;
  std::set<uint32_t> casts_, fused_;
};

}  // namespace

ChunkProgram make_chunks(Emission& e, const std::vector<uint32_t>& nodes, const Geometry& g,
                         const DeviceGroup* rows, int64_t width) {
  return ChunkEmitter(e, nodes, g, rows, width).run();
}

}  // namespace isthmus
