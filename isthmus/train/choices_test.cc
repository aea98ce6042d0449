// SPDX-License-Identifier: Apache-2.0
// The table of automatic choices, and the small machines beside the loop.
#include "isthmus/train/choices.h"

#include <gtest/gtest.h>

#include <array>

#include "isthmus/models/coder.h"
#include "isthmus/models/parts.h"
#include "isthmus/optim/schedules.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/early_stopping.h"
#include "isthmus/train/picture_schedule.h"
#include "isthmus/train/run_folder.h"

namespace isthmus {
namespace {

DataSpec spec_of(DataKind kind, Shape shape, Dtype dtype, double min, double max, bool binary) {
  DataSpec spec;
  spec.kind = kind;
  spec.item_shape = std::move(shape);
  spec.dtype = dtype;
  const int64_t fields = kind == DataKind::kTable ? value_count(spec.item_shape) : 1;
  for (int64_t i = 0; i < fields; ++i) {
    FieldSpec field;
    field.name = kind == DataKind::kTable ? "c" + std::to_string(i) : "";
    field.min = min;
    field.max = max;
    field.mean = (min + max) / 2;
    field.standard_deviation = (max - min) / 4;
    field.binary = binary;
    field.integer = binary || dtype == Dtype::kU8;
    spec.fields.push_back(field);
  }
  return spec;
}

struct Row {
  DataSpec spec;
  int64_t items;
  const char *likelihood, *hidden, *latent, *batch, *scale;
};

const Choice& choice_of(const ResolvedOptions& r, const std::string& key) {
  for (const Choice& choice : r.choices) {
    if (choice.key == key) return choice;
  }
  throw std::runtime_error("no choice " + key);
}

TEST(Choices, FollowTheTable) {
  const DataKind image = DataKind::kImage, table = DataKind::kTable, array = DataKind::kArray;
  const std::vector<Row> rows = {
      {spec_of(image, {28, 28}, Dtype::kU8, 0, 255, false), 60000, "bernoulli", "128", "20", "512",
       "unit"},
      {spec_of(image, {28, 28}, Dtype::kU8, 0, 1, true), 60000, "bernoulli", "128", "20", "512",
       "none"},
      {spec_of(image, {32, 32, 3}, Dtype::kU8, 0, 255, false), 50000, "gaussian", "256", "20",
       "512", "unit"},
      {spec_of(image, {64, 64, 3}, Dtype::kU8, 0, 255, false), 5000, "gaussian", "512", "20", "128",
       "unit"},
      {spec_of(image, {25, 25}, Dtype::kF32, 0, 0.99, false), 200, "continuous_bernoulli", "128",
       "20", "20", "none"},
      {spec_of(table, {30}, Dtype::kF32, -5, 900, false), 569, "gaussian", "128", "10", "56",
       "standardize"},
      {spec_of(table, {4}, Dtype::kF32, 0.1, 7.9, false), 150, "gaussian", "128", "2", "15",
       "standardize"},
      {spec_of(array, {500}, Dtype::kF32, -4, 9, false), 20000, "gaussian", "128", "20", "512",
       "standardize"},
  };
  for (const Row& row : rows) {
    const ResolvedOptions r = resolve_options({}, row.spec, row.items, {});
    const std::string name = describe_item(row.spec);
    EXPECT_EQ(r.options.model.likelihood, row.likelihood) << name;
    EXPECT_EQ(choice_of(r, "model.hidden").value, row.hidden) << name;
    EXPECT_EQ(r.options.model.latent_dim, row.latent) << name;
    EXPECT_EQ(r.options.loop.batch_size, row.batch) << name;
    EXPECT_EQ(r.options.hold_out.scale, row.scale) << name;
  }
}

TEST(Choices, TakeConvolutionsForColourAndLargeImages) {
  const auto arch = [](DataKind kind, Shape shape) {
    const DataSpec spec = spec_of(kind, std::move(shape), Dtype::kU8, 0, 255, false);
    const ResolvedOptions r = resolve_options({}, spec, 5000, {});
    EXPECT_EQ("auto", choice_of(r, "model.arch").origin);
    EXPECT_FALSE(choice_of(r, "model.arch").reason.empty());
    return choice_of(r, "model.arch").value;
  };
  EXPECT_EQ("mlp", arch(DataKind::kImage, {28, 28}));
  EXPECT_EQ("mlp", arch(DataKind::kImage, {31, 100}));
  EXPECT_EQ("conv", arch(DataKind::kImage, {32, 32}));
  EXPECT_EQ("conv", arch(DataKind::kImage, {8, 8, 3}));
  EXPECT_EQ("mlp", arch(DataKind::kImage, {7, 8, 3}));
  EXPECT_EQ("conv", arch(DataKind::kImage, {256, 256, 3}));
  EXPECT_EQ("mlp", arch(DataKind::kImage, {64, 257}));
  EXPECT_EQ("mlp", arch(DataKind::kTable, {40}));
  EXPECT_EQ("mlp", arch(DataKind::kArray, {40, 40, 5}));
}

TEST(Choices, AskWhereChannelsAreBeforeANetworkOverImagesTakesAnArray) {
  const auto refusal = [](const std::string& arch, Shape shape, const std::string& layout) {
    const DataSpec spec = spec_of(DataKind::kArray, std::move(shape), Dtype::kU8, 0, 255, false);
    TrainOptions options;
    options.data.layout = layout;
    options.own.texts["model.arch"] = arch;
    try {
      resolve_options(options, spec, 5000, {{"model.arch", "flag"}});
    } catch (const Error& error) {
      EXPECT_EQ(ErrorCode::kImageOption, error.code());
      return error.message();
    }
    return std::string();
  };
  const std::string both =
      "items of 12x16x20 may be 12 x 16 pixels of 20 channels or 16 x 20 pixels of 12 channels";
  EXPECT_EQ(both, refusal("conv", {12, 16, 20}, "auto"));
  EXPECT_EQ(both, refusal("resnet", {12, 16, 20}, "auto"));
  EXPECT_EQ("", refusal("conv", {12, 16, 20}, "nhwc"));
  EXPECT_EQ("", refusal("conv", {12, 16, 5}, "auto"));  // 5 pixels are no side
  EXPECT_EQ("", refusal("mlp", {12, 16, 20}, "auto"));
}

TEST(Choices, LeaveANetworkThatIsAskedFor) {
  const DataSpec colour = spec_of(DataKind::kImage, {64, 64, 3}, Dtype::kU8, 0, 255, false);
  TrainOptions options;
  options.own.texts["model.arch"] = "mlp";
  const ResolvedOptions r = resolve_options(options, colour, 5000, {{"model.arch", "flag"}});
  EXPECT_EQ("mlp", choice_of(r, "model.arch").value);
  EXPECT_EQ("flag", choice_of(r, "model.arch").origin);
  options.own.texts.clear();
  options.model.name = "ppca";  // has no network to choose
  for (const Choice& choice : resolve_options(options, colour, 5000, {}).choices) {
    EXPECT_NE("model.arch", choice.key);
  }
}

/// A run of a version that had no word for networks has dense layers, whatever its data.
TEST(Choices, OfARunWithoutAWordForItsNetworkAreReplayedAsMlp) {
  const DataSpec colour = spec_of(DataKind::kImage, {64, 64, 3}, Dtype::kU8, 0, 255, false);
  TrainOptions options;
  options.own.texts["model.arch"] = "mlp";
  ResolvedOptions r = resolve_options(options, colour, 5000, {{"model.arch", "flag"}});
  std::erase_if(r.choices, [](const Choice& c) { return c.key == "model.arch"; });
  const ResolvedOptions again = replay_options(r.choices, {}, {});
  EXPECT_EQ("mlp",
            network_name({.model = again.options.model, .own = again.options.own, .data = colour}));
}

TEST(Choices, OfAnAutoencoderMinimiseTheSquaredError) {
  TrainOptions options;
  options.model.name = "ae";
  const DataSpec spec = spec_of(DataKind::kTable, {6}, Dtype::kF32, -3, 9, false);
  const ResolvedOptions r = resolve_options(options, spec, 500, {});
  EXPECT_EQ(r.options.model.likelihood, "gaussian");
  EXPECT_EQ(choice_of(r, "model.sigma").value, "1");
  options.own.texts["model.sigma"] = "per_dimension";
  EXPECT_EQ(choice_of(resolve_options(options, spec, 500, {}), "model.sigma").value,
            "per_dimension");
}

TEST(Choices, OfSmallTablesBoundTheGradientAndWaitLonger) {
  const DataSpec table = spec_of(DataKind::kTable, {6}, Dtype::kF32, -3, 9, false);
  const ResolvedOptions small = resolve_options({}, table, 154, {});
  EXPECT_EQ(small.options.loop.max_grad_norm, "1");
  EXPECT_EQ(small.options.loop.batch_size, "15");
  EXPECT_EQ(small.options.loop.patience, "15");  // 10 steps an epoch
  EXPECT_EQ(resolve_options({}, table, 900, {}).options.loop.patience, "50");
  EXPECT_EQ(resolve_options({}, table, 60000, {}).options.loop.patience, "10");
  const DataSpec images = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  const ResolvedOptions large = resolve_options({}, images, 60000, {});
  EXPECT_EQ(large.options.loop.max_grad_norm, "none");
  EXPECT_EQ(large.options.loop.patience, "10");
}

TEST(Choices, OfShortTablesHaveFewLatents) {
  const DataSpec table = spec_of(DataKind::kTable, {19}, Dtype::kF32, -3, 9, false);
  EXPECT_EQ(resolve_options({}, table, 58, {}).options.model.latent_dim, "3");
  EXPECT_EQ(resolve_options({}, table, 5, {}).options.model.latent_dim, "2");
  EXPECT_EQ(resolve_options({}, table, 580, {}).options.model.latent_dim, "7");
}

TEST(Choices, DoNotAskHowTheFileHeldTheNumbers) {
  for (const DataKind kind : {DataKind::kTable, DataKind::kImage}) {
    const Shape shape = kind == DataKind::kTable ? Shape{5} : Shape{8, 8};
    DataSpec bytes = spec_of(kind, shape, Dtype::kU8, 0, 16, false), reals = bytes;
    reals.dtype = Dtype::kF32;
    const ResolvedOptions a = resolve_options({}, bytes, 900, {});
    const ResolvedOptions b = resolve_options({}, reals, 900, {});
    EXPECT_EQ(config_hash(a.choices), config_hash(b.choices));
    EXPECT_EQ(a.scaling, b.scaling);
  }
}

TEST(Choices, CarryOriginAndReason) {
  TrainOptions options;
  options.model.latent_dim = "7";
  options.model.preset = "vae-784-400-20";
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  const ResolvedOptions r = resolve_options(options, spec, 60000, {{"model.latent_dim", "config"}});
  EXPECT_EQ(choice_of(r, "model.latent_dim").value, "7");
  EXPECT_EQ(choice_of(r, "model.latent_dim").origin, "config");
  EXPECT_EQ(choice_of(r, "model.hidden").value, "400");
  EXPECT_EQ(choice_of(r, "model.hidden").origin, "preset");
  EXPECT_EQ(choice_of(r, "train.batch_size").origin, "auto");
  EXPECT_FALSE(choice_of(r, "train.batch_size").reason.empty());
  EXPECT_EQ(choice_of(r, "optimizer.name").origin, "built-in");
}

TEST(Choices, ReplayOfResolvedOptionsChangesNothing) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  const ResolvedOptions r = resolve_options({}, spec, 60000, {});
  const ResolvedOptions again = replay_options(r.choices, {}, {});
  EXPECT_EQ(config_hash(again.choices), config_hash(r.choices));
  EXPECT_EQ(config_toml(again.options, again.choices), config_toml(r.options, r.choices));
}

/// A cosine falls to 0 at the last epoch: another end is another rate from the first step on.
TEST(Choices, OfTheEndOfARunMayChangeOnResumeOnlyWhereNoScheduleSpansTheRun) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  for (const ScheduleDef& schedule : all_schedules()) {
    TrainOptions options, more;
    options.optimizer.schedule = schedule.name;
    options.loop.epochs = "3";
    more.loop.epochs = "5";
    const ResolvedOptions r = resolve_options(options, spec, 60000, {});
    try {
      EXPECT_EQ(replay_options(r.choices, more, {}).options.loop.epochs, "5");
      EXPECT_FALSE(schedule.spans_run) << schedule.name;
    } catch (const Error& error) {
      EXPECT_TRUE(schedule.spans_run) << schedule.name;
      EXPECT_EQ(error.code(), ErrorCode::kResumeConfig);
      EXPECT_EQ(error.message(),
                "train.epochs is 3 in the run, 5 was asked for, and schedule cosine ends with the "
                "run");
    }
  }
}

TEST(Choices, OptionsWithoutEffectAreRefused) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  const auto refused = [&](const std::function<void(TrainOptions&)>& change) {
    TrainOptions options;
    change(options);
    try {
      resolve_options(options, spec, 60000, {});
    } catch (const Error& error) {
      return error.code() == ErrorCode::kConflict;
    }
    return false;
  };
  EXPECT_TRUE(refused([](TrainOptions& o) { o.own.texts["model.beta"] = "2"; }));
  EXPECT_TRUE(refused([](TrainOptions& o) { o.own.texts["model.sigma"] = "0.5"; }));
  EXPECT_TRUE(refused([](TrainOptions& o) {
    o.model.name = "ae";
    o.own.texts["objective.kl_warmup"] = "3";
  }));
  EXPECT_TRUE(refused([](TrainOptions& o) {
    o.hold_out.val = "0";
    o.loop.target = "elbo>-1";
  }));
  EXPECT_FALSE(refused([](TrainOptions& o) { o.hold_out.val = "0"; }));
}

TEST(Choices, EveryKeyOfTheConfigurationReadsBack) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  TrainOptions options;
  options.loop.time = Duration{90};
  options.loop.max_grad_norm = "1.5";
  ResolvedOptions r = resolve_options(options, spec, 60000, {});
  TrainOptions read;
  for (const Choice& choice : r.choices) set_option(read, choice.key, choice.value);
  auto a = bind_options(read), b = bind_options(r.options);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].get(), b[i].get()) << a[i].key;
}

Terms elbo_terms_of(double elbo) { return {.elbo = elbo, .reconstruction = -elbo, .kl = 0}; }

TEST(EarlyStopping, BestIsSetByTheFirstValidation) {
  EarlyStopping stopping(2, 0);
  EXPECT_TRUE(stopping.observe(1, 10, elbo_terms_of(-1e12)).best);
  EXPECT_EQ(stopping.best_epoch(), 1);
}

TEST(EarlyStopping, CountsAfterWarmup) {
  EarlyStopping stopping(2, 3);
  stopping.observe(1, 10, elbo_terms_of(-1));
  EXPECT_FALSE(stopping.observe(2, 20, elbo_terms_of(-2)).stop);
  EXPECT_FALSE(stopping.observe(3, 30, elbo_terms_of(-2)).stop);
  EXPECT_FALSE(stopping.observe(4, 40, elbo_terms_of(-2)).stop);
  EXPECT_TRUE(stopping.observe(5, 50, elbo_terms_of(-2)).stop);
}

TEST(EarlyStopping, AGainResetsTheCountAndNanIsNoGain) {
  EarlyStopping stopping(2, 0);
  stopping.observe(1, 1, elbo_terms_of(-5));
  EXPECT_FALSE(stopping.observe(2, 2, elbo_terms_of(kUnknown)).best);
  EXPECT_TRUE(stopping.observe(3, 3, elbo_terms_of(-4)).best);
  EXPECT_FALSE(stopping.observe(4, 4, elbo_terms_of(-6)).stop);
  EarlyStopping copy(2, 0);
  copy.restore(stopping.to_json());
  EXPECT_TRUE(copy.observe(5, 5, elbo_terms_of(-6)).stop);
  EXPECT_EQ(copy.best_terms().elbo, -4);
}

TEST(Pictures, AreDrawnAboutTenTimes) {
  int count = 0;
  for (int64_t epoch = 1; epoch <= 100; ++epoch) count += draws_pictures("auto", epoch, 100, false);
  EXPECT_EQ(count, 11);  // epoch 1 and every tenth
  EXPECT_TRUE(draws_pictures("auto", 1, 500, true));
  EXPECT_TRUE(draws_pictures("auto", 50, 500, true));
  EXPECT_FALSE(draws_pictures("auto", 30, 500, true));
  EXPECT_FALSE(draws_pictures("none", 1, 100, false));
  EXPECT_TRUE(draws_pictures("7", 14, 100, false));
}

TEST(RunFolder, NamesComeFromTheData) {
  EXPECT_EQ(run_name_from_data("fashion-mnist@train"), "fashion-mnist");
  EXPECT_EQ(run_name_from_data("photos/"), "photos");
  EXPECT_EQ(run_name_from_data("a/sales.csv, b.csv"), "sales");
  EXPECT_EQ(run_name_from_data("../.."), "run");
  EXPECT_EQ(run_name_from_data("my data.npy"), "my_data");
}

TEST(RunFolder, NumbersAreNeverReused) {
  const std::string base = fresh_folder("numbers");
  std::filesystem::create_directories(base);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(base);
  {
    const RunFolder a = RunFolder::create(posix_fs(), "auto", "x");
    const RunFolder b = RunFolder::create(posix_fs(), "auto", "x");
    EXPECT_EQ(a.path(), "runs/x-001");
    EXPECT_EQ(b.path(), "runs/x-002");
  }
  std::filesystem::current_path(before);
}

TEST(Choices, CountsAreNotScaledUnlessTheUserAsksForIt) {
  const DataSpec counts = spec_of(DataKind::kTable, {4}, Dtype::kU8, 0, 90, false);
  for (const std::string likelihood : {"poisson", "negative_binomial"}) {
    TrainOptions options;
    options.model.likelihood = likelihood;
    const ResolvedOptions r = resolve_options(options, counts, 500, {});
    EXPECT_EQ(r.options.hold_out.scale, "none");
    EXPECT_EQ(choice_of(r, "data.scale").reason, likelihood + " counts the stored values");
    EXPECT_EQ(r.scaling, Scaling{});
    options.hold_out.scale = "standardize";
    try {  // the user's word is kept, and refused as such
      resolve_options(options, counts, 500, {});
      ADD_FAILURE() << likelihood << " took scaled counts";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kValueRange);
      EXPECT_NE(error.message().find("scale is standardize"), std::string::npos);
    }
  }
}

TEST(Choices, TablesOfSteepLikelihoodsAreClipped) {
  const DataSpec table = spec_of(DataKind::kTable, {4}, Dtype::kU8, 0, 90, false);
  for (const LikelihoodDef& def : all_likelihoods()) {
    if (def.name.ends_with("bernoulli")) continue;  // of [0, 1]
    TrainOptions options;
    options.model.likelihood = def.name;
    const ResolvedOptions r = resolve_options(options, table, 500, {});
    EXPECT_EQ(choice_of(r, "train.max_grad_norm").value, def.steep ? "1" : "none") << def.name;
  }
}

/// A run that is resumed refuses the options that a new one would refuse.
TEST(Choices, ReplayRefusesOptionsOfDefinitionsThatTheRunDidNotChoose) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  const ResolvedOptions r = resolve_options({}, spec, 60000, {});
  const std::array<const char*, 3> foreign[] = {
      {"model.beta", "2", "beta_vae"},
      {"model.prior_components", "5", "mog, vamp"},
      {"model.corruption_level", "0.2", "gaussian, masking, salt_pepper"},
      {"optimizer.momentum", "0.5", "sgd"},
      {"optimizer.step_every", "5", "step"},
      {"objective.capacity", "5", "annealed_vae"}};
  for (const auto& [key, value, owners] : foreign) {
    TrainOptions asked;
    set_option(asked, key, value);
    try {
      replay_options(r.choices, asked, {{key, "config"}});
      ADD_FAILURE() << key << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kConflict) << key;
      EXPECT_NE(error.message().find(std::string("it belongs to ") + owners), std::string::npos)
          << error.message();
    }
  }
}

/// A checkpoint of an older version does not hold the keys that came later.
TEST(Choices, ReplayTakesAKeyThatTheRunDoesNotHaveForItsDefault) {
  const DataSpec spec = spec_of(DataKind::kImage, {28, 28}, Dtype::kU8, 0, 255, false);
  ResolvedOptions r = resolve_options({}, spec, 60000, {});
  std::erase_if(r.choices, [](const Choice& choice) { return choice.key == "train.ema"; });
  TrainOptions asked;
  set_option(asked, "train.ema", "0.9");
  try {
    replay_options(r.choices, asked, {{"train.ema", "flag"}});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResumeConfig);
    EXPECT_NE(error.message().find("train.ema is none in the run"), std::string::npos);
  }
}

}  // namespace
}  // namespace isthmus
