// SPDX-License-Identifier: Apache-2.0
// Adds up what a run holds at the same time. What an executor takes, the device says; nothing is
// allocated for the answer.
#include "isthmus/train/memory_estimate.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/models/inference.h"
#include "isthmus/train/run_pictures.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

uint64_t bytes_of(const Graph& graph, bool states) {
  uint64_t bytes = 0;
  for (const Node& node : graph.nodes()) {
    const bool counts =
        node.kind == NodeKind::kParameter || (states && node.kind == NodeKind::kState);
    if (counts) bytes += sizeof(float) * static_cast<uint64_t>(value_count(node.type.shape));
  }
  return bytes;
}

/// The program with its libraries, and the data.
uint64_t bytes_of_process(const RunSetup& s) { return kProgramBytes + s.data.num_bytes(); }

uint64_t bytes_of_step(const RunSetup& s, int64_t batch_size) {
  return s.device->estimate(s.step_graph, {.max_rows = batch_size, .precision = s.precision});
}

uint64_t bytes_of_evaluation(const RunSetup& s, const Graph& graph) {
  return s.device->estimate(graph, {.max_rows = plan_rows(s.model.data.num_values())});
}

/// What training keeps beside its executor: two copies of the last good state, two on their way to
/// disk and one as bytes, each of these three with the state to rewind to; and what validates, with
/// the parameters that it is given.
uint64_t bytes_beside_steps(const RunSetup& s) {
  constexpr uint64_t kCopies = 8;
  uint64_t bytes = kCopies * bytes_of(s.step_graph, true);
  if (s.data.num_val() > 0) {
    const Graph graph = evaluation_graph(s.model);
    bytes += bytes_of_evaluation(s, graph) + bytes_of(graph, false);
  }
  return bytes;
}

/// Steps, and what draws pictures after an epoch or at the end: of the memory of steps that are
/// over the allocator may keep a part.
uint64_t bytes_of_batches(const RunSetup& s, int64_t batch_size) {
  return bytes_of_step(s, batch_size) + bytes_of_run_pictures(s, batch_size);
}

/// A fitted model is there three times: fitted, as bytes, read back. Fitting is over when it is
/// measured.
uint64_t bytes_of_fit(const RunSetup& s) {
  constexpr uint64_t kCopies = 3;
  const uint64_t measured =
      std::max(bytes_of_evaluation(s, s.step_graph), bytes_of_run_pictures(s, s.batch_size));
  const ModelDef& def = all_models().find(s.model.model.name);
  const uint64_t fit =
      def.fit_bytes != nullptr ? def.fit_bytes(s.model, s.data.num_train()) : uint64_t{0};
  return kCopies * bytes_of(s.step_graph, true) + std::max(fit, measured);
}

/// The largest batch that fits; 0 if none does.
int64_t fitting_batch(const RunSetup& s) {
  const uint64_t fixed = bytes_of_process(s) + bytes_beside_steps(s);
  int64_t fits = 0, above = s.batch_size;
  while (fits + 1 < above) {
    const int64_t middle = fits + (above - fits) / 2;
    (fixed + bytes_of_batches(s, middle) <= s.memory_limit ? fits : above) = middle;
  }
  return fits;
}

/// The options of the chosen definitions that ask for memory, with their values: "--hidden 400".
std::string costly_options(const ModelSetup& setup) {
  std::vector<std::string> shown;
  for (const OptionOwner* owner : chosen_owners(setup)) {
    for (const BoundOption& option : owner->options) {
      if (!option.costs_memory) continue;
      const auto at = setup.own.texts.find(option.key);
      const std::string value = at != setup.own.texts.end() ? at->second : option.default_text;
      if (value == "none" || value == "1") continue;
      const std::string text = option.flag + " " + value;
      if (std::find(shown.begin(), shown.end(), text) == shown.end()) shown.push_back(text);
    }
  }
  return join(shown, ", ");
}

}  // namespace

uint64_t memory_estimate(const RunSetup& s) {
  if (s.fitted()) return bytes_of_process(s) + bytes_of_fit(s);
  return bytes_of_process(s) + bytes_beside_steps(s) + bytes_of_batches(s, s.batch_size);
}

void require_memory(const RunSetup& s) {
  if (s.memory_estimate <= s.memory_limit) return;
  const int64_t fits = s.fitted() ? 0 : fitting_batch(s);
  const std::string costly = costly_options(s.model);
  std::string hint = fits > 0 ? "--batch " + std::to_string(fits) + " fits" : "";
  if (!costly.empty()) hint += (hint.empty() ? "lower " : "; or lower ") + costly;
  if (s.model.data.kind == DataKind::kImage) {
    hint += std::string(hint.empty() ? "" : "; or ") + "smaller images (--resize HxW)";
  }
  if (fits == 0) {
    hint += (hint.empty() ? "" : "; or ") +
            std::string("use fewer items (--limit) or latents (--latent), or raise --memory");
  }
  throw Error(ErrorCode::kOutOfMemory,
              "training needs about " + format_bytes(s.memory_estimate) + ", the limit is " +
                  format_bytes(s.memory_limit),
              hint);
}

}  // namespace isthmus
