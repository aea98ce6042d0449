// SPDX-License-Identifier: Apache-2.0
// Options declared once. A struct lists its fields in `fields()`; parsing, bounds, help, flags,
// TOML keys, environment names, JSON and printing all follow from that list.
//
//   struct AdamOptions {
//     float beta1 = 0.9f;
//     static constexpr auto fields() {
//       return std::tuple{field(&AdamOptions::beta1, "beta1", between(0, 1), "Decay of m.")};
//     }
//   };
//   AdamOptions o;
//   set_option(o, "beta1", "0.95");            // Error E2003 with bounds, E2002 with a suggestion
//   for (const BoundOption& f : bind_options(o)) print(f.key, f.get(), f.help);
//
// Field types: bool, int, int64_t, uint64_t, float, double, std::string, std::vector<int64_t>,
// std::vector<std::string>, std::optional of these ("none" when unset), Duration, ByteSize.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "isthmus/base/error.h"

namespace isthmus {

struct Duration {  // "60s" "10m" "2h" "250ms"
  double seconds = 0;
  bool operator==(const Duration&) const = default;
};
struct ByteSize {  // "512MiB" "2GiB" "4096"
  uint64_t bytes = 0;
  bool operator==(const ByteSize&) const = default;
};

/// Allowed values of a field.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;
  std::vector<std::string> (*words)() = nullptr;  // allowed words, for strings
};
constexpr Bounds any_value() { return {}; }
constexpr Bounds at_least(double low) { return {.low = low}; }
constexpr Bounds greater_than(double low) { return {.low = low, .low_open = true}; }
constexpr Bounds between(double low, double high) { return {.low = low, .high = high}; }
constexpr Bounds one_of(std::vector<std::string> (*words)()) { return {.words = words}; }

/// How a field appears beside its key. `flag` replaces the flag made from the key's last word;
/// `alias` is a second one. Levels: kCommon is shown by -h, kRare only by --help. `costs_memory`:
/// a larger value needs more, so lowering it is a remedy where memory is short. `of_steps`:
/// training by steps alone reads it.
enum class OptionLevel { kCommon, kRare };
struct Presentation {
  std::string_view flag = {};
  std::string_view alias = {};
  OptionLevel level = OptionLevel::kCommon;
  bool costs_memory = false;
  std::string_view metavar = {};
  bool of_steps = false;
};

template <class O, class T>
struct Field {
  T O::*member;
  std::string_view name;
  Bounds bounds;
  std::string_view help;
  Presentation presentation;
};
template <class O, class T>
constexpr Field<O, T> field(T O::*member, std::string_view name, Bounds bounds,
                            std::string_view help, Presentation presentation = {}) {
  return {member, name, bounds, help, presentation};
}
template <class O, class T>
struct Nested {
  T O::*member;
  std::string_view name;
  std::string_view help;
};
/// A struct inside a struct; its keys get the prefix "name.", or none if the name is empty.
template <class O, class T>
constexpr Nested<O, T> nested(T O::*member, std::string_view name, std::string_view help) {
  return {member, name, help};
}

/// Options of the definitions of zoos, as texts by full key ("model.beta"); a key that is absent
/// has its owner's default. See own_options.h.
struct OwnOptions {
  std::map<std::string, std::string, std::less<>> texts;
  bool operator==(const OwnOptions&) const = default;
};
struct BoundOption;
template <class O>
struct Owned {
  OwnOptions O::*member;
  std::vector<BoundOption> (*all)();
};
/// Options that the definitions of zoos own, each placed behind the others of its section.
template <class O>
constexpr Owned<O> owned(OwnOptions O::*member, std::vector<BoundOption> (*all)()) {
  return {member, all};
}

/// One option tied to the struct that holds it; valid as long as that struct lives.
struct BoundOption {
  std::string key;    // "optimizer.learning_rate"
  std::string flag;   // "--lr", "--learning-rate"
  std::string alias;  // "" or a second flag
  std::string help;
  std::string type;                // "flag" "integer" "number" "text" "list" "duration" "size"
  std::string bounds;              // "at least 1", "one of a, b"; may be empty
  std::vector<std::string> words;  // allowed words, if any
  OptionLevel level = OptionLevel::kCommon;
  bool costs_memory = false;
  bool of_steps = false;
  std::string metavar;
  std::string owners;                         // "beta_vae": of whom it is an option; empty: of all
  std::string default_text;                   // value of a default-constructed struct
  std::function<void(std::string_view)> set;  // throws Error E2003 (where.key set)
  std::function<std::string()> get;           // canonical text; set(get()) changes nothing
};

/// Parsers and printers of the field types (options.cc). `key` is for the error message.
void parse_value(std::string_view key, std::string_view text, const Bounds& b, bool& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, int& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, int64_t& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, uint64_t& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, float& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, double& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, std::string& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b,
                 std::vector<int64_t>& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b,
                 std::vector<std::string>& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, Duration& out);
void parse_value(std::string_view key, std::string_view text, const Bounds& b, ByteSize& out);
std::string print_value(bool v);
std::string print_value(int64_t v);
std::string print_value(int v);
std::string print_value(uint64_t v);
std::string print_value(float v);  // shortest text that reads back to the same float
std::string print_value(double v);
std::string print_value(const std::string& v);
std::string print_value(const std::vector<int64_t>& v);
std::string print_value(const std::vector<std::string>& v);
std::string print_value(Duration v);
std::string print_value(ByteSize v);
std::string describe_bounds(const Bounds& b);
/// "--learning-rate" from "optimizer.learning_rate".
std::string flag_from_key(std::string_view key);

/// The same error with " (default ...)" behind its hint.
Error with_default(const Error& error, std::string_view default_text);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
constexpr std::string_view value_type_name() {
  if constexpr (IsOptional<T>::value) {
    return value_type_name<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "flag";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else if constexpr (std::is_same_v<T, Duration>) {
    return "duration";
  } else if constexpr (std::is_same_v<T, ByteSize>) {
    return "size";
  } else {
    return "list";
  }
}

template <class T>
void set_value(std::string_view key, std::string_view text, const Bounds& b, T& out) {
  if constexpr (IsOptional<T>::value) {
    if (text == "none") {
      out.reset();
      return;
    }
    typename T::value_type value{};
    parse_value(key, text, b, value);
    out = value;
  } else {
    parse_value(key, text, b, out);
  }
}
template <class T>
std::string get_value(const T& v) {
  if constexpr (IsOptional<T>::value) {
    return v ? print_value(*v) : "none";
  } else {
    return print_value(v);
  }
}

template <class O>
void append_bound_options(O& options, const std::string& prefix, std::vector<BoundOption>& out);

template <class O, class T>
void append_bound_option(O& options, const std::string& prefix, const Field<O, T>& f,
                         std::vector<BoundOption>& out) {
  T* target = &(options.*f.member);
  BoundOption b;
  b.key = prefix + std::string(f.name);
  b.flag = f.presentation.flag.empty() ? flag_from_key(b.key) : std::string(f.presentation.flag);
  b.alias = f.presentation.alias;
  b.help = f.help;
  b.type = value_type_name<T>();
  b.bounds = describe_bounds(f.bounds);
  if (f.bounds.words) b.words = f.bounds.words();
  b.level = f.presentation.level;
  b.metavar = f.presentation.metavar;
  b.costs_memory = f.presentation.costs_memory;
  b.of_steps = f.presentation.of_steps;
  b.default_text = get_value(O{}.*f.member);
  b.set = [target, key = b.key, bounds = f.bounds,
           initial = b.default_text](std::string_view text) {
    try {
      set_value(key, text, bounds, *target);
    } catch (const Error& error) {
      throw with_default(error, initial);
    }
  };
  b.get = [target] { return get_value(*target); };
  out.push_back(std::move(b));
}
template <class O, class T>
void append_bound_option(O& options, const std::string& prefix, const Nested<O, T>& n,
                         std::vector<BoundOption>& out) {
  const std::string name = n.name.empty() ? "" : std::string(n.name) + ".";
  append_bound_options(options.*n.member, prefix + name, out);
}
/// Places the options of owners among `out`, tied to `own`.
void append_own_options(OwnOptions& own, std::vector<BoundOption> options,
                        std::vector<BoundOption>& out);
template <class O>
void append_bound_option(O& options, const std::string&, const Owned<O>& o,
                         std::vector<BoundOption>& out) {
  append_own_options(options.*o.member, o.all(), out);
}
template <class O>
void append_bound_options(O& options, const std::string& prefix, std::vector<BoundOption>& out) {
  std::apply([&](const auto&... f) { (append_bound_option(options, prefix, f, out), ...); },
             O::fields());
}

/// All options of a struct, nested ones included, in declaration order.
template <class O>
std::vector<BoundOption> bind_options(O& options, const std::string& prefix = "") {
  std::vector<BoundOption> out;
  append_bound_options(options, prefix, out);
  return out;
}

/// The option with this key; Error E2002 with the nearest key if there is none.
const BoundOption& find_option(const std::vector<BoundOption>& options, std::string_view key);

template <class O>
void set_option(O& options, std::string_view key, std::string_view text) {
  auto bound = bind_options(options);
  find_option(bound, key).set(text);
}

/// The nearest of `candidates` to a mistyped word, if one is near enough (Damerau-Levenshtein,
/// '-' equals '_'); empty otherwise.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace isthmus
