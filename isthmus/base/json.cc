// SPDX-License-Identifier: Apache-2.0
// JSON values and their canonical text. Reading is in json_parse.cc; nothing here knows a schema.
#include "isthmus/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "isthmus/base/error.h"
#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

[[noreturn]] void wrong_type(std::string_view expected) {
  throw Error(ErrorCode::kModelConfig, "expected " + std::string(expected));
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const CodePoint c = decode_utf8(text);
    if (c.bytes == 0) {
      // A file name may be any bytes, a JSON text may not.
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    if (c.value == '"' || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (c.value < 0x20 || c.value == 0x7F) {
      out += "\\u00";
      out += kDigits[c.value >> 4];
      out += kDigits[c.value & 15];
    } else {
      out += text.substr(0, static_cast<size_t>(c.bytes));
    }
    text.remove_prefix(static_cast<size_t>(c.bytes));
  }
  out += '"';
}

void append_double(std::string& out, double v) {
  ISTHMUS_CHECK(std::isfinite(v), "JSON has no NaN and no infinity");
  char text[64];
  const auto result = std::to_chars(text, text + sizeof text, v);
  const std::string_view shown(text, static_cast<size_t>(result.ptr - text));
  out += shown;
  if (shown.find_first_of(".e") == std::string_view::npos) out += ".0";
}

class Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}

  void write(const Json& v) {
    if (v.is_null()) {
      out_ += "null";
    } else if (v.is_bool()) {
      out_ += v.as_bool() ? "true" : "false";
    } else if (v.is_int()) {
      out_ += std::to_string(v.as_int());
    } else if (v.is_number()) {
      append_double(out_, v.as_double());
    } else if (v.is_string()) {
      append_escaped(out_, v.as_string());
    } else if (v.is_array()) {
      write_array(v.as_array());
    } else {
      write_object(v.as_object());
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void write_array(const Json::Array& items) {
    // Lists of plain values stay on one line.
    const bool flat = std::none_of(items.begin(), items.end(),
                                   [](const Json& v) { return v.is_array() || v.is_object(); });
    open('[', flat);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) separate(flat);
      write(items[i]);
    }
    close(']', flat || items.empty());
  }
  void write_object(const Json::Object& members) {
    open('{', members.empty());
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) separate(false);
      append_escaped(out_, members[i].first);
      out_ += pretty_ ? ": " : ":";
      write(members[i].second);
    }
    close('}', members.empty());
  }
  void open(char bracket, bool flat) {
    out_ += bracket;
    ++depth_;
    if (!flat) new_line();
  }
  void separate(bool flat) {
    out_ += ',';
    if (!flat) {
      new_line();
    } else if (pretty_) {
      out_ += ' ';
    }
  }
  void close(char bracket, bool flat) {
    --depth_;
    if (!flat) new_line();
    out_ += bracket;
  }
  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  bool pretty_;
  size_t depth_ = 0;
  std::string out_;
};

}  // namespace

Json::Json(uint64_t v) {
  ISTHMUS_CHECK(v <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()),
                "a JSON integer has 63 bits");
  value_ = static_cast<int64_t>(v);
}

Json Json::finite_or_null(double v) { return std::isfinite(v) ? Json(v) : Json(); }

bool Json::as_bool() const {
  if (const bool* v = std::get_if<bool>(&value_)) return *v;
  wrong_type("true or false");
}
int64_t Json::as_int() const {
  if (const int64_t* v = std::get_if<int64_t>(&value_)) return *v;
  wrong_type("a whole number");
}
double Json::as_double() const {
  if (const double* v = std::get_if<double>(&value_)) return *v;
  if (const int64_t* v = std::get_if<int64_t>(&value_)) return static_cast<double>(*v);
  wrong_type("a number");
}
const std::string& Json::as_string() const {
  if (const auto* v = std::get_if<Box<std::string>>(&value_)) return **v;
  wrong_type("a text");
}
const Json::Array& Json::as_array() const {
  if (const auto* v = std::get_if<Box<Array>>(&value_)) return **v;
  wrong_type("a list");
}
const Json::Object& Json::as_object() const {
  if (const auto* v = std::get_if<Box<Object>>(&value_)) return **v;
  wrong_type("an object");
}
Json::Array& Json::as_array() {
  if (auto* v = std::get_if<Box<Array>>(&value_)) return **v;
  wrong_type("a list");
}
Json::Object& Json::as_object() {
  if (auto* v = std::get_if<Box<Object>>(&value_)) return **v;
  wrong_type("an object");
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const auto& [name, value] : as_object()) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* found = find(key)) return *found;
  throw Error(ErrorCode::kModelConfig,
              is_object() ? "the key \"" + std::string(key) + "\" is missing"
                          : "expected an object with the key \"" + std::string(key) + "\"",
              {}, {.key = std::string(key)});
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) *this = object();
  Object& members = as_object();
  for (auto& [name, value] : members) {
    if (name == key) return value;
  }
  return members.emplace_back(std::string(key), Json()).second;
}

Json& Json::set(std::string_view key, Json value) {
  (*this)[key] = std::move(value);
  return *this;
}

void Json::push_back(Json value) {
  if (is_null()) *this = array();
  as_array().push_back(std::move(value));
}

std::string Json::dump() const {
  Writer writer(false);
  writer.write(*this);
  return writer.take();
}

std::string Json::dump_pretty() const {
  Writer writer(true);
  writer.write(*this);
  return writer.take();
}

}  // namespace isthmus
