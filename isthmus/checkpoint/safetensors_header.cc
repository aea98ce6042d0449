// SPDX-License-Identifier: Apache-2.0
// From the bytes of a safetensors file to a checked table of tensors: length and first byte, then
// the JSON header, then names, types, shapes and ranges. Untrusted input; nothing is read behind
// the header, and no tensor is allocated here.
#include <algorithm>
#include <array>
#include <numeric>

#include "isthmus/base/byte_cursor.h"
#include "isthmus/base/checked.h"
#include "isthmus/checkpoint/header_scanner.h"
#include "isthmus/checkpoint/safetensors.h"

namespace isthmus {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kSmallestFile = 10;   // length and {}
constexpr uint64_t kSmallestEntry = 48;  // bytes of JSON that one tensor takes at least
constexpr uint64_t kMetadataNode = 96;   // two strings in a map, without their text
constexpr std::string_view kDigestLabel = "xxh3-128:";
constexpr size_t kDigestDigits = 32;

struct DtypeName {
  std::string_view name;
  Dtype dtype;
};
constexpr auto kDtypeNames = std::to_array<DtypeName>({{"F32", Dtype::kF32},
                                                       {"F64", Dtype::kF64},
                                                       {"F16", Dtype::kF16},
                                                       {"BF16", Dtype::kBF16},
                                                       {"U8", Dtype::kU8},
                                                       {"I32", Dtype::kI32},
                                                       {"I64", Dtype::kI64}});

class HeaderReader {
 public:
  HeaderReader(std::string_view text, const Limits& limits)
      : scanner_(text, kLengthBytes, limits), limits_(limits) {
    const auto possible =
        std::min<uint64_t>(static_cast<uint64_t>(limits.tensors), text.size() / kSmallestEntry + 1);
    scanner_.charge(possible * (sizeof(TensorEntry) + sizeof(uint32_t)));
    header_.tensors.reserve(possible);
  }

  SafetensorsHeader read() {
    scanner_.read_object([this](std::string key) {
      if (key == "__metadata__") {
        read_metadata();
      } else {
        read_tensor(std::move(key));
      }
    });
    scanner_.expect_end();
    refuse_doubled_tensors();
    if (!bad_dtype_.empty()) throw Error(ErrorCode::kModelTensorName, bad_dtype_);
    return std::move(header_);
  }

 private:
  void read_metadata() {
    if (has_metadata_) fail_doubled("__metadata__");
    has_metadata_ = true;
    expect_start('{', 1, "__metadata__ is not an object");
    scanner_.read_object([this](std::string key) {
      if (header_.metadata.contains(key)) fail_doubled(key);
      expect_start('"', 2, "the metadata value of " + shown_text(key) + " is not a text");
      scanner_.charge(kMetadataNode);
      const uint64_t begin = scanner_.token_offset();
      std::string value = scanner_.read_string();
      if (key == kDigestKey) note_digest(begin, value);
      header_.metadata.emplace(std::move(key), std::move(value));
    });
  }

  /// Digits can only be blanked in place when the value stands in the file without escapes.
  void note_digest(uint64_t quote_offset, std::string_view value) {
    const uint64_t raw_bytes = scanner_.offset() - quote_offset - 2;
    const bool well_formed = value.size() == kDigestLabel.size() + kDigestDigits &&
                             raw_bytes == value.size() && value.starts_with(kDigestLabel);
    if (well_formed) header_.digest_offset = quote_offset + 1 + kDigestLabel.size();
  }

  void read_tensor(std::string name) {
    if (header_.tensors.size() >= static_cast<uint64_t>(limits_.tensors)) {
      scanner_.fail(ErrorCode::kModelCounts,
                    "more tensors than limits.tensors = " + std::to_string(limits_.tensors));
    }
    expect_start('{', 1, "the entry of tensor " + shown_text(name) + " is not an object");
    TensorEntry entry;
    std::array<bool, 3> seen{};
    constexpr std::array<std::string_view, 3> kFields{"dtype", "shape", "data_offsets"};
    scanner_.read_object([&](const std::string& field) {
      const auto found = std::find(kFields.begin(), kFields.end(), field);
      if (found == kFields.end()) {
        scanner_.skip_value(2);
        scanner_.fail(ErrorCode::kModelField,
                      "tensor " + shown_text(name) + " has an unknown field " + shown_text(field));
      }
      bool& seen_field = seen[static_cast<size_t>(found - kFields.begin())];
      if (seen_field) fail_doubled(field);
      seen_field = true;
      read_field(field, name, entry);
    });
    for (size_t i = 0; i < kFields.size(); ++i) {
      if (!seen[i]) {
        scanner_.fail(ErrorCode::kModelField,
                      "tensor " + shown_text(name) + " has no field " + std::string(kFields[i]));
      }
    }
    entry.name = std::move(name);
    header_.tensors.push_back(std::move(entry));
  }

  void read_field(const std::string& field, const std::string& name, TensorEntry& entry) {
    if (field == "dtype") {
      expect_start('"', 2, "the dtype of tensor " + shown_text(name) + " is not a text");
      read_dtype(name, entry);
    } else if (field == "shape") {
      expect_start('[', 2, "the shape of tensor " + shown_text(name) + " is not a list");
      read_shape(entry);
    } else {
      expect_start('[', 2, "data_offsets of tensor " + shown_text(name) + " is not a list");
      read_range(name, entry);
    }
  }

  void read_dtype(const std::string& name, TensorEntry& entry) {
    const std::string text = scanner_.read_string();
    const auto* found = std::find_if(kDtypeNames.begin(), kDtypeNames.end(),
                                     [&](const DtypeName& known) { return known.name == text; });
    if (found != kDtypeNames.end()) {
      entry.dtype = found->dtype;
    } else if (bad_dtype_.empty()) {
      bad_dtype_ = "tensor " + shown_text(name) + " has the unknown type " + shown_text(text) +
                   "; known are F32 F64 F16 BF16 U8 I32 I64";
    }
  }

  /// One axis more than the limit is kept, so that the rank is refused together with the shapes.
  void read_shape(TensorEntry& entry) {
    axes_.clear();
    scanner_.read_array([this] {
      const uint64_t size = scanner_.read_number();
      if (axes_.size() <= static_cast<uint64_t>(limits_.tensor_rank)) {
        axes_.push_back(static_cast<int64_t>(size));
      }
    });
    scanner_.charge(axes_.size() * sizeof(int64_t));
    entry.shape.assign(axes_.begin(), axes_.end());
  }

  void read_range(const std::string& name, TensorEntry& entry) {
    std::array<uint64_t, 2> range{};
    size_t count = 0;
    scanner_.read_array([&] {
      const uint64_t offset = scanner_.read_number();
      if (count < range.size()) range[count] = offset;
      ++count;
    });
    if (count != range.size()) {
      scanner_.fail(ErrorCode::kModelField, "data_offsets of tensor " + shown_text(name) + " has " +
                                                std::to_string(count) + " numbers, not 2");
    }
    entry.begin = range[0];
    entry.end = range[1];
  }

  /// A well-formed value of another type is a wrong field (E4007), not wrong syntax (E4004).
  void expect_start(char c, int depth, const std::string& message) {
    if (scanner_.next_is(c)) return;
    scanner_.skip_value(depth);
    scanner_.fail(ErrorCode::kModelField, message);
  }

  void refuse_doubled_tensors() const {
    const auto& tensors = header_.tensors;
    std::vector<uint32_t> order(tensors.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto name = [&](uint32_t i) -> const std::string& { return tensors[i].name; };
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return name(a) < name(b); });
    for (size_t i = 1; i < order.size(); ++i) {
      if (name(order[i - 1]) == name(order[i])) fail_doubled(name(order[i]));
    }
  }

  [[noreturn]] void fail_doubled(const std::string& key) const {
    scanner_.fail(ErrorCode::kModelDoubledKey, "the key " + shown_text(key) + " appears twice");
  }

  HeaderScanner scanner_;
  const Limits& limits_;
  SafetensorsHeader header_;
  Shape axes_;
  bool has_metadata_ = false;
  std::string bad_dtype_;
};

void check_entry(const TensorEntry& entry, const Limits& limits) {
  const std::string shown = "tensor " + shown_text(entry.name);
  if (!is_tensor_name(entry.name)) {
    throw Error(ErrorCode::kModelTensorName,
                shown + ": a name has 1 to 128 characters of A-Z a-z 0-9 _ . / -");
  }
  if (entry.shape.size() > static_cast<uint64_t>(limits.tensor_rank)) {
    throw Error(ErrorCode::kModelTensorShape, shown + " has more axes than limits.tensor_rank = " +
                                                  std::to_string(limits.tensor_rank));
  }
  CheckedU64 bytes = size_of(entry.dtype);
  try {
    bytes *= checked_product(entry.shape);
  } catch (const Error&) {
    throw Error(ErrorCode::kModelTensorShape, shown + ": its size overflows 64 bits");
  }
  if (bytes.value() == 0) {
    throw Error(ErrorCode::kModelTensorShape, shown + " has an axis of size 0");
  }
  if (entry.begin > entry.end || entry.end - entry.begin != bytes.value()) {
    throw Error(ErrorCode::kModelTensorRange,
                shown + " takes the bytes " + std::to_string(entry.begin) + " to " +
                    std::to_string(entry.end) + ", but its shape needs " +
                    std::to_string(bytes.value()));
  }
}

/// The tensors must follow one another from the first data byte to the end of the file.
void check_layout(const std::vector<TensorEntry>& tensors, uint64_t data_bytes) {
  uint64_t expected = 0;
  for (const TensorEntry& entry : tensors) {
    if (entry.begin != expected) {
      throw Error(ErrorCode::kModelTensorLayout,
                  "tensor " + shown_text(entry.name) + " starts at byte " +
                      std::to_string(entry.begin) + " of the data, not at " +
                      std::to_string(expected));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    throw Error(ErrorCode::kModelTensorLayout, "the tensors end after " + std::to_string(expected) +
                                                   " bytes of data, but the file has " +
                                                   std::to_string(data_bytes));
  }
}

}  // namespace

std::string_view safetensors_dtype_name(Dtype dtype) {
  for (const DtypeName& known : kDtypeNames) {
    if (known.dtype == dtype) return known.name;
  }
  ISTHMUS_CHECK(false, "a type without a safetensors name");
}

bool is_tensor_name(std::string_view name) {
  constexpr size_t kLongestName = 128;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), allowed);
}

uint64_t check_file_start(std::span<const std::byte> prefix, uint64_t file_bytes,
                          const Limits& limits) {
  if (file_bytes < kSmallestFile) {
    throw Error(ErrorCode::kModelNotAFile,
                "the file has " + std::to_string(file_bytes) + " bytes; a model has at least 10");
  }
  ByteCursor cursor(prefix);
  const uint64_t length = cursor.le(kLengthBytes);
  const uint64_t limit = std::min(limits.header_bytes.bytes, file_bytes - kLengthBytes);
  if (length < 2 || length > limit) {
    throw Error(ErrorCode::kModelHeaderLength,
                "the header should have " + std::to_string(length) +
                    " bytes, but the file and limits.header_bytes allow 2 to " +
                    std::to_string(limit),
                {}, {.offset = 0});
  }
  if (cursor.u8() != '{') {
    throw Error(ErrorCode::kModelFirstByte, "the header does not start with {", {}, {.offset = 8});
  }
  return length;
}

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> head, uint64_t file_bytes,
                                           const Limits& limits) {
  const uint64_t length = check_file_start(head, file_bytes, limits);
  ISTHMUS_CHECK(head.size() >= kLengthBytes + length, "the header is there");
  const auto bytes = head.subspan(kLengthBytes, length);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  SafetensorsHeader header = HeaderReader(text, limits).read();
  header.data_offset = kLengthBytes + length;
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const TensorEntry& a, const TensorEntry& b) { return a.begin < b.begin; });
  for (const TensorEntry& entry : header.tensors) check_entry(entry, limits);
  check_layout(header.tensors, file_bytes - header.data_offset);
  return header;
}

}  // namespace isthmus
