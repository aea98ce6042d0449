// SPDX-License-Identifier: Apache-2.0
// One draw per value, in double, in the order of the items.
#include "isthmus/data/binarize.h"

#include <algorithm>
#include <random>

#include "isthmus/data/facts.h"
#include "isthmus/data/narrow.h"
#include "isthmus/tensor/grey_level.h"

namespace isthmus {
namespace {

/// In [0, 1) with 53 bits: Matsumoto's genrand_res53.
double next_uniform(std::mt19937& numbers) {
  const uint32_t a = numbers() >> 5, b = numbers() >> 6;
  return (a * 67108864.0 + b) / 9007199254740992.0;
}

bool draws_white(double p, double u) { return p <= 0.5 ? u > 1 - p : !(u > p); }

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kValueRange, "only grey values can be drawn to black and white: " + what,
              "give images of whole numbers from 0, or values from 0 to 1; or --binarize none",
              {.key = "data.binarize"});
}

}  // namespace

std::vector<std::string> binarize_words() { return {"none", "static", "dynamic"}; }

BlackAndWhite black_and_white(const DataSpec& spec) {
  if (const double level = grey_level(spec); level > 0) return {.black = 0, .white = level};
  for (const FieldSpec& field : spec.fields) {
    if (field.min >= 0 && field.max <= 1) continue;
    refuse((field.name.empty() ? "the data" : "\"" + field.name + "\"") + " go from " +
           print_value(field.min) + " to " + print_value(field.max));
  }
  return {};
}

bool is_black_and_white(const DataSpec& spec, const BlackAndWhite& ends) {
  return std::all_of(spec.fields.begin(), spec.fields.end(), [&](const FieldSpec& f) {
    const auto one_of_both = [&](double v) { return v == ends.black || v == ends.white; };
    return (f.binary || f.constant) && one_of_both(f.min) && one_of_both(f.max);
  });
}

Dataset binarized(const Dataset& data, const BlackAndWhite& ends, uint32_t seed, uint64_t skip) {
  Dataset drawn = data;
  const double span = ends.white - ends.black;
  const Scaling p_of = memory_scaling(
      Scaling{.kind = "unit", .shift = {ends.black}, .scale = {1.0}}, data.spec.narrowing);
  const auto width = static_cast<size_t>(data.spec.num_values());
  const bool bytes = ends.black >= 0 && ends.white <= 255;
  drawn.values = Tensor(bytes ? Dtype::kU8 : Dtype::kF32, data.values.shape());
  std::mt19937 numbers(seed);
  numbers.discard(2 * skip);
  const auto draw = [&](auto from, auto to) {
    using To = std::remove_reference_t<decltype(to[0])>;
    for (size_t i = 0; i < from.size(); ++i) {
      const size_t f = p_of.scale.size() == 1 ? 0 : i % width % p_of.scale.size();
      const double p = (static_cast<double>(from[i]) - p_of.shift[f]) * p_of.scale[f] / span;
      if (!(p >= 0 && p <= 1)) {
        refuse("item " + std::to_string(i / width) + " holds " +
               print_value(p * span + ends.black));
      }
      to[i] = static_cast<To>(draws_white(p, next_uniform(numbers)) ? ends.white : ends.black);
    }
  };
  const auto write = [&](auto to) {
    if (data.values.dtype() == Dtype::kU8) {
      draw(data.values.values<uint8_t>(), to);
    } else {
      draw(data.values.values<float>(), to);
    }
  };
  if (bytes) {
    write(drawn.values.values<uint8_t>());
  } else {
    write(drawn.values.values<float>());
  }
  drawn.spec.dtype = drawn.values.dtype();
  drawn.spec.narrowing = {};
  std::vector<std::string> names;
  if (data.spec.kind == DataKind::kTable) {
    for (const FieldSpec& field : data.spec.fields) names.push_back(field.name);
  }
  drawn.spec.fields = measure_fields(drawn.values, {}, names);
  return drawn;
}

}  // namespace isthmus
