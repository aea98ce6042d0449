// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/uses.h"

#include <algorithm>

#include "isthmus/cpu/compile/operations.h"

namespace isthmus {
namespace {

/// Part of rows of one axis that its readers take where it lies: not behind another shape (its rows
/// are not dense), and not as the second factor of a sum of products over the batch.
bool is_view(const Uses& u, uint32_t i) {
  if (!u.is_op(i) || u.node(i).op->layout != Layout::kWindow || u.once(i)) return false;
  if (u.node(i).type.shape.size() != 1) return false;
  const auto& readers = u.plan.nodes[i].readers;
  return std::none_of(readers.begin(), readers.end(), [&](uint32_t r) {
    const OpDef& op = *u.node(r).op;
    const bool other_shape = op.layout == Layout::kSameMemory && !op.elementwise;
    return other_shape ||
           (kernel_kind(op) == KernelKind::kBatchProducts && u.node(r).inputs[1] == i);
  });
}

void find_bases(Uses& u) {
  for (uint32_t i = 0; i < u.size(); ++i) {
    const NodePlan& p = u.plan.nodes[i];
    const bool shares = p.alias_of != kNoNode && !p.materialized;
    u.base.push_back(shares ? u.base[p.alias_of] : i);
  }
}

void find_readers(Uses& u) {
  u.readers.resize(u.size());
  for (uint32_t i = static_cast<uint32_t>(u.size()); i-- > 0;) {
    auto& readers = u.readers[i];
    for (uint32_t r : u.plan.nodes[i].readers) {
      const auto& further = u.readers[r];
      const bool is_alias = u.plan.nodes[r].alias_of == i;
      if ((is_alias && u.shares(r)) || u.is_unwritten_view(r)) {
        readers.insert(readers.end(), further.begin(), further.end());
        if (u.view[r] || u.output[r]) readers.push_back(r);
      } else {
        readers.push_back(r);
        // Elementwise readers look through a broadcast even where it is also needed in full.
        if (is_alias) readers.insert(readers.end(), further.begin(), further.end());
      }
    }
  }
}

}  // namespace

Uses find_uses(const Graph& graph, const Plan& plan) {
  Uses u{.graph = graph, .plan = plan};
  u.output.resize(u.size());
  for (const auto& [name, i] : graph.outputs()) u.output[i] = true;
  find_bases(u);
  for (uint32_t i = 0; i < u.size(); ++i) u.view.push_back(is_view(u, i));
  find_readers(u);
  return u;
}

std::vector<uint32_t> Uses::names_of(uint32_t i) const {
  std::vector<uint32_t> names = {i};
  for (size_t k = 0; k < names.size(); ++k) {
    for (uint32_t r : plan.nodes[names[k]].readers) {
      const bool is_alias = plan.nodes[r].alias_of == names[k] && shares(r);
      if (is_alias || is_unwritten_view(r)) names.push_back(r);
    }
  }
  return names;
}

std::pair<uint32_t, Shape> Uses::source_of(uint32_t i) const {
  Shape shape = node(i).type.shape;
  bool reshaped = false;
  while (plan.nodes[i].alias_of != kNoNode) {
    const bool repeats = node(i).op->layout == Layout::kRepeats;
    if (repeats && reshaped) break;
    i = plan.nodes[i].alias_of;
    if (repeats) {
      shape = node(i).type.shape;
    } else {
      reshaped |= node(i).type.shape != shape;
    }
  }
  return {i, shape};
}

std::string print_uses(const Uses& u) {
  std::string text;
  for (uint32_t i = 0; i < u.size(); ++i) {
    text += "%" + std::to_string(i) + " " +
            std::string(u.is_op(i) ? u.node(i).op->name : std::string_view(u.node(i).name));
    if (u.shares(i)) text += "  is %" + std::to_string(u.base[i]);
    if (u.view[i]) text += "  in %" + std::to_string(u.node(i).inputs[0]);
    if (!u.readers[i].empty()) text += "  read by";
    for (uint32_t r : u.readers[i]) text += " %" + std::to_string(r);
    text += u.output[i] ? "  output\n" : "\n";
  }
  return text;
}

}  // namespace isthmus
