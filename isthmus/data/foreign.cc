// SPDX-License-Identifier: Apache-2.0
// Magic numbers of what isthmus does not read as data. What it reads is formats.cc.
#include "isthmus/data/foreign.h"

#include <algorithm>
#include <string_view>

#include "isthmus/base/error.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/gzip.h"

namespace isthmus {
namespace {

struct Foreign {
  std::string_view magic;
  std::string_view what;
  std::string_view hint;
};
using namespace std::string_view_literals;
constexpr std::string_view kToPng = "convert it to PNG or JPEG";
constexpr std::string_view kUnpack = "unpack it first; only gzip is read directly";
constexpr std::string_view kToCsv = "save it as CSV or NPY";
constexpr std::string_view kPandas = "save it as CSV, such as pandas.read_parquet(...).to_csv";
constexpr std::string_view kArray = "save one array of it with numpy.save(file, array)";
constexpr Foreign kForeign[] = {
    {"version https://git-lfs.github.com/"sv, "a Git LFS pointer in place of the file",
     "fetch the file: git lfs pull"},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file", kArray},
    {"MATLAB 5.0 MAT-file"sv, "a MATLAB file", kArray},
    {"GIF8"sv, "a GIF image", kToPng},
    {"BM"sv, "a BMP image", kToPng},
    {"RIFF"sv, "a WebP image or a sound", kToPng},
    {"II*\0"sv, "a TIFF image", kToPng},
    {"MM\0*"sv, "a TIFF image", kToPng},
    {"\xfd"
     "7zXZ\0"sv,
     "an xz archive", kUnpack},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpack},
    {"Rar!\x1a"sv, "a RAR archive", kUnpack},
    {"BZh"sv, "a bzip2 archive", kUnpack},
    {"\x28\xb5\x2f\xfd"sv, "a zstd archive", kUnpack},
    {"PAR1"sv, "a Parquet file", kPandas},
    {"ARROW1"sv, "an Arrow file", kToCsv},
    {"FEA1"sv, "a Feather file", kToCsv},
    {"ORC"sv, "an ORC file", kToCsv},
    {"Obj\x01"sv, "an Avro file", kToCsv},
    {"RDX"sv, "an R workspace", "save it with write.csv"},
    {"SQLite format 3\0"sv, "an SQLite database", kToCsv},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an Excel workbook (XLS)", kToCsv},
    {"GGUF"sv, "a GGUF file", "isthmus does not run language models"},
    {"%PDF"sv, "a PDF document", "give numbers or images"},
    {"<!DOCTYPE"sv, "a web page", "the download may have failed: look at the file"},
    {"<html"sv, "a web page", "the download may have failed: look at the file"},
    {"<?xml"sv, "an XML file", kToCsv},
};

bool is_binary(std::string_view head) { return head.find('\0') != std::string_view::npos; }

size_t count_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// Protocols 2 to 5 start with 0x80 and their number, 1 with a remembered empty container. Protocol
/// 0 is text: a container that is remembered, a name of Python, or a value, which no header of a
/// table resembles with what follows it.
bool looks_like_pickle(std::string_view head) {
  if (head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return true;
  if (head.starts_with("]q\0"sv) || head.starts_with("}q\0"sv)) return true;
  const std::string_view line = head.substr(0, head.find('\n'));
  const std::string_view rest = head.substr(std::min(line.size() + 1, head.size()));
  if (line.starts_with("(lp") || line.starts_with("(dp") || line.starts_with("(ip")) {
    const std::string_view memo = line.substr(3);
    return !memo.empty() && count_digits(memo) == memo.size();
  }
  const bool remembered = rest.size() > 1 && rest[0] == 'p' && count_digits(rest.substr(1)) > 0;
  if (line.starts_with('c') && line.find_first_of(", \t;") == line.npos) {
    const size_t name = rest.find('\n');
    return name != rest.npos && name + 2 < rest.size() && rest[name + 1] == 'p' &&
           count_digits(rest.substr(name + 2)) > 0;
  }
  constexpr std::string_view kValues = "IFLSV";
  const bool value = !line.empty() && kValues.find(line[0]) != kValues.npos;
  return value && (remembered || rest == "." || rest == ".\n");
}

/// Zip archives hold many things; the names of their entries tell which.
void refuse_zip(std::string_view head) {
  if (!head.starts_with("PK\x03\x04") && !head.starts_with("PK\x05\x06")) return;
  const auto has = [&](std::string_view name) { return head.find(name) != head.npos; };
  if (has("data.pkl")) {
    throw Error(ErrorCode::kForeignTorchZip, "a PyTorch archive, which holds a pickle",
                "save the tensor as an array: numpy.save(file, tensor.numpy())");
  }
  if (has("[Content_Types].xml") || has("xl/") || has("mimetypeapplication/vnd.")) {
    throw Error(ErrorCode::kUnknownFormat, "an office document (such as XLSX) is not read as data",
                "save the sheet as CSV");
  }
  throw Error(ErrorCode::kUnknownFormat, "a zip archive that does not hold arrays of numpy",
              "unpack it first; NPZ files are read: numpy.savez(file, x=array)");
}

bool looks_like_safetensors(std::string_view head) {
  return head.size() > 9 && head.substr(8).starts_with("{\"") && head.substr(4, 4) == "\0\0\0\0"sv;
}

}  // namespace

void refuse_foreign(std::span<const std::byte> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (looks_like_pickle(head)) {
    throw Error(ErrorCode::kForeignPickle, "a pickle: it can run code and is never opened",
                "save the array with numpy.save(file, array)");
  }
  if (looks_like_safetensors(head)) {
    throw Error(ErrorCode::kUnknownFormat, "a model (safetensors), not data",
                "a MODEL stands in front of DATA, such as: isthmus eval runs/a test.csv");
  }
  if (find_format("npz")->sniff(bytes)) return;
  refuse_zip(head);
  for (const Foreign& foreign : kForeign) {
    // Few letters are too little to call a text foreign.
    const bool short_word =
        foreign.magic == "BM" || foreign.magic == "ORC" || foreign.magic == "RDX";
    if (!head.starts_with(foreign.magic) || (short_word && !is_binary(head))) continue;
    throw Error(ErrorCode::kUnknownFormat, std::string(foreign.what) + " is not read as data",
                std::string(foreign.hint));
  }
}

std::string data_name(std::span<const std::byte> start) {
  try {
    const std::string_view name = format_of(start).name;
    if (name == "npy") return "an NPY array";
    if (name == "npz") return "an NPZ archive of arrays";
    if (name == "idx") return "an IDX array";
    if (name == "png" || name == "jpeg") return "an image";
    return "a table or other text";
  } catch (const Error&) {
    return "";
  }
}

}  // namespace isthmus
