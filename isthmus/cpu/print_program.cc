// SPDX-License-Identifier: Apache-2.0
// A compiled program as text: sizes, the instructions of a row block, tasks of the once stages with
// kernels.
#include "isthmus/cpu/program.h"

namespace isthmus {
namespace {

std::string chunk_text(const ChunkProgram& chunk) {
  std::string text =
      "chunks of " + std::to_string(chunk.chunk_rows) + "x" + std::to_string(chunk.cols) + ":";
  for (const ChunkStep& s : chunk.steps) text += " " + std::string(s.name);
  return text;
}

std::string size_text(const MatmulSpec& spec) {
  return std::to_string(spec.m) + "x" + std::to_string(spec.n) + "x" + std::to_string(spec.k);
}

std::string name_of(const Node& n) {
  return n.kind == NodeKind::kOp ? std::string(n.op->name) : n.name;
}

std::string step_text(const Program& p, const RowInstruction& r) {
  const std::string name = name_of(p.graph.nodes()[r.node]);
  const auto matmul = [&](int32_t k) -> const Matmul& { return p.matmuls[static_cast<size_t>(k)]; };
  return std::visit(
      Overloaded{[&](const LoadStep&) { return "load " + name; },
                 [&](const LoadOperands& s) {
                   return "load " + name + (s.cast >= 0 ? " to bf16" : "") +
                          (s.kept >= 0 ? ", keep transposed" : "");
                 },
                 [&](const NoiseStep&) { return "noise " + name; },
                 [&](const CastStep&) { return std::string("to bf16"); },
                 [&](const CastWindows&) { return name + " to bf16"; },
                 [&](const ProductStep& s) {
                   return "matmul " + size_text(matmul(s.matmul).spec()) + "  " +
                          matmul(s.matmul).kernel_name();
                 },
                 [&](const ChunkProgram& s) { return chunk_text(s); },
                 [&](const Moves&) { return "move " + name; },
                 [&](const Reduction&) { return name; }, [&](const Gather&) { return name; },
                 [&](const SmallProducts&) { return std::string("products of rows"); },
                 [&](const WindowStep&) { return name; },
                 [&](const PartProduct& s) {
                   return (s.makes_windows ? "windows again, add to a part " : "add to a part ") +
                          size_text(matmul(s.first).spec());
                 },
                 [&](const ReferenceRef&) { return "reference " + name; },
                 [&](const PartialSums&) { return std::string("partial sums"); },
                 [&](const KeepStep& s) {
                   const bool transposed = p.memory.kept[static_cast<size_t>(s.kept)].transposed;
                   return std::string(transposed ? "keep transposed" : "keep");
                 }},
      r.step);
}

std::string source_text(const Program& p, const OnceProgram& g) {
  const auto kernel = [&](const TileProducts& products) {
    return p.matmuls[static_cast<size_t>(products.index[0][0][0])].kernel_name();
  };
  if (const auto* sum = std::get_if<OuterSum>(&g.source)) {
    return " outer_sum (" + kernel(sum->products) + ", " + std::to_string(p.num_panels) +
           " panels)";
  }
  if (std::holds_alternative<SumOfParts>(g.source)) {
    return " outer_sum of " + std::to_string(p.shape.num_parts()) + " parts";
  }
  if (const auto* product = std::get_if<OnceProduct>(&g.source)) {
    return " matmul x" + std::to_string(product->num_k) + " (" + kernel(product->products) + ")";
  }
  return g.node == kNoNode ? "" : " " + name_of(p.graph.nodes()[g.node]);
}

std::string once_text(const Program& p, const OnceProgram& g) {
  std::string text =
      std::to_string(g.rows) + "x" + std::to_string(g.cols) + " in tiles of " +
      std::to_string(g.tile_rows) + " rows" +
      (g.tile_cols < g.cols ? " and " + std::to_string(g.tile_cols) + " columns" : "") + ":" +
      source_text(p, g);
  if (!g.chunks.steps.empty()) text += "  " + chunk_text(g.chunks);
  if (!g.packs.empty()) text += "  repack x" + std::to_string(g.packs.size());
  return text;
}

std::string notes_text(const ChunkProgram& chunk) {
  std::string text;
  for (const std::string& note : chunk.notes) text += "      (" + note + ")\n";
  return text;
}

void print_once(const Program& p, const OnceStageProgram& stage, std::string& text) {
  for (const OnceProgram& g : stage.programs) {
    if (std::holds_alternative<ScalarStep>(g.source)) continue;
    text += "  once." + std::to_string(g.sublevel) + "  " + once_text(p, g) + "\n";
    text += notes_text(g.chunks);
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
                step_text(p, r) + "\n";
        const auto* chunk = std::get_if<ChunkProgram>(&r.step);
        if (chunk != nullptr) text += notes_text(*chunk);
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
