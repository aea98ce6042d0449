// SPDX-License-Identifier: Apache-2.0
// From a graph to a program for this processor, pass by pass. Runs once per executor; what it
// decides depends on graph, batch size and precision alone, except the thread cuts at the very end.
#include <algorithm>

#include "isthmus/cpu/compile/emit.h"

namespace isthmus {
namespace {

/// Operands of kOnce products that no leaf holds are packed behind the tasks that make them.
void emit_packs(const Emission& e) {
  Program& p = e.program;
  for (size_t k = 0; k < p.memory.packed.size(); ++k) {
    if (p.memory.packed[k].leaf) continue;
    const auto made = e.groups.once.find(e.uses.base[p.memory.packed[k].node]);
    if (made == e.groups.once.end()) {
      p.prologue.packs.push_back(static_cast<int32_t>(k));
      continue;
    }
    const auto [level, sublevel] = made->second;
    OnceStageProgram& stage = level < 0 ? p.prologue : p.once_stages[static_cast<size_t>(level)];
    stage.levels[static_cast<size_t>(sublevel)].packs.push_back(static_cast<int32_t>(k));
  }
}

/// First what is put aside, then the assignments that are not written in place.
void emit_commits(const Emission& e) {
  std::vector<CommitCopy> copies;
  for (const Assignment& a : e.uses.graph.assignments()) {
    const uint32_t value = e.uses.base[a.value];
    const auto at = e.groups.in_place.find(value);
    if (at != e.groups.in_place.end() && at->second == a.state) continue;
    CommitCopy copy{e.memory.place(value), e.memory.place(a.state), e.uses.values_of(a.state), {}};
    ISTHMUS_CHECK(copy.src.memory == Memory::kArena, "an assigned value lives in the arena");
    const auto aside = e.memory.asides.find(a.state);
    if (aside != e.memory.asides.end()) {
      e.program.commits.push_back({copy.src, aside->second, copy.count, {}});
      copy.src = aside->second;
    }
    const auto& packed = e.program.memory.packed;
    for (size_t k = 0; k < packed.size(); ++k) {
      if (packed[k].node == a.state) copy.packs.push_back(static_cast<int32_t>(k));
    }
    copies.push_back(std::move(copy));
  }
  e.program.commits.insert(e.program.commits.end(), copies.begin(), copies.end());
}

void emit_outputs(const Emission& e) {
  for (const auto& [name, i] : e.uses.graph.outputs()) {
    e.program.outputs.push_back(
        {name, i, e.uses.per_row(i), e.memory.rows_of(i), e.uses.values_of(i)});
  }
}

void emit_all(Emission& e) {
  Program& p = e.program;
  const Plan& plan = e.uses.plan;
  p.row_stages.resize(plan.stages.size());
  for (size_t s = 0; s < plan.stages.size(); ++s) emit_row_stage(e, s);
  p.prologue = emit_once_stage(e, plan.prologue, e.groups.tiles[0]);
  for (size_t s = 0; s < plan.stages.size(); ++s) {
    p.once_stages.push_back(emit_once_stage(e, plan.stages[s], e.groups.tiles[s + 1]));
  }
  emit_packs(e);
  emit_commits(e);
  emit_outputs(e);
  for (const Matmul& m : p.matmuls) {
    p.memory.gemm_scratch_floats = std::max(p.memory.gemm_scratch_floats, m.scratch_floats());
  }
}

}  // namespace

Place Emission::operand(uint32_t reader, uint32_t in, const Geometry& g, bool rows_are_lead) const {
  if (forms.is_expanded(reader, in)) return memory.expanded.at({reader, in});
  return operand_at(uses, memory.place(uses.source_of(in).first), in, g, rows_are_lead);
}

int32_t add_matmul(Program& program, const MatmulSpec& spec) {
  const auto at = std::find_if(program.matmuls.begin(), program.matmuls.end(),
                               [&](const Matmul& m) { return m.spec() == spec; });
  const auto index = static_cast<int32_t>(at - program.matmuls.begin());
  if (at == program.matmuls.end()) program.matmuls.emplace_back(spec);
  return index;
}

int32_t input_index(const Program& program, uint32_t node) {
  const auto at = std::find_if(program.inputs.begin(), program.inputs.end(),
                               [&](const InputBinding& in) { return in.node == node; });
  ISTHMUS_CHECK(at != program.inputs.end(), "an input is loaded before its readers");
  return static_cast<int32_t>(at - program.inputs.begin());
}

Program compile_program(const Graph& graph, const CompileOptions& options, int num_threads) {
  restrict_kernels();
  Program program;
  program.graph = graph;
  program.plan = make_plan(program.graph);
  program.options = options;
  program.num_threads = num_threads;
  const Uses uses = find_uses(program.graph, program.plan);
  const Forms forms = choose_forms(uses, options.precision);
  const Groups groups = cut_groups(uses, forms, options.max_rows);
  const StepMemory memory = assign_memory(uses, forms, groups);
  program.shape = groups.shape;
  program.panel_rows = groups.panel_rows;
  program.num_panels = groups.num_panels;
  program.memory = memory.layout;
  Emission emission{
      .uses = uses, .forms = forms, .groups = groups, .memory = memory, .program = program};
  emit_all(emission);
  return program;
}

}  // namespace isthmus
