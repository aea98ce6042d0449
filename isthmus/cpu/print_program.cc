// SPDX-License-Identifier: Apache-2.0
// A compiled program as text: sizes, the instructions of a row block, tasks of the once stages with
// the kernels that oneDNN chose.
#include "isthmus/cpu/program.h"

namespace isthmus {
namespace {

std::string chunk_text(const ChunkProgram& chunk) {
  std::string text =
      "chunks of " + std::to_string(chunk.chunk_rows) + "x" + std::to_string(chunk.cols) + ":";
  for (const ChunkStep& s : chunk.steps) text += " " + std::string(s.name);
  return text;
}

std::string row_op_text(const Program& p, const RowInstruction& r) {
  const Node& n = p.graph.nodes()[r.node];
  switch (r.op) {
    case RowOp::kLoad:
      return "load " + n.name;
    case RowOp::kLoadOperands:
      return "load " + n.name + (r.is_cast ? " to bf16" : "") +
             (r.crossing >= 0 ? ", keep transposed" : "");
    case RowOp::kNoise:
      return "noise " + n.name;
    case RowOp::kCast:
      return "to bf16";
    case RowOp::kGemm:
      return "matmul " + std::to_string(p.matmuls[static_cast<size_t>(r.matmul)].spec().m) + "x" +
             std::to_string(p.matmuls[static_cast<size_t>(r.matmul)].spec().n) + "x" +
             std::to_string(p.matmuls[static_cast<size_t>(r.matmul)].spec().k) + "  " +
             p.matmuls[static_cast<size_t>(r.matmul)].kernel_name();
    case RowOp::kChunks:
      return chunk_text(p.chunk_programs[static_cast<size_t>(r.chunks)]);
    case RowOp::kMoves:
      return "move " + std::string(n.kind == NodeKind::kOp ? n.op->name : n.name);
    case RowOp::kReduce:
    case RowOp::kWindows:
    case RowOp::kGather:
      return std::string(n.op->name);
    case RowOp::kSmallProducts:
      return "products of rows";
    case RowOp::kPart: {
      const PartProduct& part = p.part_products[static_cast<size_t>(r.part)];
      const MatmulSpec& spec = p.matmuls[static_cast<size_t>(part.matmul[0])].spec();
      return std::string(part.windows >= 0 ? "windows again, " : "") + "add to a part " +
             std::to_string(spec.m) + "x" + std::to_string(spec.n) + "x" + std::to_string(spec.k);
    }
    case RowOp::kReference:
      return "reference " + std::string(n.op->name);
    case RowOp::kBatchSum:
      return "partial sums";
    case RowOp::kCrossTransposed:
      return "keep transposed";
    case RowOp::kCrossPairs:
      return "keep";
  }
  return "";
}

std::string once_text(const Program& p, const OnceProgram& g) {
  std::string text =
      std::to_string(g.rows) + "x" + std::to_string(g.cols) + " in tiles of " +
      std::to_string(g.tile_rows) + " rows" +
      (g.tile_cols < g.cols ? " and " + std::to_string(g.tile_cols) + " columns" : "") + ":";
  if (g.source == OnceSource::kOuterSum) {
    const Matmul& m = p.matmuls[static_cast<size_t>(g.matmuls[0][0][0])];
    text += " outer_sum (" + m.kernel_name() + ", " + std::to_string(p.num_panels) + " panels)";
  } else if (g.source == OnceSource::kParts) {
    text += " outer_sum of " + std::to_string(p.shape.num_parts()) + " parts";
  } else if (g.source == OnceSource::kMatmul) {
    const Matmul& m = p.matmuls[static_cast<size_t>(g.matmuls[0][0][0])];
    text += " matmul x" + std::to_string(g.product.num_k) + " (" + m.kernel_name() + ")";
  } else if (g.node != kNoNode) {
    text += " " + std::string(p.graph.nodes()[g.node].op->name);
  }
  if (g.chunks >= 0) {
    text += "  " + chunk_text(p.chunk_programs[static_cast<size_t>(g.chunks)]);
  }
  if (!g.packs.empty()) text += "  repack x" + std::to_string(g.packs.size());
  return text;
}

void print_once(const Program& p, const OnceStageProgram& stage, std::string& text) {
  for (const OnceProgram& g : stage.programs) {
    if (g.source == OnceSource::kScalar) continue;
    text += "  once." + std::to_string(g.sublevel) + "  " + once_text(p, g) + "\n";
  }
}

}  // namespace

std::vector<std::string> interpreted_operations(const Program& p) {
  std::vector<std::string> names;
  for (const ReferenceStep& step : p.references) {
    const Node& n = p.graph.nodes()[step.node];
    if (n.type.dtype == Dtype::kF64) continue;
    names.push_back(std::string(n.op->name) + " " + type_text(n.type));
  }
  return names;
}

std::string print_program(const Program& p) {
  std::string text = "cpu " + std::string(precision_name(p.options.precision)) +
                     ", rows <= " + std::to_string(p.options.max_rows) + ", block " +
                     std::to_string(p.shape.block_rows) + ", panel " +
                     std::to_string(p.panel_rows) + "\n";
  text += "prologue\n";
  print_once(p, p.prologue, text);
  for (size_t s = 0; s < p.row_stages.size(); ++s) {
    text += "stage " + std::to_string(s) + ", " + std::to_string(p.shape.num_blocks) + " blocks\n";
    for (const BatchStep& b : p.row_stages[s].batch) {
      text += "  batch  %" + std::to_string(b.node) + "  " + std::string(b.kernel->op);
      if (b.order.valid()) text += " with its order";
      if (b.halved) text += ", each pair once";
      if (b.sums.valid()) text += " and %" + std::to_string(b.sums_node);
      text += "\n";
    }
    for (const RowRun& run : p.row_stages[s].runs) {
      const bool passes = run.items < p.shape.block_rows;
      if (passes) text += "  passes of " + std::to_string(run.items) + " items\n";
      for (size_t k = run.first; k < run.end; ++k) {
        const RowInstruction& r = p.row_stages[s].instructions[k];
        text += std::string(passes ? "    " : "  ") + "rows  %" + std::to_string(r.node) + "  " +
                row_op_text(p, r) + "\n";
      }
    }
    print_once(p, p.once_stages[s], text);
  }
  text += "commit copies " + std::to_string(p.commits.size()) + "\n";
  for (const std::string& name : interpreted_operations(p)) {
    text += "warning: no kernel, runs in the double interpreter: " + name + "\n";
  }
  return text;
}

}  // namespace isthmus
