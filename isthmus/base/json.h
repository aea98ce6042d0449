// SPDX-License-Identifier: Apache-2.0
// JSON values, a strict reader for untrusted text and a canonical writer.
//
// Objects keep the order of insertion. Integers and doubles are distinct. The writer refuses
// non-finite numbers (InternalError) and writes the shortest text that reads back the same. A value
// takes 16 bytes and what is behind it; a text of n bytes becomes at most 12 n + 64 KiB of memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace isthmus {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  /// By assignment: when memory runs out while a variant of what allocates is copied, libstdc++ 12
  /// destroys what it has not made yet.
  Json(const Json& other) { value_ = other.value_; }
  Json(Json&&) noexcept = default;
  Json& operator=(const Json&) = default;
  Json& operator=(Json&&) noexcept = default;
  ~Json() = default;
  Json(std::nullptr_t) {}                                          // NOLINT
  Json(bool v) : value_(v) {}                                      // NOLINT
  Json(int v) : value_(int64_t{v}) {}                              // NOLINT
  Json(uint32_t v) : value_(int64_t{v}) {}                         // NOLINT
  Json(int64_t v) : value_(v) {}                                   // NOLINT
  Json(uint64_t v);                                                // NOLINT: at most 2^63 - 1
  Json(double v) : value_(v) {}                                    // NOLINT
  Json(float v) : value_(double{v}) {}                             // NOLINT
  Json(const char* v) : Json(std::string(v)) {}                    // NOLINT
  Json(std::string v) : value_(Box<std::string>(std::move(v))) {}  // NOLINT
  Json(std::string_view v) : Json(std::string(v)) {}               // NOLINT
  Json(Array v) : value_(Box<Array>(std::move(v))) {}              // NOLINT
  Json(Object v) : value_(Box<Object>(std::move(v))) {}            // NOLINT
  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }
  /// A number, or null when it is not finite.
  static Json finite_or_null(double v);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<Box<std::string>>(value_); }
  bool is_array() const { return std::holds_alternative<Box<Array>>(value_); }
  bool is_object() const { return std::holds_alternative<Box<Object>>(value_); }

  /// Typed access; Error E4103 ("expected a number") when the type differs: untrusted documents
  /// are read through these.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;
  Array& as_array();
  Object& as_object();

  const Json* find(std::string_view key) const;  // nullptr: no such key
  const Json& at(std::string_view key) const;    // Error E4103 naming the key
  Json& operator[](std::string_view key);        // inserts null
  Json& set(std::string_view key, Json value);   // returns *this
  void push_back(Json value);

  std::string dump() const;         // one line
  std::string dump_pretty() const;  // two spaces
  bool operator==(const Json&) const = default;

 private:
  /// A value elsewhere, so that a list of small ones stays small. Moved from, it only ends.
  template <class T>
  class Box {
   public:
    explicit Box(T v) : value_(std::make_unique<T>(std::move(v))) {}
    Box(const Box& other) : value_(std::make_unique<T>(*other)) {}
    Box(Box&&) noexcept = default;
    Box& operator=(const Box& other) { return *this = Box(other); }
    Box& operator=(Box&&) noexcept = default;
    ~Box() = default;
    T& operator*() const { return *value_; }
    bool operator==(const Box& other) const { return **this == *other; }

   private:
    std::unique_ptr<T> value_;
  };

  std::variant<std::monostate, bool, int64_t, double, Box<std::string>, Box<Array>, Box<Object>>
      value_;
};

struct JsonLimits {
  uint64_t max_bytes = uint64_t{1} << 20;
  int64_t max_depth = 32;
};

/// Why a text was refused, for callers that have numbers of their own.
enum class JsonFault { kSyntax, kDepth, kDoubledKey, kTooLong, kNumber, kMemory };
struct JsonParseError {
  JsonFault fault = JsonFault::kSyntax;
  int64_t offset = 0;
  std::string message;
};
/// Strict: valid UTF-8, no doubled key at any level, no trailing text, depth and size limited,
/// numbers finite, no more values than a text of such a length has in earnest. Returns the fault
/// instead of throwing.
std::variant<Json, JsonParseError> parse_json(std::string_view text, const JsonLimits& limits);

}  // namespace isthmus
