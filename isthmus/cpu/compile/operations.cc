// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/operations.h"

#include <algorithm>

#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {
namespace {

using Steps = std::vector<int64_t>;

struct NamedKind {
  std::string_view op;
  KernelKind kind;
};
constexpr NamedKind kKinds[] = {
    {"matmul", KernelKind::kProduct},
    {"outer_sum", KernelKind::kBatchProducts},
    {"batch_sum", KernelKind::kBatchSum},
    {"patches", KernelKind::kWindows},
    {"fold", KernelKind::kFold},
    {"gather", KernelKind::kLookup},
    {"scatter_sum", KernelKind::kScatterSum},
    {"replace_rows", KernelKind::kReplaceRows},
};

struct NamedReduction {
  std::string_view op;
  ReduceOp does;
};
constexpr NamedReduction kReductions[] = {{"sum", ReduceOp::kSum},
                                          {"sum_items", ReduceOp::kSum},
                                          {"logsumexp", ReduceOp::kLogSumExp},
                                          {"softmax", ReduceOp::kSoftmax}};

template <class Table>
const auto* find(const Table& table, std::string_view op) {
  const auto at = std::find_if(std::begin(table), std::end(table),
                               [&](const auto& entry) { return entry.op == op; });
  return at == std::end(table) ? nullptr : &*at;
}

Box whole(int input, const LinesOf& from, const LinesOf& out) {
  return {
      .input = input, .size = from.shape, .src_step = steps_of(from), .dst_step = steps_of(out)};
}

std::vector<Box> slice_moves(const Node& n, const std::vector<LinesOf>& in, const LinesOf& out) {
  Box box = whole(0, in[0], out);
  box.size = out.shape;
  box.src = n.attrs.integer("begin") * box.src_step[axis_of(n.attrs, n.type)];
  return {box};
}

std::vector<Box> concat_moves(const Node& n, const std::vector<LinesOf>& in, const LinesOf& out) {
  const size_t axis = axis_of(n.attrs, n.type);
  std::vector<Box> boxes;
  int64_t at = 0;  // along the axis
  for (size_t k = 0; k < in.size(); ++k) {
    boxes.push_back(whole(static_cast<int>(k), in[k], out));
    boxes.back().dst = at * boxes.back().dst_step[axis];
    at += in[k].shape[axis];
  }
  return boxes;
}

std::vector<Box> pad_moves(const Node& n, const std::vector<LinesOf>& in, const LinesOf& out) {
  const size_t axis = axis_of(n.attrs, n.type);
  std::vector<Box> boxes;
  const auto zeros = [&](int64_t begin, int64_t end) {
    Box box{.size = out.shape, .dst_step = steps_of(out)};
    box.size[axis] = end - begin;
    box.dst = begin * box.dst_step[axis];
    boxes.push_back(box);
  };
  const int64_t before = n.attrs.integer("before"), end = before + in[0].shape[axis];
  zeros(0, before);
  boxes.push_back(whole(0, in[0], out));
  boxes.back().dst = before * boxes.back().dst_step[axis];
  zeros(end, out.shape[axis]);
  return boxes;
}

std::vector<Box> transpose_moves(const Node&, const std::vector<LinesOf>& in, const LinesOf& out) {
  Box box = whole(0, in[0], out);
  box.size = out.shape;
  const size_t rank = box.size.size();
  std::swap(box.src_step[rank - 1], box.src_step[rank - 2]);
  return {box};
}

std::vector<Box> broadcast_moves(const Node&, const std::vector<LinesOf>& in, const LinesOf& out) {
  return {{.input = 0,
           .size = out.shape,
           .src_step = repeated_steps(in[0], out.shape),
           .dst_step = steps_of(out)}};
}

struct NamedCost {
  std::string_view op;
  Cost cost;
};
constexpr NamedCost kCosts[] = {{"bernoulli_log_prob", Cost::kLikelihood},
                                {"exp", Cost::kLikelihood},
                                {"sigmoid", Cost::kLikelihood},
                                {"lerp", Cost::kOptimizer}};

struct NamedMoves {
  std::string_view op;
  MovesRule rule;
};
constexpr NamedMoves kMoves[] = {{"slice", slice_moves},
                                 {"concat", concat_moves},
                                 {"pad", pad_moves},
                                 {"transpose", transpose_moves},
                                 {"broadcast", broadcast_moves}};

}  // namespace

KernelKind kernel_kind(const OpDef& op) {
  if (const NamedKind* known = find(kKinds, op.name)) return known->kind;
  if (find(kReductions, op.name) != nullptr) return KernelKind::kReduction;
  if (find_moves(op.name) != nullptr) return KernelKind::kMoves;
  if (op.rows == RowUse::kBatchWise) {
    return find_batch_kernel(op.name) != nullptr ? KernelKind::kBatchWise : KernelKind::kNone;
  }
  const bool elementwise = op.elementwise && find_elementwise_kernel(op.name) != nullptr;
  return elementwise ? KernelKind::kElementwise : KernelKind::kNone;
}

MovesRule find_moves(std::string_view op) {
  const NamedMoves* known = find(kMoves, op);
  return known == nullptr ? nullptr : known->rule;
}

Steps steps_of(const LinesOf& value) {
  const Shape& shape = value.shape;
  Steps steps(shape.size(), 1);
  for (size_t a = shape.size(); a-- > 1;) {
    steps[a - 1] = a + 1 == shape.size() ? value.row_stride : steps[a] * shape[a];
  }
  return steps;
}

Steps repeated_steps(const LinesOf& from, const Shape& to) {
  const Steps own = steps_of(from);
  Steps steps(to.size(), 0);
  for (size_t a = 0; a < own.size(); ++a) {
    if (from.shape[a] != 1) steps[to.size() - own.size() + a] = own[a];
  }
  return steps;
}

ReduceOp reduce_op(const OpDef& op) { return find(kReductions, op.name)->does; }

Cost cost_of(const OpDef& op) {
  const NamedCost* known = find(kCosts, op.name);
  return known == nullptr ? Cost::kOther : known->cost;
}

ElementwiseKernel copy_kernel() { return find_elementwise_kernel("stop_gradient"); }

}  // namespace isthmus
