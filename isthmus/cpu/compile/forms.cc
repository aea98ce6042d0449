// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/forms.h"

#include <algorithm>

#include "isthmus/cpu/compile/batch_forms.h"

namespace isthmus {
namespace {

/// A sum of products above this is large enough to be made tile by tile from kept factors.
constexpr int64_t kMostPartValues = 1 << 20;

class Chooser {
 public:
  Chooser(const Uses& uses, Precision precision) : u_(uses) { f_.precision = precision; }

  Forms run() && {
    f_.work.resize(u_.size());
    f_.lines.resize(u_.size());
    f_.stored.resize(u_.size());
    f_.fills.resize(u_.plan.stages.size());
    f_.beside.resize(u_.plan.stages.size());
    for (uint32_t i = 0; i < u_.size(); ++i) {
      f_.work[i] = work_of(i);
      f_.lines[i] = lines_of(i);
      f_.has_windows |= f_.work[i] == Work::kWindows;
    }
    choose_written();
    for (uint32_t i = 0; i < u_.size(); ++i) f_.stored[i] = stays_stored(i);
    f_.rounded.resize(u_.size());
    for (uint32_t i = 0; i < u_.size(); ++i) f_.rounded[i] = is_rounded(i);
    choose_beside();
    choose_packed();
    f_.batch = choose_batch_forms(u_);
    return std::move(f_);
  }

 private:
  KernelKind kind(uint32_t i) const {
    return u_.is_op(i) ? kernel_kind(*u_.node(i).op) : KernelKind::kNone;
  }
  uint32_t in(uint32_t i, size_t k) const { return u_.node(i).inputs[k]; }

  bool is_line_reduction(uint32_t i) const {
    if (!is_last_axis_reduction(u_.graph, i)) return false;
    return lines_at(u_, {.memory = Memory::kBlock}, in(i, 0), u_.shape_of(in(i, 0))).valid();
  }

  /// A sum of products with windows of its own stage: the windows of a batch are many times its
  /// images, so they are made again and not kept.
  bool is_in_parts(uint32_t i) const {
    const uint32_t x = u_.base[in(i, 0)], dy = u_.base[in(i, 1)];
    return kind(x) == KernelKind::kWindows && !u_.once(x) && !u_.once(dy) &&
           u_.level(x) == u_.level(dy) && u_.values_of(i) <= kMostPartValues;
  }

  Work work_of(uint32_t i) const {
    const Node& n = u_.node(i);
    switch (n.kind) {
      case NodeKind::kInput:
        return Work::kInput;
      case NodeKind::kNormal:
      case NodeKind::kUniform:
        return Work::kNoise;
      case NodeKind::kOp:
        break;
      default:
        return Work::kNothing;
    }
    if (n.type.dtype == Dtype::kF64) return Work::kScalar;
    if (u_.shares(i) || u_.is_unwritten_view(i)) return Work::kNothing;
    return u_.once(i) ? work_once(i) : work_per_row(i);
  }

  Work work_per_row(uint32_t i) const {
    if (u_.node(i).op->rows == RowUse::kBatchWise) return Work::kBatchWise;
    switch (kind(i)) {
      case KernelKind::kElementwise:
        return u_.node(i).inputs.size() <= 3 ? Work::kChunk : Work::kReference;
      case KernelKind::kReduction:
        return is_line_reduction(i) ? Work::kChunk : Work::kReduction;
      case KernelKind::kMoves:
        return Work::kMoves;
      case KernelKind::kProduct:
        return u_.per_row(in(i, 0)) && !u_.per_row(in(i, 1)) ? Work::kProduct : Work::kItemProducts;
      case KernelKind::kWindows:
      case KernelKind::kFold:
        return Work::kWindows;
      case KernelKind::kLookup:
        return Work::kLookup;
      default:
        return Work::kReference;
    }
  }

  Work work_once(uint32_t i) const {
    switch (kind(i)) {
      case KernelKind::kElementwise:
        return Work::kChunk;
      case KernelKind::kReduction:
        return Work::kReduction;
      case KernelKind::kMoves:
        return Work::kMoves;
      case KernelKind::kProduct:
        return Work::kProduct;
      case KernelKind::kBatchProducts:
        return is_in_parts(i) ? Work::kParts : Work::kBatchProducts;
      case KernelKind::kBatchSum:
        return Work::kBatchSum;
      case KernelKind::kScatterSum:
        return Work::kScatterSum;
      case KernelKind::kReplaceRows:
        return Work::kReplaceRows;
      case KernelKind::kWindows:
      case KernelKind::kFold:
        return Work::kWindows;
      default:
        return Work::kReference;
    }
  }

  Geometry lines_of(uint32_t i) const {
    const bool reduces = kind(i) == KernelKind::kReduction && is_last_axis_reduction(u_.graph, i);
    return u_.shape_of(reduces ? in(i, 0) : i);
  }

  void expand_operands(uint32_t i) {
    const Place anywhere = {.memory = Memory::kBlock};
    for (uint32_t operand : u_.node(i).inputs) {
      const bool in_place = operand_at(u_, anywhere, operand, u_.shape_of(i), u_.once(i)).valid();
      if (!in_place) f_.expanded.insert({i, operand});
    }
  }

  /// A per-row value that is the same for all rows, so that its rows are nowhere.
  bool has_no_rows(uint32_t i) const { return u_.once(u_.base[i]) && u_.per_row(i); }

  void choose_written() {
    for (size_t s = 0; s < u_.plan.stages.size(); ++s) {
      for (const RowGroup& group : u_.plan.stages[s].rows) {
        for (uint32_t i : group.nodes) choose_written_inputs(i, f_.fills[s]);
      }
      fill_for_the_batch(static_cast<int>(s));
      f_.filled.insert(f_.fills[s].begin(), f_.fills[s].end());
    }
    choose_once_expansions(u_.plan.prologue);
    for (const Stage& stage : u_.plan.stages) choose_once_expansions(stage);
  }

  void choose_written_inputs(uint32_t i, std::set<uint32_t>& fills) {
    const bool elementwise = kind(i) == KernelKind::kElementwise;
    switch (f_.work[i]) {
      case Work::kChunk:
        if (elementwise) expand_operands(i);
        return;
      case Work::kNothing:
      case Work::kMoves:
      case Work::kReduction:
      case Work::kBatchWise:
        return;  // read uniform values where they were made
      default:
        break;
    }
    if (!u_.per_row(i)) return;
    for (uint32_t operand : u_.node(i).inputs) {
      if (has_no_rows(operand)) fills.insert(operand);
    }
  }

  /// What sums over the batch of this stage, batch-wise nodes of the next one and outputs read row
  /// by row.
  void fill_for_the_batch(int stage) {
    std::set<uint32_t>& fills = f_.fills[static_cast<size_t>(stage)];
    for (uint32_t i = 0; i < u_.size(); ++i) {
      if (!u_.is_op(i)) continue;
      const RowUse rows = u_.node(i).op->rows;
      const bool sums = rows == RowUse::kBatchSum && u_.once(i) && u_.level(i) == stage;
      const bool stops = rows == RowUse::kBatchWise && u_.level(i) == stage + 1;
      if (!sums && !stops) continue;
      for (uint32_t operand : u_.node(i).inputs) {
        if (u_.once(operand) && u_.per_row(operand)) fills.insert(operand);
      }
    }
    for (const auto& [name, i] : u_.graph.outputs()) {
      const bool in_full = u_.per_row(i) && u_.once(i);
      if (in_full && std::max(u_.level(i) + 1, 0) == stage) fills.insert(i);
    }
  }

  void choose_once_expansions(const Stage& stage) {
    for (const OnceGroup& group : stage.once) {
      if (group.source != kNoNode && u_.node(group.source).op->elementwise) {
        expand_operands(group.source);
      }
    }
  }

  /// Whether nobody needs the plain rows of input `i`: chunks of its own width, which load it
  /// themselves, products in its own stage, and sums of products that keep it transposed.
  bool stays_stored(uint32_t i) const {
    const bool rounded = f_.precision == Precision::kBF16;
    if (f_.work[i] != Work::kInput || !rounded || u_.output[i]) return false;
    const Geometry g{1, u_.values_of(i)};
    const auto is_rows = [&](uint32_t operand) {
      return u_.base[operand] == i && u_.shape_of(operand) == g;
    };
    const auto& readers = u_.readers[i];
    return std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
      switch (f_.work[r]) {
        case Work::kProduct:
          return rounds_operands(u_, f_.precision, r) && is_rows(in(r, 0)) &&
                 u_.level(r) == u_.level(i);
        case Work::kBatchProducts:
        case Work::kParts:
          return is_rows(in(r, 0)) && u_.base[in(r, 1)] != i;
        case Work::kChunk:
          return f_.lines[r] == g;
        default:
          return false;
      }
    });
  }

  /// Windows that only products which round them and sums in parts read.
  bool is_rounded(uint32_t i) const {
    const bool windows = kind(i) == KernelKind::kWindows && f_.work[i] == Work::kWindows;
    if (!windows || u_.once(i) || u_.output[i] || f_.precision != Precision::kBF16) return false;
    const auto& readers = u_.readers[i];
    return std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
      const bool is_rows = u_.base[in(r, 0)] == i && u_.shape_of(in(r, 0)) == u_.shape_of(i);
      if (f_.work[r] == Work::kParts) return is_rows;
      return f_.work[r] == Work::kProduct && is_rows && rounds_operands(u_, f_.precision, r);
    });
  }

  void choose_beside() {
    for (size_t s = 0; s < u_.plan.stages.size(); ++s) {
      for (uint32_t i : f_.fills[s]) choose_beside(i, s);
      for (const RowGroup& group : u_.plan.stages[s].rows) {
        for (uint32_t i : group.nodes) {
          if (!u_.shares(i)) choose_beside(i, s);
        }
      }
    }
  }

  void choose_beside(uint32_t i, size_t stage) {
    std::vector<Form>& forms = f_.beside[stage][i];
    for (uint32_t value : u_.names_of(i)) {
      const bool filled = f_.filled.contains(value);
      for (uint32_t r : u_.plan.nodes[value].readers) {
        const bool here = u_.level(r) == static_cast<int>(stage);
        const Work work = f_.work[r];
        if (here && work == Work::kProduct && !u_.once(r) && in(r, 0) == value &&
            rounds_operands(u_, f_.precision, r)) {
          forms.push_back({FormKind::kCast, value, r});
        }
        if (!u_.once(r) || (filled && !here) || (u_.once(value) && !filled)) continue;
        if (work == Work::kBatchSum) forms.push_back({FormKind::kBatchSum, value, r});
        if (work == Work::kParts) forms.push_back({FormKind::kPart, value, r});
        if (work != Work::kBatchProducts) continue;
        if (in(r, 0) == value) forms.push_back({FormKind::kTransposed, value, r});
        if (in(r, 1) == value) forms.push_back({FormKind::kKept, value, r});
      }
    }
  }

  void choose_packed() {
    for (const Stage& stage : u_.plan.stages) {
      for (const RowGroup& group : stage.rows) {
        for (uint32_t i : group.nodes) pack_factor(i);
      }
    }
    const auto pack_once = [&](const Stage& stage) {
      for (const OnceGroup& group : stage.once) {
        if (group.source != kNoNode) pack_factor(group.source);
      }
    };
    pack_once(u_.plan.prologue);
    for (const Stage& stage : u_.plan.stages) pack_once(stage);
  }

  void pack_factor(uint32_t i) {
    // Products of kOnce matrices round their operands always: no attribute asks for exact ones.
    const bool rounds =
        u_.once(i) ? f_.precision == Precision::kBF16 : rounds_operands(u_, f_.precision, i);
    if (f_.work[i] != Work::kProduct || !rounds) return;
    const PackedForm form =
        packed_form(u_, in(i, 1), u_.node(i).attrs.integer("transpose_b", 0) != 0);
    if (std::find(f_.packed.begin(), f_.packed.end(), form) == f_.packed.end()) {
      f_.packed.push_back(form);
    }
  }

  const Uses& u_;
  Forms f_;
};

std::string_view work_name(Work work) {
  constexpr std::string_view names[] = {"nothing",        "scalar",     "input",
                                        "noise",          "chunk",      "reduction",
                                        "moves",          "product",    "products of rows",
                                        "batch products", "parts",      "batch sum",
                                        "windows",        "lookup",     "scatter sum",
                                        "replace rows",   "batch-wise", "reference"};
  return names[static_cast<size_t>(work)];
}

std::string_view form_name(FormKind kind) {
  constexpr std::string_view names[] = {"bf16 rows", "partial sums", "kept transposed", "kept",
                                        "in parts"};
  return names[static_cast<size_t>(kind)];
}

}  // namespace

Forms choose_forms(const Uses& uses, Precision precision) { return Chooser(uses, precision).run(); }

const std::vector<Form>& Forms::beside_rows(uint32_t i, size_t stage) const {
  static const std::vector<Form> none;
  const auto at = beside[stage].find(i);
  return at == beside[stage].end() ? none : at->second;
}

bool Forms::reads_batch(const Uses& uses, uint32_t i) const {
  if (!uses.is_op(i) || uses.node(i).op->rows != RowUse::kBatchSum) return false;
  return work[i] != Work::kBatchSum && work[i] != Work::kBatchProducts && work[i] != Work::kParts;
}

bool rounds_operands(const Uses& uses, Precision precision, uint32_t product) {
  return precision == Precision::kBF16 && uses.is_op(product) &&
         uses.node(product).attrs.integer("exact", 0) == 0;
}

bool sums_stored_input(const Uses& uses, const Forms& forms, uint32_t sum) {
  return forms.stored[uses.base[uses.node(sum).inputs[0]]] && uses.shape_of(sum).cols <= kWideTile;
}

PackedForm packed_form(const Uses& uses, uint32_t weight, bool transposed) {
  const uint32_t source = uses.base[weight];
  const bool same_lines = uses.shape_of(source) == uses.shape_of(weight);
  return {same_lines ? source : weight, transposed};
}

Place operand_at(const Uses& uses, Place at, uint32_t in, const Geometry& reader,
                 bool rows_are_lead) {
  const auto [source, shape] = uses.source_of(in);
  const Geometry g = geometry(shape);
  // Behind a reshape the same dense values are read with other rows: (4, 4) as (16).
  if (uses.shape_of(source) != g) at.row_stride = g.cols;
  if (g.cols != reader.cols && g.cols != 1) return {};
  at.col_stride = g.cols == reader.cols ? 1 : 0;
  if (g.lead * g.cols == 1 || reader.cols == 1) at.col_stride = 0;
  if (rows_are_lead) {
    if (g.lead == reader.lead && g.lead * g.cols > 1) return at;
    if (g.lead != 1) return {};
    at.row_stride = 0;
    return at;
  }
  if (uses.once(source)) {
    if (g.lead != 1) return {};
    at.row_stride = 0;
    return at;
  }
  if (g.lead == reader.lead) return at;
  if (g.lead != 1) return {};
  at.row_repeat = static_cast<int32_t>(reader.lead);
  return at;
}

Place lines_at(const Uses& uses, Place at, uint32_t in, const Geometry& g) {
  const uint32_t source = uses.base[in];
  if (uses.shape_of(source) != g) at.row_stride = g.cols;
  at.col_stride = 1;
  if (!uses.once(source)) return at;
  at.row_stride = 0;
  return g.lead == 1 ? at : Place{};
}

Shape expanded_shape(const Uses& uses, uint32_t reader, uint32_t in) {
  Shape shape = uses.node(reader).type.shape;
  const Shape own = uses.source_of(in).second;
  if (own.empty() || own.back() == 1) shape.back() = 1;
  return shape;
}

std::string print_forms(const Uses& uses, const Forms& forms) {
  std::string text;
  for (uint32_t i = 0; i < uses.size(); ++i) {
    if (forms.work[i] == Work::kNothing || forms.work[i] == Work::kScalar) continue;
    text +=
        "%" + std::to_string(i) + " " +
        std::string(uses.is_op(i) ? uses.node(i).op->name : std::string_view(uses.node(i).name)) +
        "  " + std::string(work_name(forms.work[i]));
    if (forms.stored[i]) text += ", read where it is stored";
    if (forms.rounded[i]) text += ", rounded alone";
    if (forms.filled.contains(i)) text += ", rows written";
    for (uint32_t in : uses.is_op(i) ? uses.node(i).inputs : std::vector<uint32_t>{}) {
      if (forms.is_expanded(i, in)) text += ", %" + std::to_string(in) + " written out";
    }
    for (const auto& stage : forms.beside) {
      const auto at = stage.find(i);
      if (at == stage.end()) continue;
      for (const Form& f : at->second) {
        text += ", " + std::string(form_name(f.kind)) + " for %" + std::to_string(f.reader);
      }
    }
    text += "\n";
  }
  for (const PackedForm& p : forms.packed) {
    text += "packed %" + std::to_string(p.weight) + (p.transposed ? " transposed\n" : "\n");
  }
  return text;
}

}  // namespace isthmus
