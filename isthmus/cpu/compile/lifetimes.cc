// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/lifetimes.h"

#include <algorithm>

namespace isthmus {
namespace {

class StageLifetimes {
 public:
  StageLifetimes(const Uses& uses, const Forms& forms, const Groups& groups, size_t stage,
                 MemoryLayout& layout)
      : u_(uses),
        f_(forms),
        g_(groups),
        groups_(groups.rows[stage]),
        runs_(groups.runs[stage]),
        l_(layout) {
    for (size_t k = 0; k < groups_.size(); ++k) {
      for (uint32_t i : groups_[k].nodes) position_[i] = k;
      if (groups_[k].expand_for != kNoNode) writers_.emplace(groups_[k].expand_for, k);
    }
  }

  void run() {
    for (const GroupRun& run : runs_) {
      drop(run.first);
      if (passes(run)) {
        for (size_t k = run.first; k < run.end; ++k) place(run, k, true);
      }
      for (size_t k = run.first; k < run.end; ++k) {
        drop(k);
        place(run, k, false);
      }
    }
  }

 private:
  struct Live {
    int64_t begin, end;
    size_t last;
  };

  bool passes(const GroupRun& run) const { return run.items < g_.shape.block_rows; }

  /// Whether a value is read only in the run that makes it.
  bool stays_in_run(const std::vector<uint32_t>& readers, const GroupRun& run) const {
    const auto inside = [&](size_t k) { return k >= run.first && k < run.end; };
    return std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
      const auto at = position_.find(r);
      if (at != position_.end() && !inside(at->second)) return false;
      const auto [first, end] = writers_.equal_range(r);
      return std::all_of(first, end, [&](const auto& w) { return inside(w.second); });
    });
  }

  /// The last group before which the memory of what `group` reads is in use.
  size_t end_of(size_t group) const {
    for (const GroupRun& run : runs_) {
      const bool inside = run.first <= group && group < run.end;
      if (inside && passes(run)) return run.end - 1;
    }
    return group;
  }

  int64_t allocate(int64_t floats, size_t last) {
    const int64_t size = round_up(floats, kLineFloats) + kLineFloats;
    std::sort(live_.begin(), live_.end(),
              [](const Live& a, const Live& b) { return a.begin < b.begin; });
    int64_t at = 0;
    for (const Live& l : live_) {
      if (l.begin - at >= size) break;
      at = std::max(at, l.end);
    }
    live_.push_back({at, at + size, last});
    l_.block_floats = std::max(l_.block_floats, at + size);
    return at;
  }

  void drop(size_t k) {
    std::erase_if(live_, [&](const Live& l) { return l.last < k; });
  }

  void place(const GroupRun& run, size_t k, bool handed_on) {
    for (uint32_t i : groups_[k].nodes) {
      Place& p = l_.places[i];
      if (p.memory != Memory::kBlock || p.offset >= 0) continue;
      const std::vector<uint32_t> readers = g_.readers_in_stage(u_, f_, i);
      const bool stays = passes(run) && stays_in_run(readers, run);
      if (passes(run) && handed_on == stays) continue;
      size_t last = k;
      for (uint32_t r : readers) {
        const auto at = position_.find(r);
        if (at != position_.end()) last = std::max(last, at->second);
      }
      if (stays) p.memory = Memory::kPass;
      const int64_t items = stays ? run.items : g_.shape.block_rows;
      p.offset = allocate(items * u_.values_of(i), stays ? last : end_of(last));
    }
  }

  const Uses& u_;
  const Forms& f_;
  const Groups& g_;
  const std::vector<DeviceGroup>& groups_;
  const std::vector<GroupRun>& runs_;
  MemoryLayout& l_;
  std::map<uint32_t, size_t> position_;
  std::multimap<uint32_t, size_t> writers_;  // groups that write out an operand, by reader
  std::vector<Live> live_;
};

/// Operands of one run, in the order in which they are made. The memory of one whose products have
/// all run goes to the next of the same shape, so that what pads it stays zero.
class RunCasts {
 public:
  RunCasts(const Uses& uses, const Forms& forms, const Groups& groups, size_t stage, size_t run,
           StepMemory& memory)
      : u_(uses),
        f_(forms),
        g_(groups),
        stage_(stage),
        run_(run),
        items_(groups.runs[stage][run].items),
        m_(memory) {}

  void run() {
    const GroupRun& run = g_.runs[stage_][run_];
    for (size_t k = run.first; k < run.end; ++k) {
      for (uint32_t i : g_.rows[stage_][k].nodes) visit(g_.rows[stage_][k], k, i);
    }
  }

 private:
  struct Cast {
    uint32_t value;
    Geometry geometry;
    int64_t offset;
    bool handed_on = false;  // another operand lies there now
  };

  void visit(const DeviceGroup& group, size_t k, uint32_t i) {
    if (f_.work[i] == Work::kProduct && rounds_operands(u_, f_.precision, i)) {
      const uint32_t x = u_.node(i).inputs[0];
      need(u_.base[x], u_.shape_of(x), k);
      done_.insert(i);
      return;
    }
    for (const Form& form : f_.beside_rows(i, stage_)) {
      if (form.kind != FormKind::kCast) continue;
      const bool has_rows = !f_.stored[i] && !f_.rounded[i];
      const bool here =
          has_rows ? g_.makes_form(u_, f_, group, i, form) : g_.run[form.reader] == run_;
      if (here) need(i, f_.stored[i] ? Geometry{1, u_.values_of(i)} : u_.shape_of(i), k);
    }
  }

  void need(uint32_t value, const Geometry& g, size_t k) {
    const CastKey key{stage_, run_, value, g.cols};
    if (m_.casts.contains(key)) return;
    int64_t offset = free_offset(g);
    int64_t& end = m_.layout.block_halfs;
    if (offset < 0) {
      offset = end;
      end += round_up(items_ * g.lead * Matmul::row_stride(g.cols), kLineHalfs) + kLineHalfs;
    }
    m_.casts[key] = {offset, k};
    casts_.push_back({value, g, offset});
  }

  int64_t free_offset(const Geometry& g) {
    for (Cast& cast : casts_) {
      if (cast.handed_on || !(cast.geometry == g)) continue;
      const auto& forms = f_.beside_rows(cast.value, stage_);
      cast.handed_on = std::all_of(forms.begin(), forms.end(), [&](const Form& form) {
        return form.kind != FormKind::kCast || done_.contains(form.reader);
      });
      if (cast.handed_on) return cast.offset;
    }
    return -1;
  }

  const Uses& u_;
  const Forms& f_;
  const Groups& g_;
  size_t stage_, run_;
  int64_t items_;
  StepMemory& m_;
  std::vector<Cast> casts_;
  std::set<uint32_t> done_;  // products
};

}  // namespace

void place_lifetimes(const Uses& uses, const Forms& forms, const Groups& groups,
                     MemoryLayout& layout) {
  for (size_t s = 0; s < groups.rows.size(); ++s) {
    StageLifetimes(uses, forms, groups, s, layout).run();
  }
}

void place_casts(const Uses& uses, const Forms& forms, const Groups& groups, StepMemory& memory) {
  for (size_t s = 0; s < groups.rows.size(); ++s) {
    for (size_t r = 0; r < groups.runs[s].size(); ++r) {
      RunCasts(uses, forms, groups, s, r, memory).run();
    }
  }
}

}  // namespace isthmus
