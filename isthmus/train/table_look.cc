// SPDX-License-Identifier: Apache-2.0
// Gathers the numbers of look.json: some items and columns, spread evenly; the model's verbs on
// them; references fitted to training items. Arithmetic on arrays is in metrics/, drawing in
// report/.
#include "isthmus/train/table_look.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "isthmus/metrics/marginals.h"
#include "isthmus/metrics/pca.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/item_terms.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr int64_t kMostItems = 2000, kMostFitItems = 5000, kMostColumns = 64;
constexpr int64_t kFewItems = 200;  // a validation set too small for the shape of a column
constexpr int64_t kMostItemValues = int64_t{1} << 21, kMostFitValues = int64_t{1} << 22;
constexpr int kDigits = 6;      // of a number in the file: more than a picture shows
constexpr int kAllDigits = 15;  // of a place on an axis
constexpr double kActive = 0.01;

/// Rows of this many values that are shown or drawn.
int64_t most_items(int64_t width) {
  return std::max<int64_t>(1, std::min(kMostItems, kMostItemValues / width));
}

using Columns = std::vector<std::vector<double>>;

/// `most` of 0 .. count - 1, or all, evenly spread and ascending.
std::vector<int64_t> spread(int64_t count, int64_t most) {
  const int64_t taken = std::min(count, std::max<int64_t>(1, most));
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < taken; ++i) chosen.push_back(i * count / taken);
  return chosen;
}

Dataset items_of(const Dataset& from, const std::vector<int64_t>& rows, int64_t most) {
  std::vector<int64_t> chosen = spread(static_cast<int64_t>(rows.size()), most);
  for (int64_t& row : chosen) row = rows[static_cast<size_t>(row)];
  return select_rows(from, chosen);
}

Json number(double value, int digits = kDigits) {
  if (!std::isfinite(value)) return {};
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.begin(), text.end(), value, std::chars_format::general, digits).ptr;
  double rounded = 0;
  std::from_chars(text.begin(), end, rounded);
  return rounded;
}

template <class T>
Json list(const std::vector<T>& values) {
  Json out = Json::array();
  for (const T& value : values) out.push_back(value);
  return out;
}
Json number_list(const std::vector<double>& values) {
  Json out = Json::array();
  for (double value : values) out.push_back(number(value));
  return out;
}

double value_at(const Tensor& values, size_t i) {
  if (values.dtype() == Dtype::kU8) return values.values<uint8_t>()[i];
  if (values.dtype() == Dtype::kF64) return values.values<double>()[i];
  return values.values<float>()[i];
}

/// The chosen columns of (N, D) values of the model's scale, in the units of the data and with
/// their domains: as `isthmus sample` writes them.
Columns columns_of(const Tensor& model_scale, const DataSpec& spec,
                   const std::vector<int64_t>& chosen) {
  const Tensor stored = stored_values(model_scale, spec);
  const auto width = static_cast<size_t>(spec.num_values());
  const auto rows = static_cast<size_t>(stored.shape()[0]);
  Columns columns;
  for (int64_t column : chosen) {
    columns.emplace_back(rows);
    for (size_t r = 0; r < rows; ++r) {
      columns.back()[r] = value_at(stored, r * width + static_cast<size_t>(column));
    }
  }
  return columns;
}

/// Some items of the run, and their values (N, D) on the model's scale.
struct Items {
  Dataset data;
  Tensor values;
  std::string from;  // "validation" "training"
  int64_t of = 0;
};

/// What is looked at: items whose columns are shown, items on which is measured, training items
/// that references are fitted to.
struct Look {
  Session& session;
  const Model& model;
  Items shown, measured, fit;
  std::vector<int64_t> columns;
  int64_t width = 0;
};

std::optional<Columns> sampled_columns(const Look& look) {
  if (!look.model.abilities().samples) return std::nullopt;
  SampleSettings settings;
  settings.count = most_items(look.width);
  settings.quantity = Quantity::kSample;
  return columns_of(sample(look.session, settings), look.model.spec(), look.columns);
}

Json marginals_json(const Look& look, const Columns& real, const std::optional<Columns>& sampled) {
  Json out = Json::array();
  for (size_t i = 0; i < real.size(); ++i) {
    const FieldSpec& field = look.model.spec().fields[static_cast<size_t>(look.columns[i])];
    const Bins bins = choose_bins(real[i], field.integer);
    out.push_back(Json::object()
                      .set("name", field.name)
                      .set("whole", field.integer)
                      .set("low", number(bins.low, kAllDigits))
                      .set("width", number(bins.width, kAllDigits))
                      .set("real", list(histogram(bins, real[i])))
                      .set("sampled", sampled ? list(histogram(bins, (*sampled)[i])) : Json()));
  }
  return out;
}

Json correlations_json(const Columns& columns) {
  const std::vector<double> all = correlations(columns);
  Json rows = Json::array();
  for (size_t i = 0; i < columns.size(); ++i) {
    Json row = Json::array();
    for (size_t j = 0; j < columns.size(); ++j) {
      const double value = all[i * columns.size() + j];
      row.push_back(number(std::round(value * 1000) / 1000));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The two latents whose posterior means vary most, in the order of their numbers.
std::vector<size_t> widest_latents(const ColumnFacts& facts) {
  std::vector<size_t> order(facts.variance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return facts.variance[a] > facts.variance[b]; });
  order.resize(std::min<size_t>(2, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

Json latents_json(const Look& look) {
  if (!look.model.abilities().codes) return {};
  const Tensor codes = encode(look.session, look.shown.data, Quantity::kMean, {});
  const auto width = static_cast<size_t>(look.model.latent_dim());
  const std::span<const float> values = codes.values<float>();
  const ColumnFacts facts = column_facts(rows_of(values, look.model.latent_dim()));
  const std::vector<size_t> shown = widest_latents(facts);
  const int64_t active =
      std::ranges::count_if(facts.variance, [](double v) { return v > kActive; });
  Json numbers = Json::array(), means = Json::array();
  for (size_t latent : shown) numbers.push_back(static_cast<int64_t>(latent));
  for (size_t latent : shown) {
    Json column = Json::array();
    for (size_t i = latent; i < values.size(); i += width) {
      column.push_back(number(std::round(values[i] * 1000.0) / 1000.0));
    }
    means.push_back(std::move(column));
  }
  const bool labelled =
      look.shown.data.labels.size() == static_cast<size_t>(look.shown.data.num_items());
  return Json::object()
      .set("shown", std::move(numbers))
      .set("active", active)
      .set("means", std::move(means))
      .set("labels", labelled ? list(look.shown.data.labels) : Json())
      .set("classes", labelled && !look.shown.data.class_names.empty()
                          ? list(look.shown.data.class_names)
                          : Json());
}

Json errors_json(const Look& look, const Pca& pca) {
  if (!look.model.abilities().codes) return {};
  const Tensor decoded = reconstruct(look.session, look.measured.data, Quantity::kMean, {});
  const std::span<const float> x = look.measured.values.values<float>(),
                               y = decoded.values<float>();
  const auto width = static_cast<size_t>(look.width);
  std::vector<double> own(width);
  const double n = static_cast<double>(look.measured.data.num_items());
  for (size_t i = 0; i < x.size(); ++i) {
    const double delta = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    own[i % width] += delta * delta / n;
  }
  const ReconstructionError linear = pca.reconstruction_error(rows_of(x, look.width));
  std::vector<double> own_shown, linear_shown;
  for (int64_t column : look.columns) {
    own_shown.push_back(own[static_cast<size_t>(column)]);
    linear_shown.push_back(linear.column[static_cast<size_t>(column)]);
  }
  return Json::object()
      .set("components", pca.components())
      .set("model", number_list(own_shown))
      .set("pca", number_list(linear_shown))
      .set("model_total",
           number(std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(width)))
      .set("pca_total", number(linear.total));
}

Json bound_json(double value, double standard_error) {
  return Json::object().set("value", number(value)).set("standard_error", number(standard_error));
}
Json bound_json(const MetricResult& r) {
  return bound_json(r.value, r.standard_error.value_or(kUnknown));
}

double root_mean_square(const std::vector<double>& values) {
  double squares = 0;
  for (double v : values) squares += v * v / static_cast<double>(values.size());
  return std::sqrt(squares);
}

/// Nats per item on the model's scale; null where there is none. A density of principal components
/// is no reference for a mass.
Json bounds_json(const Look& look, const Pca& pca) {
  if (!look.model.abilities().elbo) return {};
  const Terms terms = mean_terms(item_terms(look.session, look.measured.data, 1, {}));
  const RowSource real = rows_of(look.measured.values.values<float>(), look.width);
  const ColumnsSetup setup = columns_setup(look.model.setup);
  Json independent;
  if (setup.family != ColumnFamily::kNone) {
    const IndependentColumns columns(rows_of(look.fit.values.values<float>(), look.width), setup);
    independent = bound_json(columns.log_prob(real));
  }
  const bool gaussian = setup.family == ColumnFamily::kGaussian;
  return Json::object()
      .set("elbo", bound_json(terms.elbo, terms.elbo_se))
      .set("independent_columns", std::move(independent))
      .set("ppca", gaussian ? bound_json(pca.log_prob(real)) : Json());
}

Items some_items(const Model& model, const TrainData& data, bool validation, int64_t most) {
  const std::vector<int64_t>& rows = validation ? data.val_rows : data.train_rows;
  Items items{.data = items_of(validation ? data.val_data() : data.train, rows, most),
              .values = {},
              .from = validation ? "validation" : "training",
              .of = static_cast<int64_t>(rows.size())};
  items.values = model_values(model, items.data, 0, items.data.num_items());
  return items;
}

Look prepare(Session& session, const TrainData& data) {
  const Model& model = session.model();
  const int64_t width = model.spec().num_values(), most = most_items(width);
  const int64_t most_fitted = std::clamp<int64_t>(kMostFitValues / width, 1, kMostFitItems);
  return {.session = session,
          .model = model,
          .shown = some_items(model, data, data.num_val() >= kFewItems, most),
          .measured = some_items(model, data, data.num_val() > 0, most),
          .fit = some_items(model, data, false, most_fitted),
          .columns = spread(width, kMostColumns),
          .width = width};
}

Json items_json(const Items& items) {
  return Json::object()
      .set("from", items.from)
      .set("n", items.data.num_items())
      .set("of", items.of);
}

}  // namespace

ColumnsSetup columns_setup(const ModelSetup& setup) {
  const LikelihoodDef& likelihood = all_likelihoods().find(setup.model.likelihood);
  ColumnsSetup columns{.family = likelihood.columns};
  if (!likelihood.has_sigma()) return columns;
  columns.sigma_floor = rounding_errors(setup.data);
  if (!all_models().find(setup.model.name).takes_sigma) return columns;
  const std::string sigma = resolved_sigma(setup);
  if (sigma == "learned" || sigma == "optimal") {
    columns.sigma = ColumnSigma::kShared;
  } else if (sigma != "per_dimension") {
    columns.sigma = ColumnSigma::kFixed;
    columns.fixed_sigma = std::strtod(sigma.c_str(), nullptr);
  }
  return columns;
}

Json table_look(Session& session, const TrainData& data) {
  const Model& model = session.model();
  const Look look = prepare(session, data);
  const Columns real = columns_of(look.shown.values, model.spec(), look.columns);
  const std::optional<Columns> sampled = sampled_columns(look);
  const Pca pca(rows_of(look.fit.values.values<float>(), look.width),
                {.components = std::clamp<int64_t>(model.latent_dim(), 1, look.width),
                 .sigma_floor = root_mean_square(rounding_errors(model.spec()))});
  return Json::object()
      .set("schema", "isthmus.look/1")
      .set("items", items_json(look.shown))
      .set("measured", items_json(look.measured).set("fitted_on", look.fit.data.num_items()))
      .set("columns", Json::object()
                          .set("shown", static_cast<int64_t>(look.columns.size()))
                          .set("of", look.width))
      .set("draws", sampled ? Json(most_items(look.width)) : Json())
      .set("marginals", marginals_json(look, real, sampled))
      .set("correlations", Json::object()
                               .set("real", correlations_json(real))
                               .set("sampled", sampled ? correlations_json(*sampled) : Json()))
      .set("latents", latents_json(look))
      .set("errors", errors_json(look, pca))
      .set("bounds", bounds_json(look, pca));
}

void write_table_look(Session& session, const TrainData& data, RunFolder& folder) {
  if (session.model().spec().kind != DataKind::kTable) return;
  folder.write("look.json", table_look(session, data).dump() + "\n");
}

}  // namespace isthmus
