// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the texts inside a model file: the configuration, up to the tensors that it asks
// for, and the state of a checkpoint. Only Error may come out, no configuration that is accepted
// asks for more than the limits allow, and training can count on from every state that is.
#include <cstdint>
#include <cstdlib>

#include "isthmus/model_file/model.h"
#include "isthmus/train/train_state.h"

namespace {

void check_state(const isthmus::Json& json) {
  using namespace isthmus;
  StateRecord record;
  try {
    record = state_from_json(json);
    require_state_fits(record, {.num_items = 40, .batch_size = 10, .latent_dim = 2});
  } catch (const Error&) {
    return;
  }
  if (!(state_json(state_from_json(state_json(record))) == state_json(record))) std::abort();
  TrainState& s = record.state;
  s.trained_items += 10;  // as a step does: a sanitizer sees an overflow
  const std::string names[] = {"reconstruction", "kl"};
  const double means[] = {1, 1};
  s.sums.add(1, names, means, 10);
  if (++s.step <= 0 || s.sums.items > 50 || s.halvings > kMaxHalvings) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  const auto read = parse_json({reinterpret_cast<const char*>(data), size}, {});
  if (!std::holds_alternative<Json>(read)) return 0;
  check_state(std::get<Json>(read));
  Limits limits;
  limits.parameters = 100000;  // quick graphs
  Model model;
  try {
    model = model_from_config(std::get<Json>(read), limits);
  } catch (const Error&) {
    return 0;
  }
  // Accepted: it can be written, and reads back as the same.
  const Json written = model_config_json(model);
  if (!(model_config_json(model_from_config(written, limits)) == written)) std::abort();
  if (model.spec().num_values() > 4096) return 0;  // the reader compares it with the tensors first
  try {
    int64_t count = 0;
    for (const ExpectedTensor& t : expected_parameters(model.setup)) count += value_count(t.shape);
    if (count > 4 * limits.parameters) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
