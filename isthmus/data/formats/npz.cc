// SPDX-License-Identifier: Apache-2.0
// NPZ, several arrays of numpy in a zip archive. One of them is read: the named one, or the one
// that is obviously meant. Entries that are no arrays of numbers are listed and never opened.
#include <algorithm>
#include <optional>

#include "isthmus/base/text.h"
#include "isthmus/data/array_reader.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/npy_header.h"
#include "isthmus/data/zip.h"

namespace isthmus {
namespace {

constexpr std::string_view kSuffix = ".npy";

struct Array {
  std::string key;
  const ZipEntry* entry = nullptr;
  std::optional<Shape> shape;  // nullopt: no array of numbers
};

/// Archives of numpy start with an array; other zip archives do not.
bool looks_like_npz(std::span<const std::byte> head) {
  constexpr size_t kNameLength = 26, kName = 30;
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (!text.starts_with("PK\x03\x04") || text.size() < kName) return false;
  const size_t length =
      static_cast<size_t>(static_cast<unsigned char>(text[kNameLength])) +
      (static_cast<size_t>(static_cast<unsigned char>(text[kNameLength + 1])) << 8);
  return text.substr(kName, length).ends_with(kSuffix);
}

std::optional<Shape> shape_of(const ZipEntry& entry, const Limits& limits) {
  try {
    const std::unique_ptr<ReadFile> file = open_zip_entry(entry);
    ByteStream in(*file);
    return read_npy_header(in, limits).shape;
  } catch (const Error&) {
    return std::nullopt;  // texts, objects, or no array at all
  }
}

std::vector<Array> list_arrays(const std::vector<ZipEntry>& entries, const Limits& limits) {
  std::vector<Array> arrays;
  for (const ZipEntry& entry : entries) {
    std::string key = entry.name;
    if (key.ends_with(kSuffix)) key.resize(key.size() - kSuffix.size());
    arrays.push_back({std::move(key), &entry, shape_of(entry, limits)});
  }
  return arrays;
}

bool is_label_like(const Array& array) {
  return array.shape->size() == 1 || (array.shape->size() == 2 && array.shape->back() == 1);
}

std::string describe(const std::vector<Array>& arrays) {
  constexpr size_t kShown = 20;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(kShown, arrays.size()); ++i) {
    const Array& array = arrays[i];
    texts.push_back(escape_for_terminal(array.key) + " " +
                    (array.shape ? shape_text(*array.shape) : "(no numbers)"));
  }
  if (arrays.size() > kShown) texts.push_back(std::to_string(arrays.size() - kShown) + " more");
  return join(texts, ", ");
}

const Array& named(const std::vector<Array>& arrays, const std::string& key) {
  std::vector<std::string> keys;
  for (const Array& array : arrays) {
    if (array.key == key) return array;
    keys.push_back(array.key);
  }
  const std::string near = nearest_word(key, keys);
  throw Error(ErrorCode::kNpzKey,
              "there is no array \"" + escape_for_terminal(key) + "\" (" + describe(arrays) + ")",
              near.empty() ? "" : "did you mean ::" + escape_for_terminal(near) + "?");
}

/// The array that is meant when none is named: the only one of numbers, or the only one that does
/// not look like labels.
const Array& obvious(const std::vector<Array>& arrays, std::string& note) {
  std::vector<const Array*> numbers, data;
  for (const Array& array : arrays) {
    if (!array.shape || array.shape->empty()) continue;
    numbers.push_back(&array);
    if (!is_label_like(array)) data.push_back(&array);
  }
  if (numbers.size() == 1) return *numbers.front();
  if (data.size() == 1) {
    for (const Array* array : numbers) {
      if (array == data.front() || array->shape->front() != data.front()->shape->front()) continue;
      note = "\"" + escape_for_terminal(array->key) +
             "\" may be labels: --labels FILE::" + escape_for_terminal(array->key);
    }
    return *data.front();
  }
  const Array* first = data.empty() ? numbers.empty() ? nullptr : numbers.front() : data.front();
  throw Error(ErrorCode::kNpzKey, "the file holds several arrays: " + describe(arrays),
              first == nullptr
                  ? "none of them holds numbers that can be read"
                  : "name one behind the file: FILE::" + escape_for_terminal(first->key));
}

void refuse_sparse(const std::vector<Array>& arrays) {
  const auto has = [&](std::string_view key) {
    return std::ranges::any_of(arrays, [&](const Array& array) { return array.key == key; });
  };
  if (!has("indices") || !has("indptr") || !has("data")) return;
  throw Error(ErrorCode::kNpzArchive, "a sparse matrix of scipy",
              "save it as an array: numpy.savez_compressed(file, x=matrix.toarray())");
}

}  // namespace

ParsedData parse_npz(ReadFile& file, const ColumnChoice& choice, const Limits& limits) {
  const uint64_t most = limits.readable_bytes();
  const Bytes archive = read_up_to(file, most == UINT64_MAX ? most : most + 1);
  limits.require_data_bytes(archive.size());
  const std::vector<ZipEntry> entries = read_zip_directory(archive, limits);
  const std::vector<Array> arrays = list_arrays(entries, limits);
  if (arrays.empty()) throw Error(ErrorCode::kEmptyData, "the archive holds no arrays");
  if (choice.key.empty()) refuse_sparse(arrays);
  std::string note;
  const Array& array = choice.key.empty() ? obvious(arrays, note) : named(arrays, choice.key);
  const std::unique_ptr<ReadFile> entry = open_zip_entry(*array.entry);
  try {
    ParsedData data = parse_npy(*entry, choice, limits);
    if (!note.empty()) data.note += (data.note.empty() ? "" : "; ") + note;
    return data;
  } catch (Error& error) {
    throw Error(error.code(),
                "array \"" + escape_for_terminal(array.key) + "\": " + error.message(),
                error.hint(), error.where());
  }
}

namespace formats {
FormatDef npz() {
  return {.name = "npz",
          .summary =
              "arrays of numpy.savez; one is named with FILE.npz::KEY, labels with "
              "--labels FILE.npz::KEY",
          .extensions = {"npz"},
          .sniff = looks_like_npz,
          .parse = parse_npz};
}
}  // namespace formats

}  // namespace isthmus
