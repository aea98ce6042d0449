// SPDX-License-Identifier: Apache-2.0
// How each operation of a compiled program runs, read from the program itself.
#include <map>
#include <string>

#include "isthmus/cpu/program.h"

namespace isthmus {
namespace {

using KernelByNode = std::map<uint32_t, std::string>;

void list_chunks(const Program& p, KernelByNode& kernels) {
  for (const ChunkProgram& chunk : p.chunk_programs) {
    for (const ChunkStep& s : chunk.steps) {
      const bool fused =
          s.op == ChunkOp::kBernoulli || s.op == ChunkOp::kAdam || s.op == ChunkOp::kBiasRelu;
      for (uint32_t node : s.nodes) {
        kernels.try_emplace(node, fused ? "fused into " + std::string(s.name) : "chunk");
      }
    }
  }
}

/// Nothing for instructions that serve a value instead of making one.
std::string_view kernel_of(RowOp op) {
  switch (op) {
    case RowOp::kGemm:
      return "product";
    case RowOp::kMoves:
      return "move";
    case RowOp::kReduce:
      return "reduction";
    case RowOp::kGather:
      return "lookup";
    case RowOp::kSmallProducts:
      return "product per item";
    case RowOp::kWindows:
      return "windows";
    case RowOp::kPart:
      return "product over the batch, in parts";
    case RowOp::kReference:
      return "interpreter";
    case RowOp::kLoad:
    case RowOp::kLoadOperands:
    case RowOp::kNoise:
    case RowOp::kCast:
    case RowOp::kChunks:
    case RowOp::kBatchSum:
    case RowOp::kCrossTransposed:
    case RowOp::kCrossPairs:
      break;
  }
  return {};
}

std::string_view kernel_of(OnceSource source) {
  switch (source) {
    case OnceSource::kOuterSum:
      return "product over the batch";
    case OnceSource::kParts:
      return "product over the batch, in parts";
    case OnceSource::kWindows:
      return "windows";
    case OnceSource::kMatmul:
      return "product";
    case OnceSource::kBatchSum:
      return "sum over the batch";
    case OnceSource::kScatterSum:
      return "sum of rows by index";
    case OnceSource::kReplaceRows:
      return "rows by index";
    case OnceSource::kSumAll:
    case OnceSource::kReduce:
      return "reduction";
    case OnceSource::kMoves:
      return "move";
    case OnceSource::kReference:
      return "interpreter";
    case OnceSource::kNone:
    case OnceSource::kScalar:
      break;
  }
  return {};
}

void list_row_stage(const RowStageProgram& stage, KernelByNode& kernels) {
  for (const BatchStep& b : stage.batch) {
    kernels.try_emplace(b.node, "batch kernel");
    if (b.sums.valid()) kernels.try_emplace(b.sums_node, "fused into " + std::string(b.kernel->op));
  }
  for (const RowInstruction& r : stage.instructions) {
    const std::string_view kernel = kernel_of(r.op);
    if (!kernel.empty()) kernels.try_emplace(r.node, kernel);
  }
}

void list_once_stage(const OnceStageProgram& stage, KernelByNode& kernels) {
  for (const OnceProgram& g : stage.programs) {
    const std::string_view kernel = kernel_of(g.source);
    if (!kernel.empty()) kernels.try_emplace(g.node, kernel);
  }
}

}  // namespace

std::vector<OperationKernel> list_kernels(const Program& p) {
  KernelByNode kernels;
  list_chunks(p, kernels);  // first: a move may write out what a chunk has made
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
