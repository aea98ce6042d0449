// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the shipped table reader on any bytes. The first byte chooses the columns, so that
// choice, label column, a limit of rows and plain reading are all searched. Only Error may come
// out, and labels that are indices of their classes.
#include <cstdlib>

#include "isthmus/data/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  isthmus::Limits limits;
  limits.data_bytes.bytes = uint64_t{1} << 24;
  isthmus::ColumnChoice choice;
  if (data[0] & 1) choice.exclude = {"1"};
  if (data[0] & 2) choice.label_column = "b";
  if (data[0] & 4) choice.max_items = 2;
  try {
    const auto table =
        isthmus::parse_csv(std::as_bytes(std::span(data + 1, size - 1)), choice, limits);
    // Everything behind a reader indexes by label.
    for (const int32_t label : table.labels) {
      if (label < 0 || static_cast<size_t>(label) >= table.class_names.size()) std::abort();
    }
    if (table.values.shape()[0] > choice.max_items) std::abort();
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
