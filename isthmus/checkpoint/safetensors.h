// SPDX-License-Identifier: Apache-2.0
// The safetensors container: named tensors and a map of texts in one file. Reading is strict and
// safe for files from anyone; writing is canonical (same content, same bytes). Nothing here knows a
// model. The format is described in docs/formats/model_file.md.
//
//   Container container = load_container(fs, "model.safetensors", limits);
//   require_kind(container, "model");
//   require_tensor_set(expected, container.tensors);   // derived from the configuration
//   require_finite(container.tensors);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// `__metadata__`: keys such as isthmus.kind, isthmus.config, isthmus.state.
using Metadata = std::map<std::string, std::string>;

struct TensorEntry {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  uint64_t begin = 0, end = 0;  // bytes behind data_offset
};

struct SafetensorsHeader {
  Metadata metadata;
  std::vector<TensorEntry> tensors;       // sorted by begin; they fill the data without a hole
  uint64_t data_offset = 0;               // of the first tensor, in the file
  std::optional<uint64_t> digest_offset;  // of the 32 hex digits of isthmus.digest, in the file
};

struct Container {
  Metadata metadata;
  NamedTensors tensors;
};

/// Metadata keys of an isthmus file.
inline constexpr std::string_view kFormatKey = "format";              // "isthmus"
inline constexpr std::string_view kVersionKey = "isthmus.version";    // "1"
inline constexpr std::string_view kKindKey = "isthmus.kind";          // "model" "checkpoint"
inline constexpr std::string_view kConfigKey = "isthmus.config";      // JSON
inline constexpr std::string_view kStateKey = "isthmus.state";        // JSON, checkpoints only
inline constexpr std::string_view kRequiresKey = "isthmus.requires";  // features, comma separated
inline constexpr std::string_view kDigestKey = "isthmus.digest";

/// The safetensors name of a type: "F32", "BF16".
std::string_view safetensors_dtype_name(Dtype dtype);
/// [A-Za-z0-9_./-]{1,128}
bool is_tensor_name(std::string_view name);

/// Recognises a pickle, zip archive of PyTorch, HDF5, GGUF or ONNX by its first bytes: E4501 ..
/// E4504, E4506 with a recipe. `prefix` may be the start of the file; `file_bytes` is its size.
void refuse_foreign_format(std::span<const std::byte> prefix, uint64_t file_bytes);

/// The first nine bytes: E4001 .. E4003. Returns the length of the header. `prefix` as above.
uint64_t check_file_start(std::span<const std::byte> prefix, uint64_t file_bytes,
                          const Limits& limits);

/// Structure only: E4001 .. E4011. `head` holds the header at least; `file_bytes` is the size of
/// the file. Allocates at most 4 MiB and the size of the header, within limits.header_bytes.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> head, uint64_t file_bytes,
                                           const Limits& limits);
/// The same of a file, with foreign formats refused; errors name it. E4001 for a folder or device.
SafetensorsHeader load_safetensors_header(Fs& fs, const std::string& path, const Limits& limits);

/// All checks that need no knowledge of the content: foreign formats, structure and, in a file that
/// says format = isthmus, version, required features and digest (E4201 when it is missing, ill
/// formed or does not match). Tensors are allocated when their sizes are proved to be those of the
/// file, and read into place: beside what it returns it holds the header alone.
Container read_container(ReadFile& file, const Limits& limits);
inline Container read_container(std::span<const std::byte> file, const Limits& limits) {
  MemoryFile memory(file);
  return read_container(memory, limits);
}
/// The same from a path; errors name the file. E4001 for a folder or device.
Container load_container(Fs& fs, const std::string& path, const Limits& limits);

/// E4505 not written by isthmus, E4101 another kind, E4301 newer version, E4302 unknown feature.
void require_kind(const Metadata& metadata, std::string_view kind);
inline void require_kind(const Container& container, std::string_view kind) {
  require_kind(container.metadata, kind);
}

/// E4202 naming the first tensor and index that is NaN or infinite.
void require_finite(const NamedTensors& tensors);

struct ExpectedTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
};
/// E4105 naming the first (by name) missing, unexpected or different tensor.
void require_tensor_set(std::span<const ExpectedTensor> expected, const NamedTensors& tensors);

/// Canonical bytes: tensors and metadata sorted, data from a multiple of 64 on. Fills in `format`,
/// `isthmus.version` (when absent) and `isthmus.digest`. Error E4006 for what a reader with these
/// limits would refuse.
Bytes write_container(Metadata metadata, const NamedTensors& tensors, const Limits& limits = {});

}  // namespace isthmus
