// SPDX-License-Identifier: Apache-2.0
// Reads a container: foreign formats are refused by their first bytes, the header is checked, the
// version and the digest of isthmus's own files are verified, and only then are tensors allocated.
// What the configuration inside means is the caller's business.
#include "isthmus/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "isthmus/base/digest.h"
#include "isthmus/checkpoint/container_checks.h"

namespace isthmus {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian");

constexpr uint64_t kPrefixBytes = 4096;
constexpr std::string_view kZeroDigits = "00000000000000000000000000000000";
constexpr std::string_view kConvertRecipe =
    "isthmus opens only models that it wrote; to look at the weights, convert them in Python with "
    "safetensors.torch.save_file(torch.load(path, weights_only=True), \"weights.safetensors\") and "
    "run isthmus inspect weights.safetensors";

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A header length may by chance look like another format's magic; such a file is still ours.
bool starts_like_safetensors(std::string_view prefix, uint64_t file_bytes) {
  if (prefix.size() < 9 || prefix[8] != '{') return false;
  uint64_t length = 0;
  std::memcpy(&length, prefix.data(), sizeof(length));
  return length <= file_bytes - sizeof(length);
}

/// Pickle protocols 2 to 5; the older ones have no magic.
bool is_pickle(std::string_view prefix) {
  return prefix.size() >= 2 && prefix[0] == '\x80' && prefix[1] >= 2 && prefix[1] <= 5;
}

/// ONNX has no magic: field 1 (ir_version) and then field 2 (producer_name), as all writers do.
bool is_onnx(std::string_view prefix) {
  constexpr char kIrVersion = 0x08, kProducerName = 0x12;
  constexpr size_t kFixed = 4, kLongestName = 64;
  if (prefix.size() < kFixed || prefix[0] != kIrVersion || prefix[1] < 1 ||
      prefix[2] != kProducerName) {
    return false;
  }
  const auto name_bytes = static_cast<uint8_t>(prefix[3]);
  if (name_bytes == 0 || name_bytes > kLongestName || prefix.size() < kFixed + name_bytes) {
    return false;
  }
  const std::string_view name = prefix.substr(kFixed, name_bytes);
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

void refuse_foreign_format(std::span<const std::byte> prefix, uint64_t file_bytes) {
  using namespace std::string_view_literals;
  const std::string_view text = as_text(prefix);
  if (starts_like_safetensors(text, file_bytes)) return;
  const std::string recipe(kConvertRecipe);
  if (is_pickle(text)) {
    throw Error(ErrorCode::kForeignPickle,
                "this is a pickle, which can run code when it is opened; isthmus never opens one",
                recipe);
  }
  if (text.starts_with("PK\3\4"sv)) {
    throw Error(ErrorCode::kForeignTorchZip, "this is a zip archive, as torch.save writes it",
                recipe);
  }
  if (text.starts_with("\x89HDF\r\n\x1a\n"sv)) {
    throw Error(ErrorCode::kForeignHdf5, "this is an HDF5 file, as Keras writes it",
                "isthmus opens only models that it wrote; to look at the weights, save them in "
                "Python with safetensors.numpy.save_file({w.path: w.numpy() for w in "
                "model.weights}, \"weights.safetensors\") and run isthmus inspect "
                "weights.safetensors");
  }
  if (text.starts_with("GGUF"sv)) {
    throw Error(ErrorCode::kForeignGguf, "this is a GGUF file, a language model");
  }
  if (is_onnx(text)) {
    throw Error(ErrorCode::kForeignOnnx, "this is an ONNX model; isthmus cannot continue from one");
  }
}

void verify_digest(std::span<const std::byte> file, const SafetensorsHeader& header) {
  if (!header.digest_offset) {
    throw Error(ErrorCode::kModelDigest,
                "isthmus.digest is missing or not xxh3-128 with 32 digits");
  }
  const uint64_t begin = *header.digest_offset;
  ISTHMUS_CHECK(begin + kZeroDigits.size() <= header.data_offset, "digest outside the header");
  Xxh3Stream stream;
  stream.update(file.first(begin));
  stream.update(std::as_bytes(std::span(kZeroDigits)));
  stream.update(file.subspan(begin + kZeroDigits.size()));
  const std::string actual = stream.label();
  const std::string& stored = header.metadata.at(std::string(kDigestKey));
  if (actual != stored) {
    throw Error(ErrorCode::kModelDigest,
                "the file says " + stored + ", but its content has " + actual);
  }
}

Container read_container(std::span<const std::byte> file, const Limits& limits) {
  refuse_foreign_format(file, file.size());
  SafetensorsHeader header = parse_safetensors_header(file, limits);
  if (written_by_isthmus(header.metadata)) {
    require_compatible(header.metadata);
    verify_digest(file, header);
  }
  Container container;
  for (TensorEntry& entry : header.tensors) {
    Tensor tensor(entry.dtype, std::move(entry.shape));
    const auto source = file.subspan(header.data_offset + entry.begin, entry.end - entry.begin);
    ISTHMUS_CHECK(source.size() == tensor.num_bytes(), "bytes of a checked tensor");
    std::memcpy(tensor.data(), source.data(), source.size());
    container.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  container.metadata = std::move(header.metadata);
  return container;
}

Container load_container(Fs& fs, const std::string& path, const Limits& limits) {
  try {
    const std::optional<FileInfo> info = fs.stat(path);
    if (info && !info->is_regular) {
      throw Error(ErrorCode::kModelNotAFile, "not a regular file",
                  "give the model.safetensors inside a run folder");
    }
    if (info) {  // a wrong file is refused before all of it is read
      const Bytes prefix = fs.read_prefix(path, kPrefixBytes);
      refuse_foreign_format(prefix, info->bytes);
      check_file_start(prefix, info->bytes, limits);
    }
    return read_container(fs.read_file(path, limits.data_bytes.bytes), limits);
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

}  // namespace isthmus
