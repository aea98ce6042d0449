// SPDX-License-Identifier: Apache-2.0
// Counts values of graphs; nothing is compiled or allocated for it.
#include "isthmus/train/memory_estimate.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/exec/plan.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

uint64_t bytes_of_states(const Graph& graph) {
  uint64_t bytes = 0;
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kParameter || node.kind == NodeKind::kState) {
      bytes += 4 * static_cast<uint64_t>(value_count(node.type.shape));
    }
  }
  return bytes;
}

/// What a row costs: values that a later stage reads, once as rows and once transposed.
uint64_t bytes_per_row(const Graph& graph) {
  const Plan plan = make_plan(graph);
  uint64_t bytes = 0;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const bool own_memory = plan.nodes[i].alias_of == kNoNode;
    if (plan.nodes[i].crosses && own_memory) {
      bytes += 8 * static_cast<uint64_t>(value_count(graph.nodes()[i].type.shape));
    }
  }
  return bytes;
}

/// Parts that do not depend on the batch: data, the state with its packed copies, two copies of the
/// last good state, two on their way to disk and one as bytes, each of these three with the state
/// to rewind to, the program with its libraries. A fitted model is there fewer times: fitted,
/// packed, as bytes, read back.
uint64_t fixed_bytes(const RunSetup& s) {
  constexpr uint64_t kProcess = uint64_t{20} << 20;
  constexpr uint64_t kCopiesOfState = 10, kCopiesOfFitted = 5;
  const uint64_t copies = s.fitted() ? kCopiesOfFitted : kCopiesOfState;
  return kProcess + s.data.num_bytes() + copies * bytes_of_states(s.step_graph);
}

/// Fitting is over when its model is measured.
uint64_t bytes_of_fit(const RunSetup& s) {
  const ModelDef& def = all_models().find(s.model.model.name);
  const uint64_t fit =
      def.fit_bytes != nullptr ? def.fit_bytes(s.model, s.data.num_train()) : uint64_t{0};
  const auto rows = static_cast<uint64_t>(plan_rows(s.model.data.num_values()));
  return std::max(fit, rows * bytes_per_row(s.step_graph));
}

}  // namespace

uint64_t memory_estimate(const RunSetup& s) {
  if (s.fitted()) return fixed_bytes(s) + bytes_of_fit(s);
  return fixed_bytes(s) + static_cast<uint64_t>(s.batch_size) * bytes_per_row(s.step_graph);
}

void require_memory(const RunSetup& s) {
  if (s.memory_estimate <= s.memory_limit) return;
  std::string hint = "use fewer items (--limit), fewer latents, or raise --memory";
  if (!s.fitted()) {
    const uint64_t fixed = fixed_bytes(s);
    const uint64_t row = std::max<uint64_t>(1, bytes_per_row(s.step_graph));
    const uint64_t fits = s.memory_limit > fixed ? (s.memory_limit - fixed) / row : 0;
    hint = fits > 0 ? "--batch " + std::to_string(fits) + " fits"
                    : "use fewer items (--limit), a smaller network, or raise --memory";
  }
  throw Error(ErrorCode::kOutOfMemory,
              "training needs about " + format_bytes(s.memory_estimate) + ", the limit is " +
                  format_bytes(s.memory_limit),
              hint);
}

}  // namespace isthmus
