// SPDX-License-Identifier: Apache-2.0
// Texts about data sets. The spec itself is filled by the data room and stored by the checkpoint
// room.
#include "isthmus/tensor/data_spec.h"

#include <algorithm>

namespace isthmus {

std::string_view data_kind_name(DataKind kind) {
  switch (kind) {
    case DataKind::kImage:
      return "image";
    case DataKind::kArray:
      return "array";
    case DataKind::kTable:
      return "table";
  }
  ISTHMUS_CHECK(false, "unknown kind of data");
  return {};
}

bool DataSpec::binary() const {
  return !fields.empty() &&
         std::all_of(fields.begin(), fields.end(), [](const FieldSpec& f) { return f.binary; });
}

std::string describe_item(const DataSpec& spec) {
  const Shape& shape = spec.item_shape;
  const auto counted = [](int64_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  if (spec.kind == DataKind::kTable) return counted(spec.num_values(), "column");
  if (spec.kind == DataKind::kArray || shape.size() < 2 || shape.size() > 3) {
    return shape.size() <= 1 ? counted(spec.num_values(), "value")
                             : item_shape_text(shape) + " values";
  }
  const int64_t channels = shape.size() == 3 ? shape[2] : 1;
  const std::string size = item_shape_text({shape[0], shape[1]});
  if (channels == 1) return size + " grey";
  if (channels == 3) return size + " rgb";
  if (channels == 4) return size + " rgba";
  return size + ", " + counted(channels, "channel");
}

}  // namespace isthmus
