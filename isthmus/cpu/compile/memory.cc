// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/memory.h"

#include <algorithm>

#include "isthmus/cpu/compile/cut.h"
#include "isthmus/cpu/compile/lifetimes.h"

namespace isthmus {
namespace {

bool contains(const std::vector<uint32_t>& nodes, uint32_t i) {
  return std::find(nodes.begin(), nodes.end(), i) != nodes.end();
}

class Placer {
 public:
  Placer(const Uses& uses, const Forms& forms, const Groups& groups)
      : u_(uses), f_(forms), g_(groups), l_(m_.layout) {}

  StepMemory run() && {
    l_.places.resize(u_.size());
    place_leaves();
    place_once_values();
    place_row_values();
    place_lifetimes(u_, f_, g_, l_);
    place_expanded();
    resolve_shared();
    place_packed();
    place_casts(u_, f_, g_, m_);
    place_kept();
    place_sums();
    place_orders();
    place_asides();
    return std::move(m_);
  }

 private:
  /// An odd number of lines between values, so that equal widths do not fall into the same sets.
  int64_t allocate(Memory memory, int64_t& end, int64_t floats) {
    const int64_t offset = end;
    end += round_up(std::max<int64_t>(floats, 1), kLineFloats) + kLineFloats;
    l_.gaps.push_back({memory, offset + floats, end});
    return offset;
  }
  Place in_arena(int64_t floats, int64_t cols) {
    return {Memory::kArena, allocate(Memory::kArena, l_.arena_floats, floats), cols};
  }
  int64_t allocate_batch(int64_t floats) {
    return allocate(Memory::kBatch, l_.batch_floats, floats);
  }
  Place in_batch(int64_t floats, int64_t cols) {
    return {Memory::kBatch, allocate_batch(floats), cols};
  }

  void place_leaves() {
    for (uint32_t i = 0; i < u_.size(); ++i) {
      if (u_.is_op(i) || u_.per_row(i)) continue;
      l_.places[i] = in_arena(u_.values_of(i), u_.shape_of(i).cols);
    }
  }

  bool internal_to(uint32_t i, const std::vector<uint32_t>& group) const {
    const auto& readers = u_.readers[i];
    return !u_.output[i] && !readers.empty() &&
           std::all_of(readers.begin(), readers.end(),
                       [&](uint32_t r) { return contains(group, r); });
  }

  bool is_assigned(uint32_t i) const {
    const auto& assignments = u_.graph.assignments();
    return std::any_of(assignments.begin(), assignments.end(),
                       [&](const Assignment& a) { return u_.base[a.value] == i; });
  }

  void place_once_values() {
    place_once_stage(u_.plan.prologue, g_.tiles[0]);
    for (size_t s = 0; s < u_.plan.stages.size(); ++s) {
      place_once_stage(u_.plan.stages[s], g_.tiles[s + 1]);
    }
  }

  void place_once_stage(const Stage& stage, const std::vector<TileShape>& tiles) {
    for (size_t k = 0; k < stage.once.size(); ++k) {
      const OnceGroup& group = stage.once[k];
      int64_t scratch = 0;
      std::vector<uint32_t> all = group.nodes;
      if (group.source != kNoNode) all.push_back(group.source);
      for (uint32_t i : all) l_.places[i] = once_place(i, group, tiles[k].cols, scratch);
    }
  }

  Place once_place(uint32_t i, const OnceGroup& group, int64_t tile_cols, int64_t& scratch) {
    const auto state = g_.in_place.find(i);
    if (state != g_.in_place.end()) return l_.places[state->second];
    const Geometry g = geometry(group.shape);
    const bool stays = !is_assigned(i) && internal_to(i, group.nodes);
    if (stays && !group.scalar64 && i != group.source) {
      return {Memory::kScratch, scratch++, tile_cols};  // sized with its chunk
    }
    const bool in_tile =
        i == group.source && (f_.work[i] == Work::kBatchProducts || f_.work[i] == Work::kParts ||
                              f_.work[i] == Work::kProduct);
    if (stays && in_tile) return {Memory::kTile, 0, tile_cols};
    return in_arena(g.lead * g.cols, g.cols);
  }

  /// Whether nobody outside the chunks of its group reads the plain rows of a value.
  bool stays_in_chunks(const DeviceGroup& group, uint32_t i, size_t stage) const {
    const auto& readers = u_.readers[i];
    if (!group.chunks || u_.output[i] || readers.empty()) return false;
    const auto& forms = f_.beside_rows(i, stage);
    return std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
      if (contains(group.nodes, r)) return true;
      bool any = false, all = true;
      for (const Form& form : forms) {
        if (form.reader != r) continue;
        any = true;
        all = all && g_.makes_form(u_, f_, group, i, form);
      }
      return any && all;
    });
  }

  /// Whether a value is read by what runs when its row stage is over.
  bool crosses(uint32_t i, size_t stage) const {
    if (u_.output[i] || f_.work[i] == Work::kBatchWise) return true;
    const auto& readers = u_.readers[i];
    return std::any_of(readers.begin(), readers.end(), [&](uint32_t r) {
      const bool later = !u_.once(r) && u_.level(r) > static_cast<int>(stage);
      const bool given_away = u_.output[r] && u_.base[r] == u_.base[i] && !u_.view[r];
      return later || given_away || f_.reads_batch(u_, r) || is_kept_where_it_lies(i, r);
    });
  }

  /// float32 sums of products read the second factor where it lies, in whole panels.
  bool is_kept_where_it_lies(uint32_t i, uint32_t reader) const {
    return f_.work[reader] == Work::kBatchProducts && f_.precision == Precision::kF32 &&
           u_.base[u_.node(reader).inputs[1]] == i;
  }

  int64_t batch_rows(uint32_t i) const {
    const auto& readers = u_.readers[i];
    // A factor of a sum of products has whole panels; the rows behind the last block stay zero.
    const bool panels = f_.precision == Precision::kF32 &&
                        std::any_of(readers.begin(), readers.end(),
                                    [&](uint32_t r) { return f_.work[r] == Work::kBatchProducts; });
    const int64_t items = panels ? g_.num_panels * g_.panel_rows : g_.shape.padded_rows();
    return items * u_.shape_of(i).lead;
  }

  void place_row_values() {
    for (size_t s = 0; s < g_.rows.size(); ++s) {
      for (const DeviceGroup& group : g_.rows[s]) {
        int64_t scratch = 0;
        for (uint32_t i : group.nodes) place_row_value(i, group, s, scratch);
      }
    }
  }

  void place_row_value(uint32_t i, const DeviceGroup& group, size_t stage, int64_t& scratch) {
    const Geometry g = u_.shape_of(i);
    if (group.fill) {
      m_.filled[i] = in_batch(batch_rows(i) * g.cols, g.cols);
      return;
    }
    if (u_.is_unwritten_view(i)) return;  // its readers are those of what it shows
    Place& place = l_.places[i];
    if (f_.stored[i]) {
      place = {Memory::kStored, static_cast<int64_t>(i), g.lead * g.cols};
    } else if (f_.rounded[i]) {
      place = {Memory::kRounded, static_cast<int64_t>(i), g.cols};
    } else if (crosses(i, stage)) {
      place = in_batch(batch_rows(i) * g.cols, g.cols);
    } else if (stays_in_chunks(group, i, stage)) {
      place = {Memory::kScratch, scratch++, g.cols};
    } else {
      place = {Memory::kBlock, -1, g.cols};  // place_lifetimes
    }
  }

  /// Operands that are written out: in a block, or in the step for kOnce readers.
  void place_expanded() {
    for (const auto& [reader, in] : f_.expanded) {
      const Shape shape = expanded_shape(u_, reader, in);
      const int64_t count = value_count(shape), cols = geometry(shape).cols;
      Place place;
      if (u_.once(reader)) {
        place = in_arena(count, cols);
      } else {
        const int64_t items = g_.items[reader];
        place = {items < g_.shape.block_rows ? Memory::kPass : Memory::kBlock, l_.block_floats,
                 cols};
        l_.block_floats += round_up(items * count, kLineFloats) + kLineFloats;
      }
      if (cols == 1) place.col_stride = 0;
      m_.expanded[{reader, in}] = place;
    }
  }

  /// Other names share the place of their value, seen with their own shape; views start inside it.
  void resolve_shared() {
    for (uint32_t i = 0; i < u_.size(); ++i) {
      Place& place = l_.places[i];
      if (place.valid()) continue;
      const Node& n = u_.node(i);
      const uint32_t alias = u_.plan.nodes[i].alias_of;
      if (alias != kNoNode) {
        place = l_.places[alias];
        const bool reshapes = n.type.shape != u_.node(alias).type.shape;
        if (reshapes && n.op->layout == Layout::kSameMemory) place.row_stride = u_.shape_of(i).cols;
      } else if (u_.view[i]) {
        place = l_.places[n.inputs[0]];
        place.offset += n.attrs.integer("begin");
      }
    }
  }

  void place_packed() {
    for (const PackedForm& form : f_.packed) {
      const Geometry lines = u_.shape_of(form.weight);
      PackedWeight w{.node = form.weight, .transposed = form.transposed};
      w.num_k = form.transposed ? lines.cols : lines.lead;
      w.num_n = form.transposed ? lines.lead : lines.cols;
      w.packing = MatmulPacking::of(w.num_n, w.num_k);
      w.offset = l_.packed_halfs;
      w.leaf = !u_.is_op(form.weight);
      l_.packed_halfs += round_up(w.packing.num_values, kLineHalfs) + kLineHalfs;
      l_.packed.push_back(w);
    }
  }

  void place_kept() {
    for (uint32_t i = 0; i < u_.size(); ++i) {
      if (f_.work[i] != Work::kBatchProducts) continue;
      const auto& in = u_.node(i).inputs;
      if (!sums_stored_input(u_, f_, i)) keep(in[0], true);
      keep(in[1], false);
    }
  }

  void keep(uint32_t i, bool transposed) {
    const auto [at, is_new] =
        m_.kept.try_emplace({i, transposed}, static_cast<int32_t>(l_.kept.size()));
    if (!is_new) return;
    const Geometry g = u_.shape_of(i);
    const int64_t panel = g_.panel_rows * g.lead;
    KeptOperand k{.node = i, .transposed = transposed, .cols = g.cols, .rows_per_item = g.lead};
    if (f_.precision == Precision::kF32) {
      k.row_stride = panel;
      if (transposed) {
        k.panel_stride = round_up(g.cols * panel, kLineFloats) + kLineFloats;
        k.offset = allocate_batch(k.panel_stride * g_.num_panels);
      } else {
        k.panel_stride = panel * g.cols;
        k.offset = m_.rows_of(i).offset;
      }
    } else {
      if (transposed) {
        k.row_stride = Matmul::row_stride(panel);
        k.panel_stride = round_up(g.cols * k.row_stride, kLineHalfs) + kLineHalfs;
      } else {
        k.packing = MatmulPacking::of(g.cols, panel);
        k.panel_stride = round_up(k.packing.num_values, kLineHalfs) + kLineHalfs;
      }
      k.offset = l_.kept_halfs;
      l_.kept_halfs += k.panel_stride * g_.num_panels;
    }
    l_.kept.push_back(k);
  }

  void place_sums() {
    for (uint32_t i = 0; i < u_.size(); ++i) {
      if (f_.work[i] == Work::kBatchSum) place_batch_sum(i);
      if (f_.work[i] == Work::kParts) place_part_sum(i);
    }
  }

  void place_batch_sum(uint32_t i) {
    BatchSum sum{.node = i, .size = u_.values_of(i)};
    sum.chunk_stride = round_up(sum.size, kLineFloats);
    const int64_t chunks = g_.shape.padded_rows() / g_.shape.chunk_rows;
    sum.partials_offset = allocate_batch(chunks * sum.chunk_stride);
    m_.batch_sums[i] = static_cast<int32_t>(l_.batch_sums.size());
    l_.batch_sums.push_back(sum);
  }

  void place_part_sum(uint32_t i) {
    const Shape& shape = u_.node(i).type.shape;
    PartSum sum{.node = i, .rows = shape[0], .cols = shape[1]};
    sum.transposed = f_.precision == Precision::kBF16;
    sum.stride = round_up(sum.rows * sum.cols, kLineFloats) + kLineFloats;
    sum.offset = allocate_batch(g_.shape.num_parts() * sum.stride);
    m_.part_sums[i] = static_cast<int32_t>(l_.part_sums.size());
    l_.part_sums.push_back(sum);
    // bf16: through the scratch memory of the thread.
    if (sum.transposed || !g_.makes_windows_again(u_, f_, i)) return;
    const Geometry windows = u_.shape_of(u_.node(i).inputs[0]);
    const int64_t items = g_.items[g_.last_factor(u_, i)];
    if (m_.windows_again < 0) m_.windows_again = l_.block_floats;
    const int64_t size = round_up(items * windows.lead * windows.cols, kLineFloats) + kLineFloats;
    l_.block_floats = std::max(l_.block_floats, m_.windows_again + size);
  }

  void place_orders() {
    for (const auto& [i, form] : f_.batch) {
      if (form.order_of == kNoNode || m_.orders.contains(form.order_of)) continue;
      const int64_t rows = g_.shape.max_rows, cols = u_.values_of(u_.node(form.order_of).inputs[0]);
      m_.orders[form.order_of] = in_batch(rows * cols, rows);
    }
  }

  /// The old value of a state that may be assigned itself (a swap) is put aside first.
  void place_asides() {
    for (const Assignment& a : u_.graph.assignments()) {
      const uint32_t value = u_.base[a.value];
      const NodeKind kind = u_.node(value).kind;
      if (kind != NodeKind::kParameter && kind != NodeKind::kState) continue;
      m_.asides[a.state] = in_arena(u_.values_of(a.state), l_.places[value].row_stride);
    }
  }

  const Uses& u_;
  const Forms& f_;
  const Groups& g_;
  StepMemory m_;
  MemoryLayout& l_;
};

std::string_view memory_name(Memory memory) {
  constexpr std::string_view names[] = {"none",    "arena", "batch",  "block",  "pass",
                                        "scratch", "tile",  "stored", "rounded"};
  return names[static_cast<size_t>(memory)];
}

}  // namespace

const Place& StepMemory::rows_of(uint32_t i) const {
  const auto at = filled.find(i);
  return at != filled.end() ? at->second : layout.places[i];
}

int32_t StepMemory::packed(const PackedForm& form) const {
  const auto at = std::find_if(layout.packed.begin(), layout.packed.end(), [&](const auto& w) {
    return w.node == form.weight && w.transposed == form.transposed;
  });
  ISTHMUS_CHECK(at != layout.packed.end(), "a packed factor was chosen");
  return static_cast<int32_t>(at - layout.packed.begin());
}

StepMemory assign_memory(const Uses& uses, const Forms& forms, const Groups& groups) {
  return Placer(uses, forms, groups).run();
}

std::string print_memory(const Uses& uses, const StepMemory& memory) {
  std::string text;
  for (uint32_t i = 0; i < uses.size(); ++i) {
    const Place& p = memory.place(i);
    text += "%" + std::to_string(i) + "  " + std::string(memory_name(p.memory)) + " " +
            std::to_string(p.offset) + ", rows of " + std::to_string(p.row_stride) + "\n";
  }
  for (const auto& [key, index] : memory.kept) {
    text += "%" + std::to_string(key.first) + (key.second ? "  kept transposed\n" : "  kept\n");
  }
  return text;
}

}  // namespace isthmus
