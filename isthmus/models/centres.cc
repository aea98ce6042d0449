// SPDX-License-Identifier: Apache-2.0
// Distances item by item in a fixed order.
#include "isthmus/models/centres.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

double squared_distance(const double* a, const double* b, size_t width) {
  // Four sums, so that one addition does not wait for the other.
  double sums[4] = {0, 0, 0, 0};
  size_t j = 0;
  for (; j + 4 <= width; j += 4) {
    for (size_t k = 0; k < 4; ++k) sums[k] += (a[j + k] - b[j + k]) * (a[j + k] - b[j + k]);
  }
  for (; j < width; ++j) sums[0] += (a[j] - b[j]) * (a[j] - b[j]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// The place in a line of weights on which a share of their sum, in (0, 1), falls.
size_t place_of(const std::vector<double>& weights, double share) {
  double left = share * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    if (left < weights[i]) return i;
    left -= weights[i];
  }
  // Nothing weighs anything: all items are centres already.
  return std::min(weights.size() - 1, static_cast<size_t>(share * double(weights.size())));
}

}  // namespace

int64_t sample_size(int64_t centres) { return std::max<int64_t>(4096, 10 * centres); }

ItemSample sample_of(const FitRequest& request, int64_t most) {
  const RowSource& rows = request.rows;
  ItemSample sample{.values = {},
                    .count = static_cast<size_t>(std::min(rows.count, most)),
                    .width = static_cast<size_t>(rows.width)};
  const KeyedPermutation order(RngKey::from(request.seed, "fit/sample"), 0,
                               static_cast<uint64_t>(rows.count));
  std::vector<float> row(sample.width);
  sample.values.reserve(sample.count * sample.width);
  for (size_t i = 0; i < sample.count; ++i) {
    rows.read(static_cast<int64_t>(order(i)), 1, row);
    sample.values.insert(sample.values.end(), row.begin(), row.end());
  }
  return sample;
}

std::vector<double> spread_centres(const ItemSample& sample, size_t count, RngKey key) {
  std::vector<double> centres, distance(sample.count, 1.0);
  centres.reserve(count * sample.width);
  for (size_t c = 0; c < count; ++c) {
    float share = 0;
    fill_uniform(key, c, 0, 0, &share, 1);
    const double* chosen = sample.item(place_of(distance, static_cast<double>(share)));
    centres.insert(centres.end(), chosen, chosen + sample.width);
    for (size_t i = 0; i < sample.count; ++i) {
      const double now = squared_distance(sample.item(i), chosen, sample.width);
      distance[i] = c == 0 ? now : std::min(distance[i], now);
    }
  }
  return centres;
}

std::vector<size_t> nearest_centres(const ItemSample& sample, const std::vector<double>& centres) {
  std::vector<size_t> nearest(sample.count, 0);
  const size_t count = centres.size() / sample.width;
  for (size_t i = 0; i < sample.count; ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < count; ++c) {
      const double* centre = centres.data() + c * sample.width;
      const double distance = squared_distance(sample.item(i), centre, sample.width);
      if (!(distance < least)) continue;
      least = distance;
      nearest[i] = c;
    }
  }
  return nearest;
}

void move_centres(const ItemSample& sample, const std::vector<size_t>& nearest,
                  std::vector<double>& centres) {
  const size_t width = sample.width;
  std::vector<double> sums(centres.size(), 0.0), counts(centres.size() / width, 0.0);
  for (size_t i = 0; i < sample.count; ++i) {
    double* sum = sums.data() + nearest[i] * width;
    const double* item = sample.item(i);
    for (size_t j = 0; j < width; ++j) sum[j] += item[j];
    counts[nearest[i]] += 1;
  }
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    for (size_t j = c * width; j < (c + 1) * width; ++j) centres[j] = sums[j] / counts[c];
  }
}

void require_items(const FitRequest& request, int64_t centres, std::string_view key) {
  if (centres <= request.rows.count) return;
  throw Error(ErrorCode::kBadValue,
              std::string(key) + " = " + std::to_string(centres) + " is more than the " +
                  group_digits(request.rows.count) + " training items",
              "at most " + std::to_string(request.rows.count), {.key = std::string(key)});
}

ColumnFacts varied_columns(const FitRequest& request) {
  ColumnFacts facts = column_facts(request.rows);
  if (std::ranges::any_of(facts.variance, [](double v) { return v > 0; })) return facts;
  throw Error(ErrorCode::kImpossible,
              "the " + group_digits(request.rows.count) + " training items are all alike",
              "a " + request.setup.model.name + " needs items that differ", {.key = "model.name"});
}

}  // namespace isthmus
