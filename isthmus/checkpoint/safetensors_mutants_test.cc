// SPDX-License-Identifier: Apache-2.0
// Malformed files, each with the number that it must be refused with, and the memory that the
// refusal takes: never more than the size of the file and 4 MiB. The global operator new is
// replaced to count.
#include <gtest/gtest.h>

#include "isthmus/checkpoint/container_fixture.h"

namespace isthmus {
namespace {

using namespace std::string_literals;
using fixture::file_with_header;

struct Mutant {
  std::string what;
  Bytes file;
  ErrorCode code;
};

class Mutants {
 public:
  void raw(const std::string& what, const std::string& text, ErrorCode code) {
    list.push_back({what, fixture::to_bytes(text), code});
  }
  void header(ErrorCode code, const std::string& text, size_t data_bytes = 0) {
    list.push_back({text.substr(0, 90), file_with_header(text, data_bytes), code});
  }
  /// One tensor "a" with these three fields.
  void tensor(ErrorCode code, const std::string& dtype, const std::string& shape,
              const std::string& offsets, size_t data_bytes) {
    header(code,
           R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
               "}}",
           data_bytes);
  }
  void name(ErrorCode code, const std::string& json_text) {
    header(code, "{" + json_text + R"(:{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  }
  void isthmus(ErrorCode code, std::string_view key, const std::string& value) {
    Metadata changed = fixture::metadata("model");
    changed[std::string(key)] = value;
    list.push_back({std::string(key) + " = " + value,
                    write_container(changed, fixture::small_tensors()), code});
  }
  /// A small file with one text of its header replaced by another of the same length.
  void replaced(ErrorCode code, const std::string& from, const std::string& to) {
    const Bytes file = fixture::small_file();
    std::string text(reinterpret_cast<const char*>(file.data()), file.size());
    ASSERT_EQ(from.size(), to.size());
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
    list.push_back({from + " -> " + to, fixture::to_bytes(text), code});
  }
  std::vector<Mutant> list;
};

std::string length_bytes(uint64_t length) {
  std::string text(sizeof(length), '\0');
  std::memcpy(text.data(), &length, sizeof(length));
  return text;
}

void add_start(Mutants& m) {
  for (size_t size : {0, 1, 7, 8, 9}) {
    m.raw(std::to_string(size) + " bytes", std::string(size, '{'), ErrorCode::kModelNotAFile);
  }
  const std::string rest = "{}" + std::string(100, ' ');
  for (uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{103}, uint64_t{110}, uint64_t{1} << 32,
                          uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 7}) {
    m.raw("length " + std::to_string(length), length_bytes(length) + rest,
          ErrorCode::kModelHeaderLength);
  }
  const uint64_t over = (uint64_t{4} << 20) + 1;
  m.raw("4 MiB + 1", length_bytes(over) + "{}" + std::string(over, ' '),
        ErrorCode::kModelHeaderLength);
  for (const std::string start : {"[", " ", "\"", "\xEF\xBB\xBF", "}", "n"}) {
    m.raw("starts with " + start, length_bytes(10) + start + "{}        ",
          ErrorCode::kModelFirstByte);
  }
  m.raw("first byte 0", length_bytes(2) + "\0\0"s, ErrorCode::kModelFirstByte);
}

void add_syntax(Mutants& m) {
  const auto code = ErrorCode::kModelSyntax;
  for (const std::string text : {R"({ )",         R"({"a")",
                                 R"({"a":)",      R"({"a":{)",
                                 R"({a:1})",      R"({'a':{}})",
                                 R"({,})",        R"({"__metadata__":{},})",
                                 R"({}{})",       R"({} x)",
                                 R"({}])",        R"({/*x*/})",
                                 R"({"a" {}})",   R"({"__metadata__":{} "b":{}})",
                                 R"({"a":tru})",  R"({"a":nul})",
                                 R"({"a":True})", R"({"a":undefined})",
                                 R"({"a)",        R"({"a\)",
                                 R"({"a\"})"}) {
    m.header(code, text);
  }
  m.header(code, "{}\0\0"s);
  for (const std::string number : {"NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "1e",
                                   "1e+", "-", "0x10", "1_0", "--1", "1,", ",1", "1 2"}) {
    m.tensor(code, R"("F32")", "[" + number + "]", "[0,4]", 4);
  }
  for (const std::string& text :
       {"\"\x01\""s, "\"\n\""s, "\"\0\""s, "\"\x1F\""s, "\"\xFF\""s, "\"\xC0\x80\""s,
        "\"\xED\xA0\x80\""s, "\"\xE2\x82\""s, "\"\x80\""s, "\"\xF4\x90\x80\x80\""s, R"("\x41")"s,
        R"("\u12G4")"s, R"("\u123")"s, R"("\ud800")"s, R"("\udc00")"s, R"("\ud800\u0041")"s,
        R"("\ud800x")"s, R"("\'")"s}) {
    m.name(code, text);
  }
  m.header(code, R"({"a":[[[[1]]]]})");
  m.header(code, R"({"__metadata__":{"a":[[[1]]]}})");
  m.header(code, R"({"a":{"dtype":[[[]]]}})");
  m.header(code, R"({"a":{"shape":[[[1]]]}})");
  m.header(code, R"({"a":)" + std::string(100000, '['));
  std::string objects = "{";
  for (int i = 0; i < 20000; ++i) objects += R"("a":{)";
  m.header(code, objects);
}

void add_doubled_keys(Mutants& m) {
  const auto code = ErrorCode::kModelDoubledKey;
  const std::string a = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  const std::string b = R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]})";
  m.header(code, "{" + a + "," + a + "}", 1);
  m.header(code, "{" + a + "," + b + "," + a + "}", 2);
  m.header(code, "{" + a + R"(,"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2);
  m.header(code, R"({"__metadata__":{},"__metadata__":{}})");
  m.header(code, R"({"__metadata__":{},"__met\u0061data__":{}})");
  m.header(code, R"({"__metadata__":{"x":"1","x":"1"}})");
  m.header(code, R"({"__metadata__":{"x":"1","y":"","\u0078":"2"}})");
  m.header(code, R"({"__metadata__":{"isthmus.digest":"1","isthmus.digest":"2"}})");
  m.header(code, R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  m.header(code, R"({"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", 1);
  m.header(code, R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"data_offsets":[0,1]}})",
           1);
}

void add_counts(Mutants& m) {
  const auto code = ErrorCode::kModelCounts;
  const std::string long_text((size_t{1} << 20) + 1, 'x');
  m.header(code, R"({"__metadata__":{"x":")" + long_text + R"("}})");
  m.header(code, R"({"__metadata__":{")" + long_text + R"(":"x"}})");
  m.name(code, '"' + long_text + '"');
  m.tensor(code, '"' + long_text + '"', "[1]", "[0,1]", 1);
  std::string many = "{";
  for (int i = 0; i <= 20000; ++i) {
    const std::string at = std::to_string(i), next = std::to_string(i + 1);
    many += (i > 0 ? ",\"" : "\"") + at + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + at +
            "," + next + "]}";
  }
  m.header(code, many + "}", 20001);
  std::string entries = R"({"__metadata__":{"x":"")";
  for (int i = 0; i < 300000; ++i) entries += ",\"" + std::to_string(i) + "\":\"\"";
  m.header(code, entries + "}}");
  std::string texts = R"({"__metadata__":{"x":"")";
  for (int i = 0; i < 4; ++i) {
    texts += ",\"" + std::to_string(i) + "\":\"" + std::string(1000000, 'x') + "\"";
  }
  m.header(code, texts + "}}");
}

void add_fields(Mutants& m) {
  const auto code = ErrorCode::kModelField;
  const std::string offsets = "[0,4]", dtype = R"("F32")", shape = "[1]";
  for (const std::string value :
       {"1", "null", "true", "false", "\"x\"", "[]", "[[1]]", "-1.5e-3"}) {
    m.header(code, R"({"a":)" + value + "}");
    if (value != "\"x\"") m.header(code, R"({"__metadata__":{"x":)" + value + "}}");
    m.header(code, R"({"__metadata__":)" + value + "}");
  }
  m.header(code, R"({"__metadata__":{"x":{}}})");
  m.header(code, R"({"a":{}})");
  m.header(code, R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4);
  m.header(code, R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4);
  m.header(code, R"({"a":{"dtype":"F32","shape":[1]}})", 4);
  for (const std::string field : {"strides", "Dtype", "", "__metadata__", "data_offsets "}) {
    m.header(code, R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],")" + field + R"(":1}})",
             4);
  }
  for (const std::string value : {"1", "null", "[]", "{}", "true"}) {
    m.tensor(code, value, shape, offsets, 4);
  }
  for (const std::string value : {"1", "null", "\"1\"", "{}"}) {
    m.tensor(code, dtype, value, offsets, 4);
    m.tensor(code, dtype, shape, value, 4);
  }
  for (const std::string number :
       {"-0", "-1", "1.0", "1e0", "1E0", "1e+0", "1.5", "9007199254740993", "18446744073709551616",
        "18446744073709551617", "1e400", "100000000000000000000000", "\"1\"", "null", "[1]",
        "true"}) {
    m.tensor(code, dtype, "[" + number + "]", offsets, 4);
    m.tensor(code, dtype, shape, "[0," + number + "]", 4);
  }
  for (const std::string range : {"[]", "[0]", "[0,4,4]", "[0,4,8,12]"}) {
    m.tensor(code, dtype, shape, range, 4);
  }
}

void add_names_and_types(Mutants& m) {
  const auto code = ErrorCode::kModelTensorName;
  for (const std::string name : {R"("")", R"(" ")", R"("a b")", R"("\u00e4")", "\"\xC3\xA4\"",
                                 R"("a\\b")", R"("a:b")", R"("a\nb")", R"("a\u0000")", R"("\"")",
                                 R"("\u001b[31m")", R"("*")", R"("__metadata__ ")"}) {
    m.name(code, name);
  }
  m.name(code, '"' + std::string(129, 'n') + '"');
  for (const std::string dtype : {"", "f32", "F8", "F8_E4M3", "BOOL", "I8", "U16", "I16", "U32",
                                  "U64", "F32 ", "float32", "F3", "F321", "C64"}) {
    m.tensor(code, '"' + dtype + '"', "[1]", "[0,4]", 4);
  }
}

void add_shapes(Mutants& m) {
  const auto shape = ErrorCode::kModelTensorShape;
  m.tensor(shape, R"("U8")", "[1,1,1,1,1,1,1,1,1]", "[0,1]", 1);
  m.tensor(shape, R"("U8")", "[0]", "[0,0]", 0);
  m.tensor(shape, R"("U8")", "[0,5]", "[0,0]", 0);
  m.tensor(shape, R"("U8")", "[5,0]", "[0,5]", 5);
  m.tensor(shape, R"("U8")", "[9007199254740992,9007199254740992]", "[0,1]", 1);
  m.tensor(shape, R"("U8")", "[4294967296,4294967296]", "[0,0]", 0);
  m.tensor(shape, R"("U8")", "[4294967296,4294967296,0]", "[0,0]", 0);
  m.tensor(shape, R"("F64")", "[9007199254740992,256]", "[0,0]", 0);
  m.tensor(shape, R"("F32")", "[9007199254740992,512]", "[0,0]", 0);
  m.tensor(shape, R"("F16")", "[4611686018427388,4096]", "[0,1]", 1);
  std::string long_shape = "[1";
  for (int i = 0; i < 100000; ++i) long_shape += ",1";
  m.tensor(shape, R"("U8")", long_shape + "]", "[0,1]", 1);
  const auto range = ErrorCode::kModelTensorRange;
  m.tensor(range, R"("F32")", "[2]", "[0,4]", 4);
  m.tensor(range, R"("F32")", "[2]", "[0,16]", 16);
  m.tensor(range, R"("F32")", "[2]", "[8,0]", 8);
  m.tensor(range, R"("F32")", "[2]", "[0,7]", 7);
  m.tensor(range, R"("F32")", "[]", "[0,8]", 8);
  m.tensor(range, R"("F16")", "[2]", "[0,8]", 8);
  m.tensor(range, R"("F64")", "[1]", "[0,4]", 4);
  m.tensor(range, R"("BF16")", "[3]", "[0,3]", 3);
  m.tensor(range, R"("I64")", "[1]", "[0,0]", 0);
  m.tensor(range, R"("U8")", "[3]", "[0,9007199254740992]", 3);
  m.tensor(range, R"("U8")", "[3]", "[9007199254740992,3]", 3);
}

void add_layouts(Mutants& m) {
  const auto two = [&m](const std::string& first, const std::string& second, size_t data_bytes) {
    m.header(ErrorCode::kModelTensorLayout,
             R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
                 R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
             data_bytes);
  };
  const auto code = ErrorCode::kModelTensorLayout;
  m.tensor(code, R"("U8")", "[4]", "[1,5]", 5);
  m.tensor(code, R"("U8")", "[4]", "[0,4]", 5);
  m.tensor(code, R"("U8")", "[4]", "[0,4]", 3);
  m.tensor(code, R"("U8")", "[4]", "[0,4]", 0);
  m.tensor(code, R"("U8")", "[4]", "[9007199254740988,9007199254740992]", 4);
  m.tensor(code, R"("U8")", "[9007199254740992]", "[0,9007199254740992]", 4);
  m.header(code, "{}", 1);
  m.header(code, R"({"__metadata__":{}})", 64);
  two("[0,4]", "[5,9]", 9);
  two("[0,4]", "[3,7]", 7);
  two("[0,4]", "[0,4]", 4);
  two("[0,4]", "[0,4]", 8);
  two("[4,8]", "[4,8]", 8);
  two("[0,4]", "[4,8]", 9);
  two("[0,4]", "[4,8]", 7);
  two("[5,9]", "[0,4]", 9);
  two("[0,4]", "[1000,1004]", 8);
}

void add_metadata(Mutants& m) {
  for (const std::string version : {"2", "10", "4294967296", "99999999999999999999999"}) {
    m.isthmus(ErrorCode::kModelVersion, kVersionKey, version);
  }
  for (const std::string version : {"", "0", "-1", "1.0", "x", " 1", "1 ", "+1", "1x"}) {
    m.isthmus(ErrorCode::kModelMetadata, kVersionKey, version);
  }
  for (const std::string features : {"moe", "a,b", ",", " ", "moe,"}) {
    m.isthmus(ErrorCode::kModelFeature, kRequiresKey, features);
  }
  for (const std::string kind : {"checkpoint", "", "Model", "model ", "optimizer"}) {
    m.isthmus(ErrorCode::kModelMetadata, kKindKey, kind);
  }
  const auto foreign = ErrorCode::kForeignSafetensors;
  m.header(foreign, "{}");
  m.header(foreign, R"({"__metadata__":{}})");
  m.header(foreign, R"({"__metadata__":{"format":"pt"}})");
  m.header(foreign, R"({"__metadata__":{"format":"isthmus"}})");
  m.replaced(foreign, "\"isthmus\"", "\"isthmuS\"");
  m.replaced(foreign, "isthmus.digest", "isthmus.digesT");
  m.replaced(ErrorCode::kModelDigest, "isthmus.kind", "isthmus.kine");
  m.replaced(ErrorCode::kModelDigest, "xxh3-128:", "xxh3-129:");
  m.replaced(ErrorCode::kModelDigest, "xxh3-128:", "XXH3-128:");
  m.replaced(ErrorCode::kModelDigest, "encoder/0/bias", "encoder/1/bias");
  m.replaced(ErrorCode::kModelDigest, R"("dtype":"F32")", R"("dtype":"I32")");
  m.replaced(ErrorCode::kModelDigest, "[2,2]", "[4,1]");
  m.replaced(ErrorCode::kModelDigest, "\0\0\x80\x3f"s, "\0\0\xC0\x7f"s);
  for (const std::string digest :
       {"", "xxh3-128:", "xxh3-128:00000000000000000000000000000000",
        "xxh3-128:0000000000000000000000000000000", "xxh3-128:000000000000000000000000000000000",
        R"(xxh3-128:\u00300000000000000000000000000000000)", "sha256:0"}) {
    m.header(ErrorCode::kModelDigest,
             R"({"__metadata__":{"format":"isthmus","isthmus.version":"1","isthmus.digest":")" +
                 digest + R"("}})");
  }
}

std::vector<Mutant> all_mutants() {
  Mutants m;
  add_start(m);
  add_syntax(m);
  add_doubled_keys(m);
  add_counts(m);
  add_fields(m);
  add_names_and_types(m);
  add_shapes(m);
  add_layouts(m);
  add_metadata(m);
  return std::move(m.list);
}

TEST(MalformedContainer, IsRefusedWithItsNumberAndLittleMemory) {
  const std::vector<Mutant> mutants = all_mutants();
  size_t right = 0;
  int64_t largest = 0;
  for (const Mutant& mutant : mutants) {
    ErrorCode code = ErrorCode::kInternal;
    const int64_t extra = fixture::peak_allocation([&] {
      code = fixture::code_of(
          [&] { require_kind(read_container(mutant.file, fixture::small_limits()), "model"); });
    });
    EXPECT_EQ(error_label(code), error_label(mutant.code)) << mutant.what;
    const int64_t beyond = extra - static_cast<int64_t>(mutant.file.size());
    EXPECT_LE(beyond, fixture::kMaxExtraBytes) << mutant.what;
    right += code == mutant.code ? 1 : 0;
    largest = std::max(largest, beyond);
  }
  EXPECT_GE(mutants.size(), 120u);
  std::printf(
      "model mutants %zu/%zu with the intended number, peak %lld bytes above the size of the "
      "file\n",
      right, mutants.size(), static_cast<long long>(largest));
}

}  // namespace
}  // namespace isthmus
