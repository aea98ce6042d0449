// SPDX-License-Identifier: Apache-2.0
// The check of the largest limit, the decoded size of a data set. The other limits are compared
// where their size is known.
#include "isthmus/base/limits.h"

#include "isthmus/base/text.h"

namespace isthmus {

void Limits::require_data_bytes(CheckedU64 bytes) const {
  if (bytes.value() > memory_bytes) {
    throw Error(ErrorCode::kOutOfMemory,
                "the data need more than the memory limit of " + format_bytes(memory_bytes),
                "use fewer items (--limit), or raise --memory", {.key = "machine.memory"});
  }
  if (bytes.value() <= data_bytes.bytes) return;
  throw Error(
      ErrorCode::kOverLimit,
      "the data need " + format_bytes(bytes.value()) + " (" + std::to_string(bytes.value()) +
          " bytes), but limits.data_bytes is " + print_value(data_bytes),
      "if the file is trusted: --set limits.data_bytes=" + print_value(ByteSize{bytes.value()}),
      {.key = "limits.data_bytes"});
}

}  // namespace isthmus
