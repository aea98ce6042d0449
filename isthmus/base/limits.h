// SPDX-License-Identifier: Apache-2.0
// All limits on sizes that come from outside, in one place. `isthmus doctor` prints them;
// `--set limits.header_bytes=8MiB` changes one.
#pragma once

#include <algorithm>
#include <string_view>

#include "isthmus/base/checked.h"
#include "isthmus/base/options.h"

namespace isthmus {

struct Limits {
  ByteSize data_bytes{uint64_t{16} << 30};
  // A model describes each of its columns: these suffice for csv_columns of them with long names.
  // What a reader allocates follows the size of the file, not these.
  ByteSize header_bytes{uint64_t{92} << 20};  // 100 MB are most that other readers take
  ByteSize config_bytes{uint64_t{64} << 20};
  ByteSize string_bytes{uint64_t{80} << 20};
  int64_t json_depth = 32;
  int64_t tensors = 20000;
  int64_t tensor_rank = 8;
  ByteSize npy_header_bytes{uint64_t{64} << 10};
  ByteSize csv_line_bytes{uint64_t{16} << 20};
  int64_t csv_columns = 65536;
  int64_t image_pixels = int64_t{1} << 26;
  ByteSize png_chunk_bytes{uint64_t{1} << 20};
  int64_t layers = 256;
  int64_t width = 65536;
  int64_t parameters = int64_t{1} << 33;
  /// No option of its own: what --memory leaves for data (MachineOptions).
  uint64_t memory_bytes = UINT64_MAX;

  static constexpr auto fields() {
    using O = Limits;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(&O::data_bytes, "data_bytes", any_value(), "Decoded bytes of one data set.", rare),
        field(&O::header_bytes, "header_bytes", any_value(), "Header of a safetensors file.", rare),
        field(&O::config_bytes, "config_bytes", any_value(), "Configuration inside a model.", rare),
        field(&O::string_bytes, "string_bytes", any_value(), "One string in a header.", rare),
        field(&O::json_depth, "json_depth", at_least(1), "Nesting of JSON.", rare),
        field(&O::tensors, "tensors", at_least(1), "Tensors in a file.", rare),
        field(&O::tensor_rank, "tensor_rank", at_least(1), "Axes of a tensor.", rare),
        field(&O::npy_header_bytes, "npy_header_bytes", any_value(), "Header of NPY.", rare),
        field(&O::csv_line_bytes, "csv_line_bytes", any_value(), "One line of a table.", rare),
        field(&O::csv_columns, "csv_columns", at_least(1), "Columns of a table.", rare),
        field(&O::image_pixels, "image_pixels", at_least(1), "Pixels of one image.", rare),
        field(&O::png_chunk_bytes, "png_chunk_bytes", any_value(), "One chunk of a PNG.", rare),
        field(&O::layers, "layers", at_least(1), "Layers of a model.", rare),
        field(&O::width, "width", at_least(1), "Width of a layer.", rare),
        field(&O::parameters, "parameters", at_least(1), "Parameters of a model.", rare)};
  }

  /// The most bytes that may be read from one file, and be kept of one data set.
  uint64_t readable_bytes() const { return std::min(data_bytes.bytes, memory_bytes); }
  /// Error E5201 above memory_bytes, E3004 above data_bytes; both name the needed bytes and the
  /// option that raises the limit.
  void require_data_bytes(CheckedU64 bytes) const;
};

}  // namespace isthmus
