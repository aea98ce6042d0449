// SPDX-License-Identifier: Apache-2.0
// The numbers of look.json against counts and sums made here from the table itself, and tables of
// every odd shape.
#include "isthmus/train/table_look.h"

#include <cmath>

#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

struct Table {
  std::string name;
  int64_t rows = 300, columns = 3;
  double (*value)(int64_t row, int64_t column) = nullptr;
};

/// Whole numbers 0 .. 9, twice these with a fraction, and a coin that lands on 1 every fifth time.
double mixed(int64_t row, int64_t column) {
  const auto digit = static_cast<double>(row * row % 10);
  return column == 0   ? digit
         : column == 1 ? 2 * digit + 0.25 * static_cast<double>(row % 3)
                       : static_cast<double>(row % 5 == 0);
}

std::string written(const Table& table) {
  std::string text;
  for (int64_t j = 0; j < table.columns; ++j) text += (j ? ",c" : "c") + std::to_string(j);
  for (int64_t i = 0; i < table.rows; ++i) {
    for (int64_t j = 0; j < table.columns; ++j) {
      text += (j ? "," : "\n") + std::to_string(table.value(i, j));
    }
  }
  const std::string path = ::testing::TempDir() + "look-" + table.name + ".csv";
  write_text(posix_fs(), path, text + "\n", Durability::kRename);
  return path;
}

/// Trains for an epoch and reads look.json.
Json look_of(const Table& table, const std::string& model = "vae", const std::string& val = "none",
             const std::string& latents = "2") {
  ReferenceDevice device;
  TrainRequest request;
  request.data = {written(table)};
  request.device = &device;
  request.options.run.out = fresh_folder("look-" + table.name);
  request.options.model.name = model;
  request.options.own.texts["model.hidden"] = "6";
  request.options.model.latent_dim = latents;
  request.options.loop.epochs = "1";
  request.options.hold_out.val = val;
  TrainObserver quiet;
  train(request, quiet);
  const Bytes bytes = posix_fs().read_file(request.options.run.out + "/look.json", 1 << 24);
  auto json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                         {.max_bytes = 1 << 24});
  return std::get<Json>(std::move(json));
}

double sum_of(const Json& list) {
  double sum = 0;
  for (const Json& value : list.as_array()) sum += value.as_double();
  return sum;
}

TEST(TableLook, CountsTheTable) {
  const Json look = look_of({.name = "mixed", .value = mixed});
  EXPECT_EQ(look.at("items").at("from").as_string(), "training");
  EXPECT_EQ(look.at("items").at("n").as_int(), 300);
  const Json::Array& marginals = look.at("marginals").as_array();
  ASSERT_EQ(marginals.size(), 3u);
  std::vector<int64_t> digits(10);
  for (int64_t i = 0; i < 300; ++i) ++digits[static_cast<size_t>(mixed(i, 0))];
  ASSERT_EQ(marginals[0].at("real").as_array().size(), 10u);
  for (size_t d = 0; d < 10; ++d) {
    EXPECT_EQ(marginals[0].at("real").as_array()[d].as_int(), digits[d]) << d;
  }
  EXPECT_EQ(marginals[2].at("real"), Json(Json::Array{240, 60}));
  for (const Json& m : marginals) {
    EXPECT_EQ(sum_of(m.at("real")), 300);
    EXPECT_EQ(sum_of(m.at("sampled")), static_cast<double>(look.at("draws").as_int()));
  }
}

TEST(TableLook, CorrelatesTheTable) {
  const Json look = look_of({.name = "mixed", .value = mixed});
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (int64_t i = 0; i < 300; ++i) mx += mixed(i, 0) / 300, my += mixed(i, 1) / 300;
  for (int64_t i = 0; i < 300; ++i) {
    const double x = mixed(i, 0) - mx, y = mixed(i, 1) - my;
    xx += x * x, yy += y * y, xy += x * y;
  }
  const Json& real = look.at("correlations").at("real");
  EXPECT_NEAR(real.as_array()[0].as_array()[1].as_double(), xy / std::sqrt(xx * yy), 5.1e-4);
  EXPECT_EQ(real.as_array()[2].as_array()[2].as_double(), 1);
}

TEST(TableLook, ErrorsAreThoseOfTheKeptModel) {
  const Json look = look_of({.name = "mixed", .value = mixed}, "vae", "none");
  ReferenceDevice device;
  const Model model = load_model(::testing::TempDir() + "isthmus-look-mixed", posix_fs(), {});
  const Dataset data =
      open_dataset(posix_fs(), ::testing::TempDir() + "look-mixed.csv", {}, {}, "train");
  Session session(model, device);
  const Tensor x = model_values(model, data, 0, 300);
  const Tensor y = reconstruct(session, data, Quantity::kMean, {});
  double total = 0, first = 0;
  for (size_t i = 0; i < 900; ++i) {
    const double d = double{x.values<float>()[i]} - double{y.values<float>()[i]};
    total += d * d / 900;
    if (i % 3 == 0) first += d * d / 300;
  }
  EXPECT_NEAR(look.at("errors").at("model_total").as_double(), total, 1e-5 * total);
  EXPECT_NEAR(look.at("errors").at("model").as_array()[0].as_double(), first, 1e-5 * first);
  // No code of two numbers that is decoded linearly loses less.
  EXPECT_LT(look.at("errors").at("pca_total").as_double(), total);
}

TEST(TableLook, MeasuresOnValidationAndShowsEnoughItems) {
  const Json look = look_of({.name = "held", .value = mixed}, "vae", "0.2");
  EXPECT_EQ(look.at("measured").at("from").as_string(), "validation");
  EXPECT_EQ(look.at("measured").at("n").as_int(), 60);
  EXPECT_EQ(look.at("items").at("from").as_string(), "training");  // 60 show no shape
  const Json large = look_of({.name = "large", .rows = 1200, .value = mixed}, "vae", "0.2");
  EXPECT_EQ(large.at("items").at("from").as_string(), "validation");
  EXPECT_EQ(large.at("items").at("n").as_int(), 240);
}

TEST(TableLook, IsTheSameForTheSameRun) {
  EXPECT_EQ(look_of({.name = "mixed", .value = mixed}).dump(),
            look_of({.name = "mixed", .value = mixed}).dump());
}

TEST(TableLook, OfManyItemsAndColumnsTakesSomeEvenly) {
  const Json look =
      look_of({.name = "many", .rows = 2050, .columns = 66, .value = [](auto i, auto j) {
                 return std::sin(static_cast<double>(i * (j + 1)));
               }});
  EXPECT_EQ(look.at("items").at("n").as_int(), 2000);
  EXPECT_EQ(look.at("items").at("of").as_int(), 2050);
  EXPECT_EQ(look.at("marginals").as_array().size(), 64u);
  EXPECT_EQ(look.at("columns").at("of").as_int(), 66);
  EXPECT_EQ(look.at("marginals").as_array()[63].at("name").as_string(), "c64");
}

TEST(TableLook, OfOneColumnHasOneComponent) {
  const Json look = look_of({.name = "one", .columns = 1, .value = mixed});
  EXPECT_EQ(look.at("correlations").at("real").as_array().size(), 1u);
  EXPECT_EQ(look.at("errors").at("components").as_int(), 1);
}

TEST(TableLook, OfOneLatentShowsOne) {
  const Json look = look_of({.name = "latent", .value = mixed}, "vae", "none", "1");
  EXPECT_EQ(look.at("latents").at("means").as_array().size(), 1u);
}

TEST(TableLook, OfCoinsHasMassesAndNoDensity) {
  const Json look = look_of({.name = "coins", .columns = 6, .value = [](auto i, auto j) {
                               return static_cast<double>(i * i * (j + 3) % 7 < 3);
                             }});
  EXPECT_TRUE(look.at("bounds").at("ppca").is_null());
  EXPECT_LT(look.at("bounds").at("independent_columns").at("value").as_double(), 0);
}

TEST(TableLook, OfConstantColumnsKeepsTheOthers) {
  const Json look = look_of(
      {.name = "constant", .value = [](auto i, auto j) { return j == 1 ? 7.0 : mixed(i, j); }});
  EXPECT_EQ(look.at("marginals").as_array().size(), 2u);
}

TEST(TableLook, OfAnAutoencoderHasNoSamples) {
  const Json look = look_of({.name = "ae", .value = mixed}, "ae");
  EXPECT_TRUE(look.at("draws").is_null());
  EXPECT_TRUE(look.at("bounds").is_null());
  EXPECT_TRUE(look.at("marginals").as_array()[0].at("sampled").is_null());
}

}  // namespace
}  // namespace isthmus
