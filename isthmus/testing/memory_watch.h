// SPDX-License-Identifier: Apache-2.0
// Watches the memory of a CPU executor. Every gap, between regions and behind each value of the
// arena and the batch, is filled with a pattern that a step must leave as it is. And before a step
// all that it has to write before it reads is filled with NaN: a result with the same bits as
// without shows that nothing else is read. The pattern is a NaN, too, so a sum that reads a gap
// shows it.
//
//   MemoryWatch watch(executor);
//   watch.poison();
//   executor.run(step);
//   EXPECT_EQ(std::vector<std::string>{}, watch.broken_gaps());
//
// Not filled: leaves and constants; bf16 operands, whose padding stays zero from the start on, and
// so the panels of kept float32 operands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "isthmus/cpu/cpu_executor.h"

namespace isthmus {

class MemoryWatch {
 public:
  explicit MemoryWatch(const CpuExecutor& executor) : executor_(executor) {
    for (const MemoryRegion& r : executor.regions()) {
      gaps_.push_back({std::string("behind the region ") + std::string(r.name), r.end, r.gap_end});
    }
    const Machine& m = executor.machine();
    for (const Gap& gap : m.program.memory.gaps) {
      float* base = gap.memory == Memory::kArena ? m.arena : m.batch;
      gaps_.push_back({std::string("behind the value at ") + std::to_string(gap.first) +
                           " of the " + (gap.memory == Memory::kArena ? "arena" : "batch"),
                       bytes(base + gap.first), bytes(base + gap.end)});
    }
    for (const Named& gap : gaps_) std::fill(gap.begin, gap.end, kPattern);
  }

  /// Where something was written that nobody may write to.
  std::vector<std::string> broken_gaps() const {
    std::vector<std::string> broken;
    for (const Named& gap : gaps_) {
      const auto untouched = [](std::byte b) { return b == kPattern; };
      if (!std::all_of(gap.begin, gap.end, untouched)) broken.push_back(gap.name);
    }
    return broken;
  }

  /// What a step writes before it reads: the float32 memory of the threads, and the values of
  /// operations in the arena and in the batch.
  void poison() {
    for (const MemoryRegion& r : executor_.regions()) {
      const bool of_thread =
          r.name == "block" || r.name == "scratch" || r.name == "tile" || r.name == "gemm_scratch";
      if (of_thread) std::fill(r.begin, r.end, kPattern);
    }
    const Program& p = executor_.machine().program;
    for (uint32_t i = 0; i < p.graph.nodes().size(); ++i) {
      if (p.graph.nodes()[i].kind == NodeKind::kOp && !is_leaf_memory(p.memory.places[i]))
        poison_value(i);
    }
  }

 private:
  static constexpr std::byte kPattern{0xff};  // a NaN as float32 and as bf16
  struct Named {
    std::string name;
    std::byte *begin, *end;
  };

  static std::byte* bytes(float* at) { return reinterpret_cast<std::byte*>(at); }

  /// Updates in place, and other names of a leaf.
  bool is_leaf_memory(const Place& place) const {
    const Program& p = executor_.machine().program;
    for (uint32_t i = 0; i < p.graph.nodes().size(); ++i) {
      const Place& leaf = p.memory.places[i];
      if (p.graph.nodes()[i].kind != NodeKind::kOp && leaf.memory == place.memory &&
          leaf.offset == place.offset) {
        return true;
      }
    }
    return false;
  }

  /// Only values that lie dense; others are views of those.
  void poison_value(uint32_t i) {
    const Machine& m = executor_.machine();
    const Program& p = m.program;
    const Place& place = p.memory.places[i];
    const ValueType& type = p.graph.nodes()[i].type;
    if (place.row_stride != geometry(type.shape).cols) return;
    int64_t count = value_count(type.shape);
    float* base = place.memory == Memory::kArena ? m.arena : m.batch;
    if (place.memory == Memory::kBatch) {
      count *= p.shape.padded_rows();
    } else if (place.memory != Memory::kArena || type.extent == Extent::kPerRow) {
      return;
    }
    std::fill(bytes(base + place.offset), bytes(base + place.offset + count), kPattern);
  }

  const CpuExecutor& executor_;
  std::vector<Named> gaps_;
};

}  // namespace isthmus
