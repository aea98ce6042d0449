// SPDX-License-Identifier: Apache-2.0
// The list of data formats and the decision which one a file has, by content alone. Well-known
// foreign formats are named together with the way out of them.
#include "isthmus/data/formats.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/data/gzip.h"

namespace isthmus {
namespace formats {
#define ISTHMUS_ENTRY(name) FormatDef name();
#include "isthmus/builtin_formats.inc"
#undef ISTHMUS_ENTRY
}  // namespace formats

namespace {

constexpr uint64_t kHeadBytes = 4096;

struct Foreign {
  std::string_view magic;
  std::string_view what;
  std::string_view hint;
};
using namespace std::string_view_literals;
constexpr std::string_view kToNpy = "save the array with numpy.save(file, array)";
constexpr std::string_view kToPng = "convert it to PNG";
constexpr std::string_view kUnpack = "unpack it first; only gzip is read directly";
constexpr std::string_view kToCsv = "save it as CSV or NPY";
constexpr Foreign kForeign[] = {
    {"PK\x03\x04"sv, "a zip archive (NPZ files are zip archives, too)", kToNpy},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file", "save one array of it with numpy.save(file, array)"},
    {"\xff\xd8\xff"sv, "a JPEG image", kToPng},
    {"GIF8"sv, "a GIF image", kToPng},
    {"BM"sv, "a BMP image", kToPng},
    {"RIFF"sv, "a WebP image or a sound", kToPng},
    {"II*\0"sv, "a TIFF image", kToPng},
    {"MM\0*"sv, "a TIFF image", kToPng},
    {"\xfd"
     "7zXZ\0"sv,
     "an xz archive", kUnpack},
    {"BZh"sv, "a bzip2 archive", kUnpack},
    {"\x28\xb5\x2f\xfd"sv, "a zstd archive", kUnpack},
    {"PAR1"sv, "a Parquet file", kToCsv},
    {"ARROW1"sv, "an Arrow file", kToCsv},
    {"GGUF"sv, "a GGUF file", "isthmus does not run language models"},
    {"%PDF"sv, "a PDF document", "give numbers or PNG images"},
};

/// Pickle protocol 2 to 5 starts with 0x80 and its number.
bool looks_like_pickle(std::string_view head) {
  return head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5;
}

bool is_binary(std::string_view head) { return head.find('\0') != std::string_view::npos; }

void refuse_foreign(std::string_view head) {
  if (looks_like_pickle(head)) {
    throw Error(ErrorCode::kForeignPickle, "a pickle: it can run code and is never opened",
                "save the array with numpy.save(file, array)");
  }
  if (head.starts_with("PK\x03\x04") && head.find("data.pkl") != std::string_view::npos) {
    throw Error(ErrorCode::kForeignTorchZip, "a PyTorch archive, which holds a pickle",
                "save the tensor as an array: numpy.save(file, tensor.numpy())");
  }
  for (const Foreign& foreign : kForeign) {
    // Two letters are too little to call a text foreign.
    if (!head.starts_with(foreign.magic) || (foreign.magic == "BM" && !is_binary(head))) continue;
    throw Error(ErrorCode::kUnknownFormat, std::string(foreign.what) + " is not read as data",
                std::string(foreign.hint));
  }
}

}  // namespace

std::vector<std::string> numbered_names(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 1; i <= count; ++i) names.push_back(std::string("c").append(std::to_string(i)));
  return names;
}

const std::vector<FormatDef>& all_formats() {
  static const std::vector<FormatDef> kFormats = {
#define ISTHMUS_ENTRY(name) formats::name(),
#include "isthmus/builtin_formats.inc"
#undef ISTHMUS_ENTRY
  };
  return kFormats;
}

const FormatDef* find_format(std::string_view name) {
  for (const FormatDef& format : all_formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

const FormatDef& format_of(std::span<const std::byte> start) {
  ByteStream in(start);
  const Bytes head = in.read_up_to(kHeadBytes);
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (head.empty()) throw Error(ErrorCode::kEmptyData, "the file is empty");
  refuse_foreign(text);
  for (const FormatDef& format : all_formats()) {
    if (format.sniff(head)) return format;
  }
  std::vector<std::string> names;
  for (const FormatDef& format : all_formats()) names.emplace_back(format.name);
  throw Error(ErrorCode::kUnknownFormat,
              "the content is of no known format (" + join(names, ", ") + ")");
}

}  // namespace isthmus
