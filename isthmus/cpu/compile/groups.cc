// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/groups.h"

#include <algorithm>

#include "isthmus/cpu/compile/cut.h"

namespace isthmus {
namespace {

/// Of the L2 cache, for the values that one pass goes over.
constexpr int64_t kWidestBytes = 768 << 10;
constexpr int64_t kMostParts = 16;

/// What decides how many items a block has.
struct Sizes {
  int64_t lead = 1;          // the most rows per item
  int64_t widest = 1;        // values of an item in the widest of them
  int64_t product_lead = 1;  // rows per item that a sum of products over the batch reads
  bool has_parts = false;
};

Sizes sizes_of(const Uses& u, const Forms& f) {
  Sizes sizes;
  for (uint32_t i = 0; i < u.size(); ++i) {
    if (f.work[i] == Work::kBatchProducts) {
      const Geometry factor = u.shape_of(u.node(i).inputs[0]);
      sizes.product_lead = std::max(sizes.product_lead, factor.lead);
    }
    sizes.has_parts |= f.work[i] == Work::kParts;
    // An input is loaded flat, another name moves nothing: their axes cost no rows.
    if (u.once(i) || u.node(i).kind == NodeKind::kInput || u.shares(i)) continue;
    const Geometry g = u.shape_of(i);
    sizes.lead = std::max(sizes.lead, g.lead);
    sizes.widest = std::max(sizes.widest, g.lead * g.cols);
  }
  return sizes;
}

/// Items per block: 64, fewer of a small batch. Values with leading axes (draws, components) make
/// an item large; then as many as keep the widest of them in the L2 cache. Products of the values
/// without such axes get slow with few rows, so no less than that. In graphs with windows large
/// values go through the block in passes instead.
int64_t block_rows_of(const Sizes& sizes, const Forms& f, int64_t max_rows) {
  int64_t block = 64;
  if (max_rows < 8 * 64) block = 32;
  if (max_rows < 2 * 32) block = 16;
  block = std::min(block, max_rows);
  if (sizes.lead > 1 && !f.has_windows) {
    block = std::min(block, std::max<int64_t>(1, kWidestBytes / 4 / sizes.widest));
    if (block > 32) block = block / 32 * 32;  // whole chunks
  }
  // bf16 keeps two rows of the batch in one pair: a pair must not belong to two blocks.
  return f.precision == Precision::kBF16 ? (block + 1) / 2 * 2 : block;
}

void choose_block_shape(const Uses& u, const Forms& f, int64_t max_rows, Groups& out) {
  const Sizes sizes = sizes_of(u, f);
  const int64_t block = block_rows_of(sizes, f, max_rows);
  BlockShape& shape = out.shape;
  shape.block_rows = block;
  shape.max_rows = max_rows;
  shape.num_blocks = (max_rows + block - 1) / block;
  shape.chunk_rows = std::min<int64_t>(32, block);
  if (sizes.has_parts) shape.part_blocks = (shape.num_blocks + kMostParts - 1) / kMostParts;
  // Panels of sums over the batch: whole blocks, about 512 rows of the longest value.
  const int64_t panel_blocks = std::max<int64_t>(1, 512 / (block * sizes.product_lead));
  const int64_t blocks = std::min(panel_blocks, shape.num_blocks);
  out.num_panels = (shape.num_blocks + blocks - 1) / blocks;
  out.panel_rows = blocks * block;
}

/// A group of the plan, cut where a node does not run in chunks or has an operand written out.
void append_groups(const Uses& u, const Forms& f, const RowGroup& group,
                   std::vector<DeviceGroup>& out) {
  DeviceGroup open;
  const auto close = [&] {
    if (!open.nodes.empty()) out.push_back(open);
    open = {};
  };
  for (uint32_t i : group.nodes) {
    if (u.shares(i)) continue;
    const Geometry g = f.lines[i];
    const bool chunks = f.work[i] == Work::kChunk;
    const auto& inputs = u.node(i).inputs;
    const bool expands = std::any_of(inputs.begin(), inputs.end(),
                                     [&](uint32_t in) { return f.is_expanded(i, in); });
    if (!chunks || expands || Geometry{open.lead, open.cols} != g) close();
    for (uint32_t in : inputs) {
      if (f.is_expanded(i, in)) out.push_back({.expand = in, .expand_for = i});
    }
    open.lead = g.lead;
    open.cols = g.cols;
    open.chunks = chunks;
    open.nodes.push_back(i);
    if (!chunks) close();
  }
  close();
}

void cut_row_groups(const Uses& u, const Forms& f, Groups& out) {
  out.rows.resize(u.plan.stages.size());
  for (size_t s = 0; s < u.plan.stages.size(); ++s) {
    std::vector<DeviceGroup>& groups = out.rows[s];
    for (const RowGroup& group : u.plan.stages[s].rows) append_groups(u, f, group, groups);
    for (uint32_t i : f.fills[s]) {
      const Geometry g = u.shape_of(i);
      groups.insert(groups.begin(),
                    {.nodes = {i}, .lead = g.lead, .cols = g.cols, .chunks = true, .fill = true});
    }
    for (size_t k = 0; k < groups.size(); ++k) {
      for (uint32_t i : groups[k].nodes) out.position[i] = k;
    }
  }
}

/// Values that a group reads and writes, per item.
int64_t group_floats(const Uses& u, const Forms& f, const Groups& groups,
                     const DeviceGroup& group) {
  std::set<uint32_t> values;
  for (uint32_t i : group.nodes) {
    values.insert(i);
    for (uint32_t in : u.node(i).inputs) values.insert(u.base[in]);
    for (uint32_t r : u.readers[i]) {
      if (f.work[r] == Work::kParts && groups.last_factor(u, r) == i) {
        values.insert(u.base[u.node(r).inputs[0]]);
      }
    }
  }
  int64_t floats = 0;
  for (uint32_t i : values) {
    if (!u.once(i)) floats += f.rounded[i] ? u.values_of(i) / 2 : u.values_of(i);
  }
  return floats;
}

/// Whether a group makes or reads images, not dense layers' rows however wide they are.
bool has_images(const Uses& u, const DeviceGroup& group) {
  return std::any_of(group.nodes.begin(), group.nodes.end(),
                     [&](uint32_t i) { return u.node(i).type.shape.size() >= 3; });
}

/// Items of a group by itself: all of a block, or as many as keep its images in the cache.
int64_t own_items(const Uses& u, const Forms& f, const Groups& groups, const DeviceGroup& group) {
  int64_t items = groups.shape.block_rows;
  if (!f.has_windows || !has_images(u, group) || items % 2 != 0) return items;
  const int64_t least = f.precision == Precision::kBF16 ? 2 : 1;  // pairs of rows
  const int64_t most = kWidestBytes / 4 / std::max<int64_t>(1, group_floats(u, f, groups, group));
  while (items % 2 == 0 && items > std::max(most, least)) items /= 2;
  return items;
}

bool multiplies(const Forms& f, const DeviceGroup& group) {
  return std::any_of(group.nodes.begin(), group.nodes.end(), [&](uint32_t i) {
    return f.work[i] == Work::kProduct || f.work[i] == Work::kItemProducts;
  });
}

/// What lies between two groups of few items and multiplies nothing (sums per channel, say) goes
/// with them: alone it would send the images around it through memory.
void join_between(const Forms& f, const std::vector<DeviceGroup>& groups, int64_t block,
                  std::vector<int64_t>& items) {
  for (size_t k = 0; k < groups.size(); ++k) {
    if (k == 0 || items[k] < block || items[k - 1] == block) continue;
    size_t end = k;
    while (end < groups.size() && items[end] == block && !multiplies(f, groups[end])) ++end;
    if (end == groups.size() || items[end] == block) continue;
    for (; k < end; ++k) items[k] = items[k - 1];
  }
}

/// Neighbouring groups of images whose values of a whole block do not fit the cache pass over fewer
/// items at a time: the largest power of two that fits for each of them. Everything else goes over
/// whole blocks, so that products with large weights have many rows.
void cut_runs(const Uses& u, const Forms& f, Groups& out) {
  const int64_t block = out.shape.block_rows;
  for (const auto& groups : out.rows) {
    std::vector<int64_t> items;
    for (const DeviceGroup& group : groups) items.push_back(own_items(u, f, out, group));
    join_between(f, groups, block, items);
    std::vector<GroupRun> runs;
    for (size_t k = 0; k < groups.size(); ++k) {
      const bool joins = !runs.empty() && (runs.back().items < block) == (items[k] < block);
      if (!joins) runs.push_back({k, k, items[k]});
      runs.back().end = k + 1;
      runs.back().items = std::min(runs.back().items, items[k]);
    }
    for (const GroupRun& run : runs) {
      for (size_t k = run.first; k < run.end; ++k) {
        for (uint32_t i : groups[k].nodes) {
          out.items[i] = run.items;
          out.run[i] = static_cast<size_t>(&run - runs.data());
        }
      }
    }
    out.runs.push_back(std::move(runs));
  }
}

void find_once_positions(const Uses& u, Groups& out) {
  const auto of_stage = [&](const Stage& stage, int level) {
    for (const OnceGroup& g : stage.once) {
      for (uint32_t i : g.nodes) out.once[i] = {level, g.sublevel};
      if (g.source != kNoNode) out.once[g.source] = {level, g.sublevel};
    }
  };
  of_stage(u.plan.prologue, -1);
  for (size_t s = 0; s < u.plan.stages.size(); ++s) of_stage(u.plan.stages[s], static_cast<int>(s));
}

}  // namespace

uint32_t Groups::last_factor(const Uses& uses, uint32_t sum) const {
  const uint32_t x = uses.base[uses.node(sum).inputs[0]], dy = uses.base[uses.node(sum).inputs[1]];
  return position[x] > position[dy] ? x : dy;
}

std::vector<uint32_t> Groups::readers_in_stage(const Uses& uses, const Forms& forms,
                                               uint32_t i) const {
  std::vector<uint32_t> readers = uses.readers[i];
  for (uint32_t r : uses.readers[i]) {
    if (forms.work[r] == Work::kParts) {
      // Windows that are made again are not read there.
      const uint32_t last = last_factor(uses, r);
      if (last == i || uses.base[uses.node(r).inputs[0]] != i) readers.push_back(last);
    }
    if (forms.work[r] != Work::kWindows) continue;
    for (uint32_t further : uses.readers[r]) {
      // The windows are made again.
      if (forms.work[further] == Work::kParts) readers.push_back(last_factor(uses, further));
      if (forms.rounded[r]) readers.push_back(further);
    }
  }
  return readers;
}

bool Groups::makes_form(const Uses& uses, const Forms& forms, const DeviceGroup& group, uint32_t i,
                        const Form& form) const {
  const bool is_plain = form.kind == FormKind::kTransposed || form.kind == FormKind::kPart;
  if (!group.chunks || group.fill || group.lead != 1 || is_plain) return false;
  // An operand for another run is rounded there.
  if (form.kind == FormKind::kCast && run[i] != run[form.reader]) return false;
  const Geometry line{1, group.cols};
  const bool same_rows = !uses.view[i] && uses.base[form.value] == i &&
                         uses.shape_of(form.value) == line && uses.shape_of(i) == line;
  return same_rows && (form.kind == FormKind::kBatchSum || forms.precision == Precision::kBF16);
}

Groups cut_groups(const Uses& uses, const Forms& forms, int64_t max_rows) {
  Groups groups;
  choose_block_shape(uses, forms, max_rows, groups);
  groups.position.resize(uses.size());
  groups.run.resize(uses.size());
  groups.items.assign(uses.size(), groups.shape.block_rows);
  cut_row_groups(uses, forms, groups);
  cut_runs(uses, forms, groups);
  find_once_positions(uses, groups);
  groups.in_place = find_in_place(uses, forms, groups.once);
  groups.tiles = cut_tiles(uses, forms, groups.in_place);
  return groups;
}

std::string print_groups(const Groups& groups) {
  std::string text = "block " + std::to_string(groups.shape.block_rows) + ", panel " +
                     std::to_string(groups.panel_rows) + "\n";
  for (size_t s = 0; s < groups.rows.size(); ++s) {
    text += "stage " + std::to_string(s) + "\n";
    for (const GroupRun& run : groups.runs[s]) {
      text += "  " + std::to_string(run.items) + " items\n";
      for (size_t k = run.first; k < run.end; ++k) {
        const DeviceGroup& g = groups.rows[s][k];
        text += g.expand != kNoNode ? "    write out" : g.fill ? "    fill" : "    ";
        if (g.expand != kNoNode) text += " %" + std::to_string(g.expand);
        if (g.chunks && !g.fill) text += "chunks";
        for (uint32_t i : g.nodes) text += " %" + std::to_string(i);
        text += "\n";
      }
    }
  }
  for (const auto& [value, state] : groups.in_place) {
    text += "%" + std::to_string(value) + " over %" + std::to_string(state) + "\n";
  }
  return text;
}

}  // namespace isthmus
