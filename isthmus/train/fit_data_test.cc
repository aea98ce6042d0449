// SPDX-License-Identifier: Apache-2.0
// Data that meet a model trained on others: refused, warned of or passed by one rule; and what a
// run learns from its data comes from the items that train.
#include "isthmus/verbs/fit_data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "isthmus/data/facts.h"
#include "isthmus/data/scaling.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/reference.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

std::string table_file(const std::string& name, int rows,
                       const std::function<std::string(int)>& row,
                       const std::string& header = "a,b,c\n") {
  const std::string folder = fresh_folder("fit-" + name);
  std::filesystem::create_directories(folder);
  std::ofstream file(folder + "/" + name + ".csv");
  file << header;
  for (int i = 0; i < rows; ++i) file << row(i) << "\n";
  return folder + "/" + name + ".csv";
}

std::string wave(int i) {
  return std::to_string(5 + 2 * std::sin(0.7 * i)) + "," + std::to_string(std::cos(1.3 * i)) + "," +
         std::to_string(0.1 * i);
}

Dataset opened(const std::string& path) { return open_dataset(posix_fs(), path, {}, {}, ""); }

ModelSetup setup_for(const DataSpec& spec, const std::string& likelihood) {
  ModelSetup setup;
  setup.model.likelihood = likelihood;
  setup.data = spec;
  setup.data.scaling = choose_scaling(spec, "auto").scaling;
  return setup;
}

std::vector<std::string> codes(const Dataset& data, const ModelSetup& model) {
  std::vector<std::string> result;
  const DataSpec fitted = conform(data, model.data).spec;
  for (const DataWarning& w : warnings_of(data.spec, fitted, model)) result.push_back(w.code);
  return result;
}

std::string find_option_value(const std::vector<Choice>& choices, const std::string& key) {
  for (const Choice& choice : choices) {
    if (choice.key == key) return choice.value;
  }
  return "";
}

Dataset grey(std::vector<float> values) {
  Dataset data;
  data.spec.kind = DataKind::kImage;
  data.spec.item_shape = {2, 2};
  data.values = Tensor::from<float>({static_cast<int64_t>(values.size()) / 4, 2, 2}, values);
  data.spec.fields = measure_fields(data.values, {}, {});
  return data;
}

TEST(FitData, ImagesOfMinusOneToOneAreRefusedByAModelOfZeroToOne) {
  const Dataset trained = grey({0.1f, 0.5f, 0.9f, 0.3f, 0.0f, 1.0f, 0.2f, 0.7f});
  const ModelSetup model = setup_for(trained.spec, "continuous_bernoulli");
  EXPECT_TRUE(codes(trained, model).empty());
  const Dataset shifted = grey({-0.8f, 0.0f, 0.8f, -0.4f});
  try {
    fit_to_model(shifted, model);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kValueRange);
    EXPECT_NE(error.message().find("those of training from 0 to 1"), std::string::npos)
        << error.message();
  }
  // A little brighter than anything in training is said, not refused.
  const Dataset brighter = grey({0.2f, 0.5f, 1.05f, 0.3f});
  EXPECT_EQ(codes(brighter, model), (std::vector<std::string>{"W3408"}));
  EXPECT_EQ(fit_to_model(brighter, model).num_items(), 1);
}

TEST(FitData, GreyValuesForAModelOfTwoValuesAreSaid) {
  const Dataset masks = grey({0, 1, 1, 0, 1, 1, 0, 0});
  const ModelSetup model = setup_for(masks.spec, "bernoulli");
  EXPECT_TRUE(codes(masks, model).empty());
  EXPECT_EQ(codes(grey({0, 0.5f, 1, 0}), model), (std::vector<std::string>{"W3408"}));
}

TEST(FitData, MasksAndPicturesOfOtherBitsAreSaid) {
  // Masks of 0 and 1 were divided by 255 for a model of 0 and 255; 8 bits looked black to one
  // of 16.
  const Dataset masks = grey({0, 255, 255, 0, 255, 255, 0, 0});
  const ModelSetup model = setup_for(masks.spec, "bernoulli");
  EXPECT_THROW(conform(grey({0, 1, 1, 0}), model.data), Error);
  EXPECT_EQ(conform(grey({0, 255, 0, 0}), model.data).num_items(), 1);
  const Dataset deep = grey({12, 49800, 3000, 20000, 40000, 100, 31000, 7});
  const ModelSetup deep_model = setup_for(deep.spec, "bernoulli");
  EXPECT_EQ(codes(grey({12, 249, 100, 30}), deep_model), (std::vector<std::string>{"W3408"}));
  EXPECT_TRUE(codes(deep, deep_model).empty());
}

TEST(FitData, OtherUnitsAndRevivedColumnsAreSaid) {
  const Dataset trained = opened(table_file("units", 60, wave));
  ModelSetup model = setup_for(trained.spec, "gaussian");
  EXPECT_TRUE(codes(trained, model).empty());
  const Dataset grams = opened(table_file("grams", 60, [](int i) {
    return std::to_string(1000 * (5 + 2 * std::sin(0.7 * i))) + "," +
           std::to_string(std::cos(1.3 * i)) + "," + std::to_string(0.1 * i);
  }));
  EXPECT_EQ(codes(grams, model), (std::vector<std::string>{"W3408"}));
  model.data.constants = {{.name = "d", .index = 3, .value = 7}};
  const Dataset varies = opened(table_file(
      "varies", 60, [](int i) { return wave(i) + "," + std::to_string(i % 3); }, "a,b,c,d\n"));
  EXPECT_EQ(codes(varies, model), (std::vector<std::string>{"W3409"}));
  const Dataset same = opened(table_file(
      "same", 60, [](int i) { return wave(i) + ",7"; }, "a,b,c,d\n"));
  EXPECT_TRUE(codes(same, model).empty());
}

TEST(TrainData, FactsAreThoseOfTheItemsThatTrain) {
  // The largest value of all is among the rows that validate: scaling saw it.
  const std::string path = table_file(
      "split", 50, [](int i) { return std::to_string(i) + ",7," + std::to_string(i % 5); });
  TrainOptions options;
  const TrainData probe = open_train_data(posix_fs(), {path}, nullptr, options);
  const int64_t held = probe.val_rows.front();
  const std::string spiked = table_file("spiked", 50, [&](int i) {
    return std::to_string(i == held ? 1e6 : i) + "," + (i == held ? "8" : "7") + "," +
           std::to_string(i % 5);
  });
  const TrainData data = open_train_data(posix_fs(), {spiked}, nullptr, options);
  ASSERT_EQ(data.train.spec.fields.size(), 2u);
  EXPECT_LT(data.train.spec.fields[0].max, 50);
  EXPECT_EQ(data.val_spec.fields[0].max, 1e6);
  double sum = 0;
  for (const int64_t row : data.train_rows) sum += static_cast<double>(row);
  EXPECT_NEAR(data.train.spec.fields[0].mean, sum / static_cast<double>(data.num_train()), 1e-9);
  // Constant among the items that train: left out, and remembered.
  ASSERT_EQ(data.train.spec.constants.size(), 1u);
  EXPECT_EQ(data.train.spec.constants[0].name, "b");
  EXPECT_EQ(data.train.spec.constants[0].index, 1);
  EXPECT_EQ(data.train.spec.constants[0].value, 7);
}

TEST(TrainData, WhereTheSplitPutsARareValueDoesNotRefuseTheRun) {
  // One cell of 2 in a table of 0 and 1: refused when it fell among the items that validate.
  ReferenceDevice device;
  const std::string path = table_file("rare", 60, [](int i) {
    return std::to_string(i % 2) + "," + std::to_string(i == 17 ? 2 : i % 3 == 0) + "," +
           std::to_string(i % 5 == 0);
  });
  bool held_out = false;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    TrainRequest request;
    request.data = {path};
    request.device = &device;
    request.options.run.seed = seed;
    request.options.run.out = fresh_folder("rare-run");
    request.options.own.texts["model.hidden"] = "4";
    request.options.loop.epochs = "1";
    RecordingObserver seen;
    EXPECT_EQ(train(request, seen).status, "done");
    EXPECT_EQ(find_option_value(seen.choices, "model.likelihood"), "gaussian") << seed;
    const TrainData data = open_train_data(posix_fs(), {path}, nullptr, request.options);
    held_out = held_out || data.train.spec.fields[1].max == 1;
  }
  EXPECT_TRUE(held_out) << "no seed held the rare value out";
}

TrainResult run_of(const std::string& path, Device& device, const std::string& name,
                   const std::string& rate = "0.01", const std::string& epochs = "6") {
  TrainRequest request;
  request.data = {path};
  request.device = &device;
  request.options.run.out = fresh_folder(name);
  request.options.own.texts["model.hidden"] = "6";
  request.options.loop.epochs = epochs;
  parse_value("lr", rate, greater_than(0), request.options.optimizer.learning_rate);
  RecordingObserver seen;
  return train(request, seen);
}

TEST(DataUnits, AThousandfoldTableHasAnElboThatDiffersByTheLogOfIt) {
  ReferenceDevice device;
  const std::string x = table_file("x", 60, wave);
  const std::string y = table_file("y", 60, [](int i) {
    return std::to_string(1000 * (5 + 2 * std::sin(0.7 * i))) + "," +
           std::to_string(1000 * std::cos(1.3 * i)) + "," + std::to_string(100.0 * i);
  });
  double in_units[2], scaled[2];
  const std::string paths[2] = {x, y};
  for (int k = 0; k < 2; ++k) {
    const TrainResult r = run_of(paths[k], device, "units" + std::to_string(k));
    const Model model = load_model(r.run, posix_fs(), {});
    Session session(model, device);
    const EvalResult e = evaluate(session, opened(paths[k]), {.samples = 2}, {});
    in_units[k] = e.elbo_in_data_units();
    scaled[k] = e.terms.elbo;
    EXPECT_EQ(e.density_of, "standardized values");
  }
  EXPECT_NEAR(scaled[0], scaled[1], 1e-2);
  EXPECT_NEAR(in_units[0] - in_units[1], 3 * std::log(1000.0), 1e-2);
}

TEST(IndependentColumns, AreTheGaussiansOfTheTrainingItems) {
  const std::string path = table_file("columns", 80, wave);
  const TrainData data = open_train_data(posix_fs(), {path}, nullptr, {});
  ModelSetup setup = setup_for(data.train.spec, "gaussian");
  setup.own.texts["model.sigma"] = "per_dimension";
  const std::optional<MetricResult> result = independent_columns(data, setup);
  ASSERT_TRUE(result);
  double sum = 0;
  const std::span<const float> values = std::as_const(data.train.values).values<float>();
  for (const int64_t row : data.val_rows) {
    for (size_t c = 0; c < 3; ++c) {
      const FieldSpec& f = data.train.spec.fields[c];
      const double v = static_cast<double>(values[static_cast<size_t>(row) * 3 + c]);
      const double z = (v - f.mean) / f.standard_deviation;  // columns with more digits: no floor
      sum -= 0.5 * (z * z + std::log(2 * std::acos(-1.0)));
    }
  }
  EXPECT_NEAR(result->value, sum / static_cast<double>(data.num_val()), 1e-4);
}

TEST(IndependentColumns, OfALikelihoodWithoutSuchColumnsAreNone) {
  const std::string path = table_file("no-columns", 80, wave);
  const TrainData data = open_train_data(posix_fs(), {path}, nullptr, {});
  EXPECT_FALSE(independent_columns(data, setup_for(data.train.spec, "laplace")));
}

TEST(StoredValues, OfATableKeepTheDomainOfEachColumn) {
  DataSpec spec;
  spec.kind = DataKind::kTable;
  spec.item_shape = {4};
  spec.fields = {
      {.name = "flag",
       .min = 0,
       .max = 1,
       .standard_deviation = 0.5,
       .decimals = 0,
       .binary = true,
       .integer = true},
      {.name = "n", .min = 0, .max = 49, .standard_deviation = 9, .decimals = 0, .integer = true},
      {.name = "price", .min = 1.5, .max = 9.75, .standard_deviation = 2, .decimals = 2},
      {.name = "x", .min = -3, .max = 3, .standard_deviation = 1}};
  spec.scaling = {.kind = "standardize", .shift = {0.5, 20, 5, 0}, .scale = {2, 0.1, 0.5, 1}};
  const std::vector<float> scaled = {-3, -9, 0.123f, 0.25f, 3, 9, 99, -7};
  const Tensor stored = stored_values(Tensor::from<float>({2, 4}, scaled), spec);
  const auto v = stored.values<float>();
  EXPECT_EQ((std::vector<float>{v[0], v[1], v[2], v[3]}), (std::vector<float>{0, 0, 5.25f, 0.25f}));
  EXPECT_EQ((std::vector<float>{v[4], v[5], v[6], v[7]}), (std::vector<float>{1, 49, 9.75f, -3}));
}

TEST(FitData, ConditionsFarFromThoseOfTrainingAreWarnedOf) {
  const Dataset trained = opened(table_file("condition", 300, wave));
  ModelSetup model = setup_for(trained.spec, "gaussian");
  model.data.condition = {.columns = {"c"}, .shift = {15}, .scale = {1 / 8.66}};
  model.data.fields.pop_back();
  model.data.item_shape = {2};
  model.data.scaling.shift.pop_back();
  model.data.scaling.scale.pop_back();
  EXPECT_TRUE(codes(trained, model).empty());
  const Dataset far = opened(table_file("far-condition", 300, [](int i) {
    const std::string row = wave(i);
    return row.substr(0, row.rfind(',')) + "," + std::to_string(5000 + i);
  }));
  EXPECT_EQ(codes(far, model), std::vector<std::string>{"W3408"});
  EXPECT_TRUE(warnings_of_given(model.data.condition, {"c=20"}).empty());
  EXPECT_EQ(warnings_of_given(model.data.condition, {"c=500"}).size(), 1u);
}

}  // namespace
}  // namespace isthmus
