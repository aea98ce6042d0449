// SPDX-License-Identifier: Apache-2.0
// isthmus compare DATA --models pca,logistic_pca,ae,vae: trains what is missing with the same
// options, measures all on the same items, and says it in one table, one picture and one page.
#include <algorithm>
#include <numeric>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/compare_plan.h"
#include "isthmus/cli/compared_runs.h"
#include "isthmus/cli/process.h"
#include "isthmus/report/comparison.h"
#include "isthmus/train/train_data.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

struct CompareOptions {
  TrainOptions train;
  std::vector<std::string> models = {"pca", "logistic_pca", "ae", "vae"};
  std::string test = "auto";
  int64_t items = 10;

  static constexpr auto fields() {
    using O = CompareOptions;
    return std::tuple{
        nested(&O::train, "", "Of all models that they have an effect on."),
        field(&O::models, "compare.models", any_value(), "Models by name.", {.metavar = "A,B"}),
        field(&O::test, "compare.test", any_value(),
              "DATA to measure on; auto: the test split of a known set, else the items held out.",
              {.metavar = "DATA"}),
        field(&O::items, "compare.items", between(1, 100), "Items in the picture.",
              {.level = OptionLevel::kRare})};
  }
};

/// One item of each class where there are classes, else the first ones.
Dataset shown_items(const Dataset& data, int64_t count) {
  std::vector<int64_t> rows;
  for (int32_t label = 0; label < static_cast<int32_t>(data.class_names.size()); ++label) {
    const auto at = std::find(data.labels.begin(), data.labels.end(), label);
    if (at != data.labels.end()) rows.push_back(at - data.labels.begin());
  }
  if (static_cast<int64_t>(rows.size()) < count) {
    rows.resize(static_cast<size_t>(std::min(count, data.num_items())));
    std::iota(rows.begin(), rows.end(), int64_t{0});
  }
  rows.resize(static_cast<size_t>(std::min<int64_t>(count, static_cast<int64_t>(rows.size()))));
  return select_rows(data, rows);
}

/// Rows: the originals, then each model's reconstructions, the best error first.
void draw(CommandIo& io, Comparison& c, const Dataset& data, Device& device, int64_t count) {
  const Dataset items = shown_items(data, count);
  const int64_t shown = items.num_items();
  std::vector<const ComparedModel*> order;
  for (const ComparedModel& m : c.models) order.push_back(&m);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->eval.metric("mse") < b->eval.metric("mse");
  });
  Tensor rows;
  DataSpec spec;
  for (size_t i = 0; i < order.size(); ++i) {
    Session session(load_model(order[i]->run, io.fs(), io.limits()), device,
                    io.memory_beside(data.values.num_bytes()));
    const Model& model = session.model();
    if (!has_pictures(model.spec())) return;
    spec = model.spec();
    if (i == 0) {
      Shape shape = spec.item_shape;
      shape.insert(shape.begin(), shown * static_cast<int64_t>(order.size() + 1));
      rows = Tensor(Dtype::kF32, shape);
      const Tensor originals = model_values(model, items, 0, shown);
      std::ranges::copy(originals.values<float>(), rows.values<float>().begin());
      c.row_names.push_back("original");
    }
    const Tensor decoded = reconstruct(session, items, Quantity::kMean, io.verb_settings());
    const auto at = static_cast<ptrdiff_t>((i + 1) * static_cast<size_t>(decoded.num_values()));
    std::ranges::copy(decoded.values<float>(), rows.values<float>().begin() + at);
    c.row_names.push_back(order[i]->name);
  }
  c.picture = grid_picture(rows, spec, shown);
}

/// At the right of so many columns.
std::string right(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string nats(double value) { return std::isnan(value) ? "-" : format_fixed(value, 2); }

void print_table(CommandIo& io, const Comparison& c) {
  io.console.result("measured", c.measured_on);
  io.console.result("", pad_right("model", 18) +
                            "error     reconstruction       kl      elbo"
                            "     log p  measure     seconds");
  double floor = kUnknown;
  for (const ComparedModel& m : c.models) {
    const Terms& t = m.eval.terms;
    io.console.result("", pad_right(m.name, 18) + format_fixed(m.eval.metric("mse"), 6) +
                              right(nats(t.reconstruction), 16) + right(nats(t.kl), 9) +
                              right(nats(t.elbo), 10) + right(nats(m.eval.log_likelihood), 10) +
                              "  " + pad_right(m.measure, 8) +
                              right(format_fixed(m.seconds, 1), 11));
    if (!std::isnan(m.eval.data_floor)) floor = m.eval.data_floor;
  }
  if (!std::isnan(floor)) {
    io.console.result("floor", nats(floor) + " nats: the least reconstruction term of bernoulli");
  }
}

Json comparison_json(const Comparison& c) {
  Json models = Json::array();
  for (const ComparedModel& m : c.models) {
    const EvalResult& e = m.eval;
    models.push_back(Json::object()
                         .set("name", m.name)
                         .set("run", m.run)
                         .set("parameters", m.parameters)
                         .set("seconds", m.seconds)
                         .set("measure", m.measure)
                         .set("mse", Json::finite_or_null(e.metric("mse")))
                         .set("reconstruction", Json::finite_or_null(e.terms.reconstruction))
                         .set("kl", Json::finite_or_null(e.terms.kl))
                         .set("elbo", Json::finite_or_null(e.terms.elbo))
                         .set("log_likelihood", Json::finite_or_null(e.log_likelihood))
                         .set("data_floor", Json::finite_or_null(e.data_floor)));
  }
  return result_object("isthmus.compare/1")
      .set("data", c.data)
      .set("measured_on", c.measured_on)
      .set("models", std::move(models));
}

int run_compare(CommandIo& io, const CompareOptions& o) {
  refuse_run_folders(io.fs(), io.arguments);
  listen_to_signals();
  const Dataset data = open_datasets(io.fs(), io.arguments, o.train.data, io.limits(), "train");
  std::optional<Dataset> test = test_data(io, o.test, o.train.data);
  const std::string folder = folder_of(io, o.train.run.out, "compare", data);
  const auto device = open_device({.device = o.train.machine.device});
  Comparison c{
      .data = data.source, .measured_on = "", .models = {}, .picture = {}, .row_names = {}};
  std::vector<ModelChoice> models;
  for (const std::string& name : o.models) models.push_back({.label = name, .model = name});
  const std::vector<PlannedModel> planned = plan_models(io, {.train = o.train,
                                                             .models = models,
                                                             .folder = folder,
                                                             .data = data,
                                                             .test = test ? &*test : nullptr});
  for (const PlannedModel& model : planned) {
    const std::optional<double> seconds = model.seconds ? model.seconds : trained(io, model);
    if (!seconds) return stop_status();
    if (!test) {
      test = open_train_data(io.fs(), io.arguments, &data, model.request.options)
                 .shown_items(data.num_items());
    }
    c.models.push_back(measure_run(io, model, *seconds, *test, *device, {}));
  }
  c.measured_on = group_digits(test->num_items()) +
                  (test->split.empty() ? " held-out" : " " + test->split) + " items";
  draw(io, c, *test, *device, o.items);
  print_table(io, c);
  write_comparison(io, c, folder, {.picture = "compare.png", .page = "compare.html"});
  io.print_wrote("");
  io.print_json(comparison_json(c));
  return 0;
}

}  // namespace

CommandDef commands::compare() {
  return {.name = "compare",
          .summary = "Trains several models on the same data, side by side.",
          .arguments = {"DATA..."},
          .examples = {"isthmus compare fashion-mnist --models pca,ae,vae --latent 20",
                       "isthmus compare sales.csv --models ppca,vae --test sales-2024.csv"},
          .note =
              "Each model gets a run folder of its own below -o; a finished one with the same "
              "options and data is not trained again, an interrupted one goes on. Options count "
              "for the models on which "
              "they have an effect.",
          .common = {"compare.models", "compare.test", "model.latent_dim", "train.epochs",
                     "run.out", "run.seed"},
          .make = command_with(run_compare)};
}

}  // namespace isthmus
