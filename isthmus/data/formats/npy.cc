// SPDX-License-Identifier: Apache-2.0
// NPY, the array file of numpy: magic, version, header length and a header that is a Python
// literal. It is read by a grammar of exactly three keys, never evaluated; object arrays hold
// pickles, which can run code, and are refused. Source: numpy.lib.format.
#include <array>
#include <charconv>
#include <optional>

#include "isthmus/data/formats.h"
#include "isthmus/data/npy_header.h"

namespace isthmus {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kPrefixBytes = 8;  // magic and version

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } in any order of keys.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, uint64_t file_offset) : text_(text), start_(file_offset) {}

  ArrayLayout parse() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted("a key");
      expect(':');
      entry(key);
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip_blanks();
    if (at_ != text_.size()) fail("text follows the closing brace");
    if (!has_type_ || !has_order_ || !has_shape_) {
      fail("a key is missing; descr, fortran_order and shape are needed");
    }
    return layout_;
  }

 private:
  [[noreturn]] void fail(std::string message) const {
    throw Error(ErrorCode::kNpyHeader, "the NPY header is not valid: " + std::move(message), {},
                {.offset = static_cast<int64_t>(start_ + at_)});
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool accept(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(std::string("expected ") + wanted);
  }
  bool accept_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::string_view quoted(const std::string& what) {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail("expected " + what + " in quotes");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a quote is not closed");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.find('\\') != std::string_view::npos) fail("an escape inside a string");
    at_ = end + 1;
    return inside;
  }
  void claim(bool& seen, std::string_view key) {
    if (seen) fail("the key " + std::string(key) + " appears twice");
    seen = true;
  }
  void entry(std::string_view key) {
    if (key == "descr") {
      claim(has_type_, key);
      element_type();
    } else if (key == "fortran_order") {
      claim(has_order_, key);
      layout_.fortran_order = accept_word("True");
      if (!layout_.fortran_order && !accept_word("False")) fail("expected True or False");
    } else if (key == "shape") {
      claim(has_shape_, key);
      shape();
    } else {
      fail("unknown key \"" + std::string(key) + "\"");
    }
  }
  void shape() {
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      int64_t size = 0;
      const char* end = text_.data() + text_.size();
      const auto [stop, status] = std::from_chars(text_.data() + at_, end, size);
      if (status == std::errc::result_out_of_range) fail("a size is over 64 bits");
      if (status != std::errc() || size < 0) fail("expected a size");
      at_ = static_cast<size_t>(stop - text_.data());
      layout_.shape.push_back(size);
      if (accept(',')) continue;
      // (3) is a number in Python, not a tuple.
      if (layout_.shape.size() == 1) fail("expected a comma: a tuple of one size is (n,)");
      expect(')');
      break;
    }
  }
  [[noreturn]] void refuse_type(std::string_view type) const {
    const bool object = type.find('O') != std::string_view::npos;
    throw Error(ErrorCode::kArrayType,
                object ? "an array of Python objects; they are pickles, which can run code"
                       : "element type \"" + std::string(type) + "\" is not supported",
                object ? "save numbers: numpy.save(file, array.astype('float32'))"
                       : "convert it: numpy.save(file, array.astype('float32'))",
                {.offset = static_cast<int64_t>(start_ + at_)});
  }
  void element_type() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '[') refuse_type("a structured type");
    const std::string_view type = quoted("an element type");
    if (type.size() < 2) refuse_type(type);
    const char order = type[0];
    const auto element = element_named(type.substr(1));
    if (!element) refuse_type(type);
    const bool ordered = order == '<' || order == '>';
    if (!ordered && !(order == '|' && size_of(*element) == 1)) refuse_type(type);
    layout_.element = *element;
    layout_.big_endian = order == '>';
  }
  static std::optional<Element> element_named(std::string_view code) {
    using Named = std::pair<std::string_view, Element>;
    constexpr std::array<Named, 12> kTypes = {{{"u1", Element::kU8},
                                               {"i1", Element::kI8},
                                               {"b1", Element::kBool},
                                               {"u2", Element::kU16},
                                               {"i2", Element::kI16},
                                               {"u4", Element::kU32},
                                               {"i4", Element::kI32},
                                               {"u8", Element::kU64},
                                               {"i8", Element::kI64},
                                               {"f2", Element::kF16},
                                               {"f4", Element::kF32},
                                               {"f8", Element::kF64}}};
    for (const auto& [name, element] : kTypes) {
      if (name == code) return element;
    }
    return std::nullopt;
  }

  std::string_view text_;
  uint64_t start_;
  size_t at_ = 0;
  ArrayLayout layout_;
  bool has_type_ = false, has_order_ = false, has_shape_ = false;
};

bool looks_like_npy(std::span<const std::byte> head) { return as_text(head).starts_with(kMagic); }

uint64_t read_header_length(ByteStream& in, int version) {
  Bytes length(version == 1 ? 2 : 4);
  in.read_exact(length, "the header's length");
  uint64_t value = 0;
  for (size_t i = length.size(); i-- > 0;) value = value << 8 | static_cast<uint64_t>(length[i]);
  return value;
}

}  // namespace

ArrayLayout read_npy_header(ByteStream& in, const Limits& limits) {
  Bytes prefix(kPrefixBytes);
  in.read_exact(prefix, "the NPY magic");
  if (!looks_like_npy(prefix)) {
    throw Error(ErrorCode::kNpyHeader, "an NPY file starts with \\x93NUMPY", {}, {.offset = 0});
  }
  const int version = static_cast<int>(prefix[6]);
  if (version < 1 || version > 3 || prefix[7] != std::byte{0}) {
    throw Error(ErrorCode::kNpyHeader,
                "NPY version " + std::to_string(version) + "." +
                    std::to_string(static_cast<int>(prefix[7])) + " is not known",
                {}, {.offset = 6});
  }
  const uint64_t length = read_header_length(in, version);
  if (length > limits.npy_header_bytes.bytes) {
    throw Error(ErrorCode::kOverLimit,
                "the NPY header is " + std::to_string(length) + " bytes long, the limit is " +
                    std::to_string(limits.npy_header_bytes.bytes),
                "raise it with --set limits.npy_header_bytes=SIZE if the file is trusted",
                {.offset = 8});
  }
  const uint64_t start = in.offset();
  if (length > in.most_remaining()) {
    throw Error(ErrorCode::kTruncated, "the file ends inside the NPY header", {},
                {.offset = static_cast<int64_t>(start)});
  }
  Bytes header(length);
  in.read_exact(header, "the NPY header");
  return NpyHeader(as_text(header), start).parse();
}

ParsedData parse_npy(ReadFile& file, const ColumnChoice& choice, const Limits& limits) {
  ByteStream in(file);
  const ArrayLayout layout = read_npy_header(in, limits);
  return read_array(in, layout, choice.max_items, limits);
}

namespace formats {
FormatDef npy() {
  return {.name = "npy",
          .summary = "one numpy array, first axis = items: numpy.save(\"x.npy\", x)",
          .extensions = {"npy", "npy.gz"},
          .sniff = looks_like_npy,
          .parse = parse_npy};
}
}  // namespace formats

}  // namespace isthmus
