// SPDX-License-Identifier: Apache-2.0
// How each operation of a compiled program runs, read from the program itself.
#include <map>
#include <string>

#include "isthmus/cpu/program.h"

namespace isthmus {
namespace {

using KernelByNode = std::map<uint32_t, std::string>;

void list_chunks(const ChunkProgram& chunk, KernelByNode& kernels) {
  for (const ChunkStep& s : chunk.steps) {
    const bool fused =
        s.op == ChunkOp::kBernoulli || s.op == ChunkOp::kAdam || s.op == ChunkOp::kBiasRelu;
    for (uint32_t node : s.nodes) {
      kernels.try_emplace(node, fused ? "fused into " + std::string(s.name) : "chunk");
    }
  }
}

// Nothing for steps that serve a value instead of making one.
struct KernelName {
  template <class Step>
  std::string_view operator()(const Step&) const {
    return {};
  }
  std::string_view operator()(const ProductStep&) const { return "product"; }
  std::string_view operator()(const OnceProduct&) const { return "product"; }
  std::string_view operator()(const OuterSum&) const { return "product over the batch"; }
  std::string_view operator()(const PartProduct&) const { return kInParts; }
  std::string_view operator()(const SumOfParts&) const { return kInParts; }
  std::string_view operator()(const SmallProducts&) const { return "product per item"; }
  std::string_view operator()(const Moves&) const { return "move"; }
  std::string_view operator()(const Reduction&) const { return "reduction"; }
  std::string_view operator()(const SumAll&) const { return "reduction"; }
  std::string_view operator()(const Gather&) const { return "lookup"; }
  std::string_view operator()(const WindowStep&) const { return "windows"; }
  std::string_view operator()(const CastWindows&) const { return "windows"; }
  std::string_view operator()(const TreeSum&) const { return "sum over the batch"; }
  std::string_view operator()(const ScatterSource& s) const {
    return s.replaces ? "rows by index" : "sum of rows by index";
  }
  std::string_view operator()(const ReferenceRef&) const { return "interpreter"; }

  static constexpr std::string_view kInParts = "product over the batch, in parts";
};

void list_row_stage(const RowStageProgram& stage, KernelByNode& kernels) {
  for (const BatchStep& b : stage.batch) {
    kernels.try_emplace(b.node, "batch kernel");
    if (b.sums.valid()) kernels.try_emplace(b.sums_node, "fused into " + std::string(b.kernel->op));
  }
  for (const RowInstruction& r : stage.instructions) {
    const std::string_view kernel = std::visit(KernelName{}, r.step);
    if (!kernel.empty()) kernels.try_emplace(r.node, kernel);
  }
}

void list_once_stage(const OnceStageProgram& stage, KernelByNode& kernels) {
  for (const OnceProgram& g : stage.programs) {
    const std::string_view kernel = std::visit(KernelName{}, g.source);
    if (!kernel.empty()) kernels.try_emplace(g.node, kernel);
  }
}

/// First of all: a move may write out what a chunk has made.
void list_all_chunks(const Program& p, KernelByNode& kernels) {
  for (const RowStageProgram& stage : p.row_stages) {
    for (const RowInstruction& r : stage.instructions) {
      const auto* chunk = std::get_if<ChunkProgram>(&r.step);
      if (chunk != nullptr) list_chunks(*chunk, kernels);
    }
  }
  for (const OnceProgram& g : p.prologue.programs) list_chunks(g.chunks, kernels);
  for (const OnceStageProgram& stage : p.once_stages) {
    for (const OnceProgram& g : stage.programs) list_chunks(g.chunks, kernels);
  }
}

}  // namespace

std::vector<OperationKernel> list_kernels(const Program& p) {
  KernelByNode kernels;
  list_all_chunks(p, kernels);
  for (const RowStageProgram& stage : p.row_stages) list_row_stage(stage, kernels);
  list_once_stage(p.prologue, kernels);
  for (const OnceStageProgram& stage : p.once_stages) list_once_stage(stage, kernels);
  std::vector<OperationKernel> list;
  for (uint32_t i = 0; i < p.graph.nodes().size(); ++i) {
    const Node& n = p.graph.nodes()[i];
    if (n.kind != NodeKind::kOp || n.type.dtype == Dtype::kF64) continue;
    const auto known = kernels.find(i);
    // What no step makes lies in the memory of its input.
    list.push_back({std::string(n.op->name), known == kernels.end() ? "no work" : known->second});
  }
  return list;
}

}  // namespace isthmus
