// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the shipped table reader on any bytes. The first byte chooses the columns, so that
// choice, label column, header, a model's columns and plain reading are all searched. Only Error
// may come out; what is read has a name per column, finite values, and a class for each label;
// everything behind a reader indexes by label.
#include <cmath>
#include <cstdlib>

#include "isthmus/data/formats.h"

namespace {

void require(bool fact) {
  if (!fact) std::abort();
}

void check(const isthmus::ParsedData& data, const isthmus::ColumnChoice& choice) {
  const auto rows = data.values.shape()[0];
  require(static_cast<size_t>(data.values.shape()[1]) == data.column_names.size());
  require(rows > 0 && rows <= choice.max_items);
  for (const double value : data.values.values<double>()) require(std::isfinite(value));
  require(data.labels.empty() || static_cast<int64_t>(data.labels.size()) == rows);
  for (const int32_t label : data.labels) {
    require(label >= 0 && static_cast<size_t>(label) < data.class_names.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  isthmus::Limits limits;
  limits.data_bytes.bytes = uint64_t{1} << 24;
  isthmus::ColumnChoice choice;
  if (data[0] & 1) choice.exclude = {"1"};
  if (data[0] & 2) choice.label_column = data[0] & 32 ? "1" : "b";
  if (data[0] & 4) {
    choice.header = data[0] & 8 ? isthmus::TableHeader::kYes : isthmus::TableHeader::kNo;
  }
  if (data[0] & 16) choice.model_columns = {data[0] & 8 ? "c2" : "a"};
  if (data[0] & 64) choice.max_items = 2;
  try {
    check(isthmus::parse_csv(std::as_bytes(std::span(data + 1, size - 1)), choice, limits), choice);
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
