// SPDX-License-Identifier: Apache-2.0
// The third pass: what runs together. Sizes of blocks, groups of a row stage that go chunk by
// chunk, runs of groups that go over a few items at a time, tiles of kOnce groups, and which
// assignments may be written in place. Follows from shapes, never from threads.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/cpu/compile/forms.h"
#include "isthmus/cpu/program.h"

namespace isthmus {

/// A row group as this device runs it: a chunk program, or one node.
struct DeviceGroup {
  std::vector<uint32_t> nodes = {};
  int64_t lead = 1, cols = 1;
  bool chunks = false;
  bool fill = false;          // writes the rows of a uniform value that some reader needs in full
  uint32_t expand = kNoNode;  // no nodes: writes out this value
  uint32_t expand_for = kNoNode;  // as this reader's operand
};

/// Groups [first, end) of a row stage that pass over `items` items at a time.
struct GroupRun {
  size_t first = 0, end = 0;
  int64_t items = 0;
};

struct TileShape {
  int64_t rows = 1, cols = 1;
  /// Packed weights, by index into Forms::packed, that this group writes in place: packed again
  /// tile by tile.
  std::vector<int32_t> packs = {};
};

/// Where a kOnce value is made: row stage (-1: before all) and sublevel.
using OncePosition = std::pair<int, int>;

struct Groups {
  BlockShape shape = {};
  int64_t panel_rows = 0;  // rows of one panel of a sum of products
  int64_t num_panels = 0;
  std::vector<std::vector<DeviceGroup>> rows = {};  // by row stage
  std::vector<std::vector<GroupRun>> runs = {};
  std::vector<size_t> position = {};  // by node: its group in its row stage
  std::vector<size_t> run = {};       // by node: the run that makes it, in its row stage
  std::vector<int64_t> items = {};    // by node: of a pass of that run
  std::map<uint32_t, OncePosition> once = {};
  std::vector<std::vector<TileShape>> tiles = {};  // by stage, the prologue first, and kOnce group
  std::map<uint32_t, uint32_t> in_place = {};      // value -> state that it is written over

  /// The factor of a sum in parts that is there last: behind it a pass adds to the part.
  uint32_t last_factor(const Uses& uses, uint32_t sum) const;
  /// Whether a pass makes the windows of a sum in parts again: bf16 makes and packs them at once.
  bool makes_windows_again(const Uses& uses, const Forms& forms, uint32_t sum) const {
    return forms.precision == Precision::kBF16 ||
           last_factor(uses, sum) != uses.base[uses.node(sum).inputs[0]];
  }
  /// The readers of a per-row value, and the values behind which its product is added to a part.
  std::vector<uint32_t> readers_in_stage(const Uses& uses, const Forms& forms, uint32_t i) const;
  /// Whether a chunk of `group` makes this form of its value `i` itself.
  bool makes_form(const Uses& uses, const Forms& forms, const DeviceGroup& group, uint32_t i,
                  const Form& form) const;
};

Groups cut_groups(const Uses& uses, const Forms& forms, int64_t max_rows);

std::string print_groups(const Groups& groups);

}  // namespace isthmus
