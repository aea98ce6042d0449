// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the configuration inside a model file, up to the tensors that it asks for. Only
// Error may come out, and no configuration that is accepted asks for more than the limits allow.
#include <cstdint>
#include <cstdlib>

#include "isthmus/train/model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  const auto read = parse_json({reinterpret_cast<const char*>(data), size}, {});
  if (!std::holds_alternative<Json>(read)) return 0;
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
