// SPDX-License-Identifier: Apache-2.0
// The strict reader for JSON from strangers: nlohmann's SAX parser drives a builder that refuses
// what the library would let pass (doubled keys, depth, integers over 64 bits, a byte order mark).
// The only file that includes nlohmann.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include <nlohmann/json.hpp>

#include "isthmus/base/error.h"
#include "isthmus/base/json.h"

namespace isthmus {
namespace {

using Nlohmann = nlohmann::json;

// What values cost, with what the allocator adds.
constexpr uint64_t kValueBytes = 16, kTextBytes = 48, kListBytes = 32, kMemberBytes = 32;
constexpr size_t kInlineText = 15;  // of std::string
constexpr uint64_t kMemoryPerByte = 12, kFreeMemory = uint64_t{64} << 10;
constexpr size_t kFewMembers = 32;  // compared one by one
constexpr size_t kLargeList = 8192;

/// Tells the builder how far the parser has read: its callbacks carry no offset.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

class Builder : public nlohmann::json_sax<Nlohmann> {
 public:
  Builder(int64_t max_depth, std::string_view text, const char* const* furthest)
      : max_depth_(max_depth),
        begin_(text.data()),
        furthest_(furthest),
        budget_(kMemoryPerByte * text.size() + kFreeMemory) {}

  bool null() override { return add(Json()); }
  bool boolean(bool v) override { return add(Json(v)); }
  bool number_integer(int64_t v) override { return add(Json(v)); }
  bool number_unsigned(uint64_t v) override {
    if (v > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return fail(JsonFault::kNumber, "a whole number needs more than 63 bits");
    }
    return add(Json(v));
  }
  bool number_float(double, const std::string& text) override {
    // The library converts by the locale's rules and turns huge integers into doubles.
    if (text.find_first_of(".eE") == std::string::npos) {
      return fail(JsonFault::kNumber, "a whole number needs more than 63 bits");
    }
    double value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec == std::errc::result_out_of_range) value = rounded_to_zero(text);
    if (!std::isfinite(value)) return fail(JsonFault::kNumber, "a number is too large");
    return add(Json(value));
  }
  bool string(std::string& v) override {
    return charge(kTextBytes + text_bytes(v)) && add(Json(std::move(v)));
  }
  bool binary(Nlohmann::binary_t&) override {
    return fail(JsonFault::kSyntax, "binary data are not JSON");
  }
  bool start_object(size_t) override { return open(Json::object()); }
  bool key(std::string& name) override {
    const Json::Object& members = levels_.back().value.as_object();
    const auto same = [&](const Json::Object::value_type& m) { return m.first == name; };
    if (members.size() <= kFewMembers && std::any_of(members.begin(), members.end(), same)) {
      return fail_doubled(name);
    }
    if (!charge(kMemberBytes + text_bytes(name))) return false;
    levels_.back().key = std::move(name);
    return true;
  }
  bool end_object() override {
    Json::Object& members = levels_.back().value.as_object();
    if (const std::string* name = doubled_key(members)) return fail_doubled(*name);
    give_back(members);
    return close();
  }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override {
    give_back(levels_.back().value.as_array());
    return close();
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& e) override {
    constexpr int kNumberOverflow = 406;
    return e.id == kNumberOverflow ? fail(JsonFault::kNumber, "a number is too large")
                                   : fail(JsonFault::kSyntax, plain(e.what()));
  }

  bool failed() const { return failed_; }
  JsonParseError& error() { return error_; }
  Json& root() { return root_; }

 private:
  struct Level {
    Json value;
    std::string key;  // the member that comes next
  };

  /// Room that is left over. That of a large list was never touched, and a copy would be.
  template <class List>
  static void give_back(List& list) {
    if (list.size() < kLargeList) list.shrink_to_fit();
  }
  static uint64_t text_bytes(const std::string& text) {
    return text.size() > kInlineText ? text.size() : 0;
  }

  /// Of many members; few were compared as they came.
  static const std::string* doubled_key(const Json::Object& members) {
    if (members.size() <= kFewMembers) return nullptr;
    std::vector<uint32_t> order(members.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto key = [&](uint32_t i) -> const std::string& { return members[i].first; };
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    const auto found = std::adjacent_find(order.begin(), order.end(),
                                          [&](uint32_t a, uint32_t b) { return key(a) == key(b); });
    return found == order.end() ? nullptr : &key(*found);
  }

  /// Below the smallest denormal: zero. Above the largest double: infinity.
  static double rounded_to_zero(const std::string& text) {
    const size_t exponent = text.find_first_of("eE");
    const bool small = exponent != std::string::npos && text[exponent + 1] == '-';
    const bool leading_zero = text.find_first_of("123456789") > text.find('.');
    if (small || (exponent == std::string::npos && leading_zero))
      return text[0] == '-' ? -0.0 : 0.0;
    return std::numeric_limits<double>::infinity();
  }

  /// The library's text without its own numbering: "[json.exception....] parse error at ...: why".
  static std::string plain(std::string_view what) {
    const size_t start = what.find("] ");
    return std::string(start == std::string_view::npos ? what : what.substr(start + 2));
  }

  bool fail(JsonFault fault, std::string message) {
    if (!failed_) error_ = {fault, *furthest_ - begin_, std::move(message)};
    failed_ = true;
    return false;
  }
  bool fail_doubled(const std::string& name) {
    return fail(JsonFault::kDoubledKey, "the key \"" + name + "\" appears twice");
  }
  bool charge(uint64_t bytes) {
    if (bytes > budget_) return fail(JsonFault::kMemory, "too many values for its length");
    budget_ -= bytes;
    return true;
  }
  bool add(Json value) {
    if (!charge(kValueBytes)) return false;
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (levels_.back().value.is_array()) {
      levels_.back().value.as_array().push_back(std::move(value));
    } else {
      Level& level = levels_.back();
      level.value.as_object().emplace_back(std::move(level.key), std::move(value));
    }
    return true;
  }
  bool open(Json empty) {
    if (static_cast<int64_t>(levels_.size()) >= max_depth_) {
      return fail(JsonFault::kDepth, "nested deeper than " + std::to_string(max_depth_));
    }
    levels_.push_back({std::move(empty), {}});
    return charge(kListBytes);
  }
  bool close() {
    Json done = std::move(levels_.back().value);
    levels_.pop_back();
    return add(std::move(done));
  }

  int64_t max_depth_;
  const char* begin_;
  const char* const* furthest_;
  uint64_t budget_;
  std::vector<Level> levels_;
  Json root_;
  bool failed_ = false;
  JsonParseError error_;
};

}  // namespace

std::variant<Json, JsonParseError> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return JsonParseError{JsonFault::kTooLong, static_cast<int64_t>(limits.max_bytes),
                          "longer than " + std::to_string(limits.max_bytes) + " bytes"};
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    return JsonParseError{JsonFault::kSyntax, 0, "starts with a byte order mark"};
  }
  // The library takes a zero byte for the end.
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return JsonParseError{JsonFault::kSyntax, static_cast<int64_t>(zero), "a zero byte"};
  }
  const char* furthest = text.data();
  Builder builder(limits.max_depth, text, &furthest);
  try {
    const CountingIterator begin(text.data(), &furthest);
    const CountingIterator end(text.data() + text.size(), &furthest);
    const bool fine = Nlohmann::sax_parse(begin, end, &builder);
    if (fine && !builder.failed()) return std::move(builder.root());
  } catch (const Nlohmann::exception& e) {
    return JsonParseError{JsonFault::kSyntax, furthest - text.data(), e.what()};
  }
  return std::move(builder.error());
}

}  // namespace isthmus
