// SPDX-License-Identifier: Apache-2.0
// Gives every value its memory: the arena for what lives between steps, batch regions for what
// crosses a stage, per-thread blocks (shared by lifetime) for the rest, and chunk scratch for
// values that never leave their group.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {

void Compiler::find_readers() {
  readers_.resize(graph_.nodes().size());
  for (uint32_t i = graph_.nodes().size(); i-- > 0;) {
    for (uint32_t r : plan_.nodes[i].readers) {
      const bool shares = (plan_.nodes[r].alias_of == i && !plan_.nodes[r].materialized) ||
                          (is_view(r) && !is_output(r));
      if (shares) {
        readers_[i].insert(readers_[i].end(), readers_[r].begin(), readers_[r].end());
        if (is_view(r) || is_output(r)) readers_[i].push_back(r);
      } else {
        readers_[i].push_back(r);
        // Elementwise readers look through a broadcast even where it is also needed in full.
        if (plan_.nodes[r].alias_of == i) {
          readers_[i].insert(readers_[i].end(), readers_[r].begin(), readers_[r].end());
        }
      }
    }
  }
}

bool Compiler::is_output(uint32_t i) const {
  return std::any_of(graph_.outputs().begin(), graph_.outputs().end(),
                     [&](const auto& o) { return o.second == i; });
}

int64_t Compiler::allocate_arena(int64_t floats) {
  const int64_t offset = p_.arena_floats;
  // An odd number of lines between values, so that equal widths do not fall into the same sets.
  p_.arena_floats += round_up(std::max<int64_t>(floats, 1), kLineFloats) + kLineFloats;
  p_.gaps.push_back({Memory::kArena, offset + floats, p_.arena_floats});
  return offset;
}

int64_t Compiler::allocate_batch(int64_t floats) {
  const int64_t offset = p_.batch_floats;
  p_.batch_floats += round_up(std::max<int64_t>(floats, 1), kLineFloats) + kLineFloats;
  p_.gaps.push_back({Memory::kBatch, offset + floats, p_.batch_floats});
  return offset;
}

void Compiler::place_all() {
  p_.places.resize(graph_.nodes().size());
  place_leaves();
  place_once_values();
  place_row_values();
  for (size_t s = 0; s < plan_.stages.size(); ++s) place_block_lifetimes(s);
  place_expanded();
  resolve_shared_places();
}

void Compiler::place_leaves() {
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& n = node(i);
    if (n.kind == NodeKind::kOp || n.type.extent == Extent::kPerRow) continue;
    const int64_t cols = geometry(n.type.shape).cols;
    p_.places[i] = {Memory::kArena, allocate_arena(value_count(n.type.shape)), cols};
  }
}

bool Compiler::internal_to(uint32_t i, const std::vector<uint32_t>& group) const {
  if (is_output(i) || readers_[i].empty()) return false;
  return std::all_of(readers_[i].begin(), readers_[i].end(), [&](uint32_t r) {
    return std::find(group.begin(), group.end(), r) != group.end();
  });
}

/// Whether nobody outside the chunks of its group reads the plain rows of a value.
bool Compiler::stays_in_chunks(const DeviceGroup& group, uint32_t i, size_t stage) const {
  if (!group.chunks || is_output(i) || readers_[i].empty()) return false;
  const auto served = followers(i, stage);
  return std::all_of(readers_[i].begin(), readers_[i].end(), [&](uint32_t r) {
    if (std::find(group.nodes.begin(), group.nodes.end(), r) != group.nodes.end()) return true;
    bool any = false, all = true;
    for (const Follower& f : served) {
      if (f.reader != r) continue;
      any = true;
      all = all && is_sink(group, i, f);
    }
    return any && all;
  });
}

void Compiler::place_once_values() {
  auto place_stage = [&](const Stage& stage) {
    for (const OnceGroup& group : stage.once) {
      const Geometry g = geometry(group.shape);
      int64_t scratch = 0;
      std::vector<uint32_t> all = group.nodes;
      if (group.source != kNoNode) all.push_back(group.source);
      for (uint32_t i : all) {
        const bool assigned = std::any_of(graph_.assignments().begin(), graph_.assignments().end(),
                                          [&](const Assignment& a) { return base(a.value) == i; });
        const auto in_place = in_place_.find(i);
        if (in_place != in_place_.end()) {
          p_.places[i] = p_.places[in_place->second];
        } else if (!group.scalar64 && !assigned && i != group.source &&
                   internal_to(i, group.nodes)) {
          p_.places[i] = {Memory::kScratch, scratch++, tile_cols_for(group)};  // sized later
        } else if (i == group.source && (is_op(i, "outer_sum") || is_op(i, "matmul")) &&
                   !assigned && internal_to(i, group.nodes)) {
          p_.places[i] = {Memory::kTile, 0, tile_cols_for(group)};
        } else {
          p_.places[i] = {Memory::kArena, allocate_arena(g.lead * g.cols), g.cols};
        }
      }
    }
  };
  place_stage(plan_.prologue);
  for (const Stage& stage : plan_.stages) place_stage(stage);
}

void Compiler::place_row_values() {
  for (size_t s = 0; s < row_groups_.size(); ++s) {
    for (const DeviceGroup& group : row_groups_[s]) {
      int64_t scratch = 0;
      for (uint32_t i : group.nodes) {
        const Geometry g = geometry(node(i).type.shape);
        int64_t rows = p_.shape.padded_rows() * g.lead;
        bool batch = is_output(i) || is_batch_wise(i);
        for (uint32_t r : readers_[i]) {
          batch |= !once(r) && plan_.nodes[r].level > static_cast<int>(s);
          batch |= is_output(r) && base(r) == base(i) && !is_view(r);
          batch |= reads_batch(r);
          const bool kept = is_op(r, "outer_sum") && !is_in_parts(r);
          if (!kept || p_.options.precision != Precision::kF32) continue;
          // float32 sums of products read the second factor where it lies, in whole panels; the
          // rows behind the last block stay zero.
          batch |= base(node(r).inputs[1]) == i;
          rows = p_.num_panels * p_.panel_rows * g.lead;
        }
        Place place;
        if (group.fill) {
          filled_[i] = {Memory::kBatch, allocate_batch(rows * g.cols), g.cols};
          continue;
        }
        if (is_view(i) && !is_output(i)) continue;  // its readers are those of what it shows
        if (stays_stored(i)) {
          place = {Memory::kStored, static_cast<int64_t>(i), g.lead * g.cols};
        } else if (batch) {
          place = {Memory::kBatch, allocate_batch(rows * g.cols), g.cols};
        } else if (group.chunks && stays_in_chunks(group, i, s)) {
          place = {Memory::kScratch, scratch++, g.cols};
        } else {
          place = {Memory::kBlock, -1, g.cols};  // place_block_lifetimes
        }
        p_.places[i] = place;
      }
    }
  }
}

/// Whether a value is read only in the run that makes it.
bool Compiler::stays_in_run(uint32_t i, size_t stage, const GroupRun& run) const {
  const auto& groups = row_groups_[stage];
  const std::vector<uint32_t> readers = row_readers(i);
  return std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
    for (size_t k = 0; k < groups.size(); ++k) {
      const auto& nodes = groups[k].nodes;
      const bool here =
          std::find(nodes.begin(), nodes.end(), r) != nodes.end() || groups[k].expand_for == r;
      if (here && (k < run.first || k >= run.end)) return false;
    }
    return true;
  });
}

/// First fit by lifetime over the groups of one stage. What a run of several passes hands on exists
/// for its whole block from the run's first group to the last of the run that reads it; what stays
/// in the run has the items of one pass.
void Compiler::place_block_lifetimes(size_t stage) {
  const auto& groups = row_groups_[stage];
  std::map<uint32_t, size_t> position;
  for (size_t k = 0; k < groups.size(); ++k) {
    for (uint32_t i : groups[k].nodes) position[i] = k;
  }
  struct Live {
    int64_t begin, end;
    size_t last;
  };
  std::vector<Live> live;
  const auto allocate = [&](uint32_t i, int64_t items, size_t last) {
    const Geometry g = geometry(node(i).type.shape);
    const int64_t size = round_up(items * g.lead * g.cols, kLineFloats) + kLineFloats;
    std::sort(live.begin(), live.end(),
              [](const Live& a, const Live& b) { return a.begin < b.begin; });
    int64_t at = 0;
    for (const Live& l : live) {
      if (l.begin - at >= size) break;
      at = std::max(at, l.end);
    }
    p_.places[i].offset = at;
    live.push_back({at, at + size, last});
    p_.block_floats = std::max(p_.block_floats, at + size);
  };
  for (const GroupRun& run : runs_[stage]) {
    const bool passes = run.items < p_.shape.block_rows;
    const auto end_of = [&](size_t group) {  // the last group before which the memory is in use
      for (const GroupRun& other : runs_[stage]) {
        const bool inside = other.first <= group && group < other.end;
        if (inside && other.items < p_.shape.block_rows) return other.end - 1;
      }
      return group;
    };
    const auto place = [&](size_t k, bool handed_on) {
      for (uint32_t i : groups[k].nodes) {
        Place& p = p_.places[i];
        if (p.memory != Memory::kBlock || p.offset >= 0) continue;
        const bool stays = passes && stays_in_run(i, stage, run);
        if (passes && handed_on == stays) continue;
        size_t last = k;
        for (uint32_t r : row_readers(i)) {
          const auto at = position.find(r);
          if (at != position.end()) last = std::max(last, at->second);
        }
        if (stays) p.memory = Memory::kPass;
        allocate(i, stays ? run.items : p_.shape.block_rows, stays ? last : end_of(last));
      }
    };
    const auto drop = [&](size_t k) {
      live.erase(
          std::remove_if(live.begin(), live.end(), [&](const Live& l) { return l.last < k; }),
          live.end());
    };
    drop(run.first);
    if (passes) {
      for (size_t k = run.first; k < run.end; ++k) place(k, true);
    }
    for (size_t k = run.first; k < run.end; ++k) {
      drop(k);
      place(k, false);
    }
  }
}

/// Aliases share the place of what they name, seen with their own shape; views start inside it.
void Compiler::resolve_shared_places() {
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    Place& place = p_.places[i];
    if (place.valid()) continue;
    const Node& n = node(i);
    const int64_t cols = geometry(n.type.shape).cols;
    if (plan_.nodes[i].alias_of != kNoNode) {
      place = p_.places[plan_.nodes[i].alias_of];
      if (is_op(i, "reshape")) place.row_stride = cols;
    } else if (is_view(i)) {
      place = p_.places[n.inputs[0]];
      place.offset += n.attrs.integer("begin");
    }
  }
}

std::pair<uint32_t, Shape> Compiler::operand_source(uint32_t in) const {
  Shape shape = node(in).type.shape;
  bool reshaped = false;
  while (plan_.nodes[in].alias_of != kNoNode) {
    const bool broadcast = is_op(in, "broadcast");
    if (broadcast && reshaped) break;
    in = plan_.nodes[in].alias_of;
    if (broadcast) {
      shape = node(in).type.shape;
    } else {
      reshaped |= node(in).type.shape != shape;
    }
  }
  return {in, shape};
}

Place Compiler::line_operand(uint32_t in, const Geometry& g) const {
  const uint32_t source = base(in);
  Place place = p_.places.empty() ? Place{Memory::kBlock, 0, g.cols} : p_.places[source];
  if (place.memory == Memory::kNone) place.memory = Memory::kBlock;
  if (geometry(node(source).type.shape) != g) place.row_stride = g.cols;
  place.col_stride = 1;
  if (!once(source)) return place;
  place.row_stride = 0;
  return g.lead == 1 ? place : Place{};
}

Place Compiler::operand(uint32_t in, const Geometry& reader, bool rows_are_lead) const {
  const auto [source, shape] = operand_source(in);
  const Geometry g = geometry(shape);
  // Before places are known (split_row_groups) only validity matters.
  Place place = p_.places.empty() ? Place{Memory::kBlock, 0, g.cols} : p_.places[source];
  if (place.memory == Memory::kNone) place.memory = Memory::kBlock;
  // Behind a reshape the same dense values are read with other rows: (4, 4) as (16).
  if (geometry(node(source).type.shape) != g) place.row_stride = g.cols;
  if (g.cols != reader.cols && g.cols != 1) return {};
  place.col_stride = g.cols == reader.cols ? 1 : 0;
  if (g.lead * g.cols == 1) place.col_stride = 0;
  if (reader.cols == 1) place.col_stride = 0;
  if (rows_are_lead) {
    if (g.lead == reader.lead && g.lead * g.cols > 1) return place;
    if (g.lead != 1) return {};
    place.row_stride = 0;
    return place;
  }
  if (once(source)) {
    if (g.lead != 1) return {};
    place.row_stride = 0;
    return place;
  }
  if (g.lead == reader.lead) return place;
  if (g.lead != 1) return {};
  place.row_repeat = static_cast<int32_t>(reader.lead);
  return place;
}

}  // namespace isthmus
