// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the texts of option values. The first byte chooses an option of training; a text is
// refused with Error, or its value prints as a text that reads as the same value.
#include <cstdint>
#include <cstdlib>

#include "isthmus/train/options.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  if (size == 0) return 0;
  TrainOptions options;
  const std::vector<BoundOption> bound = bind_options(options);
  const BoundOption& option = bound[data[0] % bound.size()];
  try {
    option.set({reinterpret_cast<const char*>(data + 1), size - 1});
  } catch (const Error&) {
    return 0;
  }
  const std::string printed = option.get();
  option.set(printed);  // an Error here is a failure
  if (option.get() != printed) std::abort();
  return 0;
}
