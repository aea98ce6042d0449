// SPDX-License-Identifier: Apache-2.0
// Reads a container front to back: foreign formats are refused by their first bytes, the header and
// the version of isthmus's own files are checked, and then tensors, whose sizes are proved by now,
// are read into place while the digest is taken. What the configuration inside means is the
// caller's business.
#include "isthmus/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "isthmus/base/digest.h"
#include "isthmus/base/text.h"
#include "isthmus/checkpoint/container_checks.h"

namespace isthmus {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian");

constexpr uint64_t kStartBytes = 9;  // length of the header and its first character
constexpr uint64_t kForeignBytes = 4096;
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

void require_read(ReadFile& file, std::span<std::byte> out) {
  if (file.read(out) == out.size()) return;
  throw Error(ErrorCode::kChangedWhileRead, "the file became shorter while it was read");
}

/// Reads up to the first tensor; `head` keeps those bytes.
SafetensorsHeader read_header(ReadFile& file, const Limits& limits, Bytes& head) {
  head = read_up_to(file, kStartBytes);
  if (!starts_like_safetensors(as_text(head), file.bytes())) {
    const Bytes more = read_up_to(file, kForeignBytes);
    head.insert(head.end(), more.begin(), more.end());
  }
  refuse_foreign_format(head, file.bytes());
  const uint64_t length = check_file_start(head, file.bytes(), limits);
  head.resize(sizeof(uint64_t) + length);
  require_read(file, std::span(head).subspan(kStartBytes));
  return parse_safetensors_header(head, file.bytes(), limits);
}

/// The digest is that of the file with zeros for the digits of the digest.
void add_head(Xxh3Stream& digest, std::span<const std::byte> head,
              const SafetensorsHeader& header) {
  if (!header.digest_offset) {
    throw Error(ErrorCode::kModelDigest,
                "isthmus.digest is missing or not xxh3-128 with 32 digits");
  }
  const uint64_t begin = *header.digest_offset;
  ISTHMUS_CHECK(begin + kZeroDigits.size() <= head.size(), "digest outside the header");
  digest.update(head.first(begin));
  digest.update(std::as_bytes(std::span(kZeroDigits)));
  digest.update(head.subspan(begin + kZeroDigits.size()));
}

void require_digest(const std::string& stored, const std::string& actual) {
  if (actual == stored) return;
  throw Error(ErrorCode::kModelDigest,
              "the file says " + stored + ", but its content has " + actual);
}

std::unique_ptr<ReadFile> open_model(Fs& fs, const std::string& path, const Limits& limits) {
  const std::optional<FileInfo> info = fs.stat(path);
  if (info && !info->is_regular) {
    throw Error(ErrorCode::kModelNotAFile, "not a regular file",
                "give the model.safetensors inside a run folder");
  }
  std::unique_ptr<ReadFile> file = fs.open_read(path);
  if (file->bytes() > limits.memory_bytes) {
    throw Error(ErrorCode::kOutOfMemory,
                "the model file has " + format_bytes(file->bytes()) + ", the memory limit is " +
                    format_bytes(limits.memory_bytes),
                "raise --memory", {.key = "machine.memory"});
  }
  limits.require_data_bytes(file->bytes());
  return file;
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

Container read_container(ReadFile& file, const Limits& limits) {
  Bytes head;
  SafetensorsHeader header = read_header(file, limits, head);
  const bool ours = written_by_isthmus(header.metadata);
  if (ours) require_compatible(header.metadata);
  Xxh3Stream digest;
  if (ours) add_head(digest, head, header);
  head = Bytes();
  Container container;
  for (TensorEntry& entry : header.tensors) {
    Tensor tensor(entry.dtype, std::move(entry.shape));
    ISTHMUS_CHECK(entry.end - entry.begin == tensor.num_bytes(), "bytes of a checked tensor");
    require_read(file, tensor.bytes());
    if (ours) digest.update(tensor.bytes());
    container.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  if (ours) require_digest(header.metadata.at(std::string(kDigestKey)), digest.label());
  container.metadata = std::move(header.metadata);
  return container;
}

SafetensorsHeader load_safetensors_header(Fs& fs, const std::string& path, const Limits& limits) {
  try {
    Bytes head;
    return read_header(*open_model(fs, path, limits), limits, head);
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

Container load_container(Fs& fs, const std::string& path, const Limits& limits) {
  try {
    return read_container(*open_model(fs, path, limits), limits);
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

}  // namespace isthmus
