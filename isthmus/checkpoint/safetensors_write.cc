// SPDX-License-Identifier: Apache-2.0
// Turns metadata and tensors into the canonical bytes of a safetensors file. The bytes are checked
// by the reader before they leave, so nothing is written that could not be read. Putting them on a
// disk is the business of Fs and generations.cc.
#include <cstring>

#include "isthmus/base/digest.h"
#include "isthmus/checkpoint/safetensors.h"

namespace isthmus {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kDataAlignment = 64;
constexpr std::string_view kBlankDigest = "xxh3-128:00000000000000000000000000000000";

/// The shortest JSON form; bytes above 0x7F stay as they are.
void append_json_text(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_metadata(std::string& out, const Metadata& metadata) {
  out += "\"__metadata__\":{";
  bool first = true;
  for (const auto& [key, value] : metadata) {
    if (!first) out += ',';
    first = false;
    append_json_text(out, key);
    out += ':';
    append_json_text(out, value);
  }
  out += '}';
}

void append_entry(std::string& out, const std::string& name, const Tensor& tensor, uint64_t begin) {
  out += ',';
  append_json_text(out, name);
  out += ":{\"dtype\":\"";
  out += safetensors_dtype_name(tensor.dtype());
  out += "\",\"shape\":[";
  for (size_t i = 0; i < tensor.shape().size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(tensor.shape()[i]);
  }
  out += "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(begin + tensor.num_bytes()) + "]}";
}

std::string header_of(const Metadata& metadata, const NamedTensors& tensors) {
  std::string header = "{";
  append_metadata(header, metadata);
  uint64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    append_entry(header, name, tensor, begin);
    begin += tensor.num_bytes();
  }
  header += '}';
  while ((kLengthBytes + header.size()) % kDataAlignment != 0) header += ' ';
  return header;
}

}  // namespace

Bytes write_container(Metadata metadata, const NamedTensors& tensors, const Limits& limits) {
  metadata[std::string(kFormatKey)] = "isthmus";
  metadata.emplace(kVersionKey, "1");
  metadata[std::string(kDigestKey)] = kBlankDigest;
  const std::string header = header_of(metadata, tensors);
  if (header.size() > limits.header_bytes.bytes) {
    throw Error(ErrorCode::kModelCounts, "the header needs " + std::to_string(header.size()) +
                                             " bytes, over limits.header_bytes = " +
                                             std::to_string(limits.header_bytes.bytes));
  }
  uint64_t total = kLengthBytes + header.size();
  for (const auto& [name, tensor] : tensors) total += tensor.num_bytes();

  Bytes file(total);
  std::byte* end = file.data();
  const auto append = [&end](const void* data, uint64_t bytes) {
    std::memcpy(end, data, bytes);
    end += bytes;
  };
  const uint64_t length = header.size();
  append(&length, sizeof(length));
  append(header.data(), header.size());
  for (const auto& [name, tensor] : tensors) append(tensor.data(), tensor.num_bytes());

  const SafetensorsHeader read_back = parse_safetensors_header(file, file.size(), limits);
  ISTHMUS_CHECK(read_back.digest_offset.has_value(), "the digest has a place");
  const std::string label = xxh3_128_label(file);
  const size_t digits_at = label.find(':') + 1;
  std::memcpy(file.data() + *read_back.digest_offset, label.data() + digits_at,
              label.size() - digits_at);
  return file;
}

}  // namespace isthmus
