// SPDX-License-Identifier: Apache-2.0
// Runs without steps: the folder is complete, the bits do not depend on threads, nothing is left
// to resume, and options of steps are refused. And logistic PCA, whose steps go on as any model's.
#include "isthmus/train/fit_run.h"

#include <gtest/gtest.h>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/choices.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {
namespace {

/// Numbers of three columns in two and a half directions.
Dataset tiny_table(int64_t count) {
  Dataset data;
  data.spec.kind = DataKind::kTable;
  data.spec.item_shape = {3};
  data.values = Tensor(Dtype::kF32, {count, 3});
  data.source = "table";
  for (int64_t i = 0; i < count; ++i) {
    float n[3];
    fill_normal(RngKey::from(3, "table"), static_cast<uint64_t>(i), 0, 0, n, 3);
    float* row = data.values.values<float>().data() + 3 * i;
    row[0] = 5 + 2 * n[0];
    row[1] = n[0] - n[1];
    row[2] = 3 * n[1] + 0.5f * n[2];
  }
  for (const char* name : {"a", "b", "c"}) {
    data.spec.fields.push_back(
        {.name = name, .min = -20, .max = 20, .mean = 1, .standard_deviation = 2});
  }
  return data;
}

TrainRequest fit_request(const Dataset& data, Device& device, const std::string& model,
                         const std::string& out) {
  TrainRequest request;
  request.dataset = &data;
  request.device = &device;
  request.options.run.out = out;
  request.options.model.name = model;
  request.options.model.latent_dim = "2";
  return request;
}

Error error_of(const TrainRequest& request) {
  TrainObserver quiet;
  try {
    train(request, quiet);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kInternal, "no error"};
}

bool has_file(const TrainResult& r, const std::string& name) {
  return posix_fs().stat(join_path(r.run, name)).has_value();
}

TEST(FitRun, LeavesAFolderWithItsModelAndTerms) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  for (const char* model : {"pca", "ppca"}) {
    RecordingObserver seen;
    const TrainResult r = train(fit_request(data, device, model, fresh_folder("fit")), seen);
    EXPECT_EQ(r.status, "done");
    EXPECT_EQ(r.stop_reason, "fitted");
    EXPECT_EQ(r.epochs, 0);
    ASSERT_TRUE(r.train && r.val);
    EXPECT_EQ(std::isnan(r.val->elbo), std::string(model) == "pca");
    for (const char* name :
         {"config.toml", "run.json", "log.txt", "model.safetensors", "reconstructions.png"}) {
      EXPECT_TRUE(has_file(r, name)) << name;
    }
    EXPECT_EQ(has_file(r, "samples.png"), std::string(model) == "ppca");
    EXPECT_FALSE(has_file(r, "metrics.jsonl"));
    EXPECT_TRUE(list_checkpoints(posix_fs(), r.run).empty());
    const Model kept = load_model(r.run, posix_fs(), {});
    EXPECT_EQ(kept.provenance.num_items, 54);
    EXPECT_EQ(kept.provenance.terms.reconstruction, r.val->reconstruction);
  }
}

TEST(FitRun, GivesTheSameBytesForAnyNumberOfThreads) {
  const Dataset data = tiny_images(60);
  std::vector<std::string> digests;
  for (int threads : {1, 2, 3}) {
    const auto device = open_device({.device = "cpu", .threads = threads});
    TrainObserver quiet;
    digests.push_back(
        train(fit_request(data, *device, "ppca", fresh_folder("bits")), quiet).model_digest);
  }
  EXPECT_EQ(digests[1], digests[0]);
  EXPECT_EQ(digests[2], digests[0]);
}

/// Models whose fit goes over the items, or keeps them.
TrainRequest neighbour_request(const Dataset& data, Device& device, const std::string& model,
                               const std::string& out) {
  TrainRequest request = fit_request(data, device, model, out);
  request.options.model.latent_dim = "auto";
  return request;
}

TEST(FitRun, ByPassesGivesTheSameBytesForAnyNumberOfThreads) {
  const Dataset data = tiny_table(700);
  for (const char* model : {"gmm", "kde", "kmeans"}) {
    std::vector<std::string> digests;
    for (int threads : {1, 2}) {
      const auto device = open_device({.device = "cpu", .threads = threads});
      TrainObserver quiet;
      const std::string out = fresh_folder("passes");
      digests.push_back(train(neighbour_request(data, *device, model, out), quiet).model_digest);
    }
    EXPECT_EQ(digests[1], digests[0]) << model;
  }
}

TEST(FitRun, SaysWhatItHasFoundAndTheModelHasIt) {
  const Dataset data = tiny_table(300);
  const auto device = open_device({.device = "cpu", .threads = 2});
  TrainObserver quiet;
  const TrainResult r =
      train(neighbour_request(data, *device, "gmm", fresh_folder("found")), quiet);
  ASSERT_FALSE(r.fit_facts.empty());
  EXPECT_EQ(r.fit_facts.front().first, "bic");
  const Model model = load_model(r.run, posix_fs(), {});
  ASSERT_EQ(r.found.size(), 2u);
  EXPECT_EQ(r.found[0].key, "model.components");
  EXPECT_EQ(r.found[0].value, model.setup.own.texts.at("model.components"));
  EXPECT_NE(r.found[0].reason.find("least BIC of 1"), std::string::npos) << r.found[0].reason;
  EXPECT_EQ(model.setup.own.texts.at("model.covariance"), "full");
  EXPECT_EQ(r.summary.parameters, model.num_parameters());
  ASSERT_TRUE(r.val);
  EXPECT_TRUE(std::isfinite(r.val->score()));
}

TEST(FitRun, OfItemsAtOnceHasNoSigma) {
  const Dataset data = tiny_table(60);
  ReferenceDevice device;
  for (const char* model : {"gmm", "kde"}) {
    TrainRequest request = neighbour_request(data, device, model, fresh_folder("no-sigma"));
    set_option(request.options, "model.sigma", "0.1");
    request.origins["model.sigma"] = "flag";
    const Error error = error_of(request);
    EXPECT_EQ(error.code(), ErrorCode::kConflict) << error.message();
    EXPECT_NE(error.message().find("model.sigma has no effect on"), std::string::npos);
  }
}

TEST(FitRun, ThatIsResumedSaysThatItIsComplete) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  TrainObserver quiet;
  TrainRequest request = fit_request(data, device, "pca", fresh_folder("complete"));
  const TrainResult r = train(request, quiet);
  TrainRequest again;
  again.dataset = &data;
  again.device = &device;
  again.options.run.resume = r.run;
  const Error error = error_of(again);
  EXPECT_EQ(error.code(), ErrorCode::kResumeNone);
  EXPECT_NE(error.message().find("the run is complete"), std::string::npos) << error.message();
}

TEST(FitRun, ThatIsStoppedLeavesNoModel) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  RecordingObserver seen;
  seen.stop_at = 2;
  const TrainResult r = train(fit_request(data, device, "pca", fresh_folder("stopped")), seen);
  EXPECT_EQ(r.status, "stopped");
  EXPECT_EQ(r.stop_reason, "signal");
  EXPECT_TRUE(r.checkpoint_path.empty());
  EXPECT_FALSE(has_file(r, "model.safetensors"));
  EXPECT_TRUE(has_file(r, "run.json"));
}

TEST(FitRun, DryRunWritesNothingAndEstimatesTheMemory) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  const std::string out = fresh_folder("dry-fit");
  TrainRequest request = fit_request(data, device, "pca", out);
  request.options.run.dry_run = true;
  RecordingObserver seen;
  EXPECT_EQ(train(request, seen).status, "dry_run");
  EXPECT_FALSE(posix_fs().stat(out).has_value());
  EXPECT_GT(seen.summary.memory_bytes, uint64_t{20} << 20);
  request.options.machine.memory = ByteSize{uint64_t{1} << 20};
  const Error error = error_of(request);
  EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(error.hint().find("--batch"), std::string::npos) << error.hint();
}

TEST(FitRun, OptionsOfStepsAndNetworksAreRefusedAllAtOnce) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  for (const char* model : {"pca", "ppca"}) {
    TrainRequest request = fit_request(data, device, model, fresh_folder("refused"));
    const std::vector<std::pair<std::string, std::string>> values = {
        {"train.epochs", "3"},       {"train.batch_size", "10"},
        {"train.precision", "bf16"}, {"optimizer.learning_rate", "0.1"},
        {"optimizer.beta1", "0.5"},  {"model.hidden", "6"},
        {"objective.kl_warmup", "2"}};
    for (const auto& [key, value] : values) {
      set_option(request.options, key, value);
      request.origins[key] = "flag";
    }
    const Error error = error_of(request);
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    for (const auto& [key, value] : values) {
      EXPECT_NE(error.message().find(key), std::string::npos) << key << ": " << error.message();
    }
  }
}

TEST(FitRun, ChoicesHoldNoOptionOfSteps) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  TrainObserver quiet;
  const TrainResult r = train(fit_request(data, device, "ppca", fresh_folder("choices")), quiet);
  for (const Choice& choice : r.choices) {
    EXPECT_FALSE(choice.key.starts_with("train.") || choice.key.starts_with("optimizer."))
        << choice.key;
  }
}

TEST(FitRun, ChoosesFewerLatentsThanValuesAndTheLikelihoodOfTheModel) {
  DataSpec narrow = tiny_table(100).spec;
  narrow.item_shape = {2};
  narrow.fields.resize(2);
  TrainOptions options;
  options.model.name = "ppca";
  const ResolvedOptions r = resolve_options(options, narrow, 100, {});
  EXPECT_EQ(r.options.model.latent_dim, "1");
  const DataSpec grey = tiny_images(3).spec;
  options.model.name = "pca";
  const ResolvedOptions images = resolve_options(options, grey, 1000, {});
  EXPECT_EQ(images.options.model.likelihood, "gaussian");
  EXPECT_EQ(images.options.model.latent_dim, "15");  // of 16 values
  options.model.name = "logistic_pca";
  EXPECT_EQ(resolve_options(options, grey, 1000, {}).options.model.likelihood, "bernoulli");
  EXPECT_EQ(resolve_options(options, grey, 1000, {}).options.loop.epochs, "50");
  options.model.likelihood = "gaussian";
  EXPECT_THROW(resolve_options(options, grey, 1000, {}), Error);
}

TEST(FitRun, OfATableHasOneSigmaAndALook) {
  const Dataset data = tiny_table(80);
  ReferenceDevice device;
  TrainObserver quiet;
  const TrainResult r = train(fit_request(data, device, "ppca", fresh_folder("table-fit")), quiet);
  EXPECT_TRUE(has_file(r, "look.json"));
  const Model model = load_model(r.run, posix_fs(), {});
  EXPECT_EQ(model.parameters.at("likelihood/log_sigma").num_values(), 1);
  ASSERT_TRUE(r.independent_columns.has_value());
  EXPECT_GT(r.val->elbo, r.independent_columns->value);
}

/// Black and white images in three classes: by the row or column that is bright.
Dataset labelled_bits(int64_t count) {
  Dataset data = tiny_images(count);
  for (uint8_t& level : data.values.values<uint8_t>()) level = level > 120 ? 255 : 0;
  for (FieldSpec& field : data.spec.fields) field.binary = true;
  data.class_names = {"a", "b", "c"};
  for (int64_t i = 0; i < count; ++i) {
    int32_t lit = 0;
    while (data.values.values<uint8_t>()[static_cast<size_t>(16 * i + lit)] == 0) ++lit;
    data.labels.push_back(std::min(lit, 2));
  }
  return data;
}

TrainRequest density_request(const Dataset& data, Device& device, const std::string& model,
                             const std::string& out) {
  TrainRequest request = fit_request(data, device, model, out);
  request.options.model.latent_dim = "auto";
  return request;
}

TEST(DensityRun, OfAModelWithoutALatentLeavesItsFolder) {
  const Dataset data = labelled_bits(60);
  ReferenceDevice device;
  for (const char* model : {"independent", "naive_bayes", "chow_liu", "logistic_regression"}) {
    TrainObserver quiet;
    const TrainResult r =
        train(density_request(data, device, model, fresh_folder("density")), quiet);
    EXPECT_EQ(r.stop_reason, "fitted") << model;
    EXPECT_TRUE(has_file(r, "model.safetensors")) << model;
    const Model kept = load_model(r.run, posix_fs(), {});
    const Abilities has = kept.abilities();
    EXPECT_EQ(has_file(r, "samples.png"), has.samples) << model;
    EXPECT_EQ(has_file(r, "reconstructions.png"), has.codes) << model;
    EXPECT_EQ(std::isfinite(r.val->reconstruction), has.density) << model;
    Session session(kept, device);
    const EvalResult measured = evaluate(session, data, {}, {});
    EXPECT_EQ(std::isfinite(measured.log_likelihood), has.density) << model;
    EXPECT_EQ(std::isfinite(measured.bits_per_dim), has.density) << model;
    EXPECT_EQ(measured.metric("accuracy") > 0.4, has.classifies) << model;
  }
}

TEST(DensityRun, GivesTheSameBytesForAnyNumberOfThreads) {
  const Dataset data = labelled_bits(60);
  for (const char* model : {"naive_bayes", "chow_liu", "logistic_regression"}) {
    std::vector<std::string> digests;
    for (int threads : {1, 2}) {
      const auto device = open_device({.device = "cpu", .threads = threads});
      TrainObserver quiet;
      digests.push_back(
          train(density_request(data, *device, model, fresh_folder("density-bits")), quiet)
              .model_digest);
    }
    EXPECT_EQ(digests[1], digests[0]) << model;
  }
}

TEST(DensityRun, ThatLearnsClassesAsksForTwo) {
  Dataset data = labelled_bits(60);
  ReferenceDevice device;
  std::ranges::fill(data.labels, 1);
  for (const char* model : {"naive_bayes", "logistic_regression"}) {
    const Error one = error_of(density_request(data, device, model, fresh_folder("one-class")));
    EXPECT_EQ(one.code(), ErrorCode::kImpossible);
    EXPECT_NE(one.message().find("of one class, b"), std::string::npos) << one.message();
  }
  data.labels.clear();
  const Error none =
      error_of(density_request(data, device, "naive_bayes", fresh_folder("no-class")));
  EXPECT_EQ(none.code(), ErrorCode::kConflict);
}

TEST(DensityRun, AWidthIsRefusedWhereTheModelHasItsOwn) {
  Dataset data = tiny_table(60);
  data.class_names = {"a", "b"};
  for (int32_t i = 0; i < 60; ++i) data.labels.push_back(i % 2);
  ReferenceDevice device;
  TrainRequest request = density_request(data, device, "naive_bayes", fresh_folder("no-sigma"));
  set_option(request.options, "model.sigma", "2");
  request.origins["model.sigma"] = "flag";
  const Error error = error_of(request);
  EXPECT_EQ(error.code(), ErrorCode::kConflict);
  EXPECT_NE(error.message().find("model.sigma has no effect on naive_bayes"), std::string::npos);
}

TrainRequest logistic_request(const Dataset& data, Device& device, const std::string& out) {
  TrainRequest request = fit_request(data, device, "logistic_pca", out);
  request.options.loop.batch_size = "10";
  request.options.loop.epochs = "3";
  request.options.optimizer.learning_rate = 0.01;
  request.options.run.samples_every = "none";
  return request;
}

TEST(LogisticPcaRun, IsTheSameForAnyNumberOfThreads) {
  const Dataset data = tiny_images(60);
  std::vector<std::string> weights;
  for (int threads : {1, 2}) {
    const auto device = open_device({.device = "cpu", .threads = threads});
    TrainObserver quiet;
    weights.push_back(
        train(logistic_request(data, *device, fresh_folder("logistic-threads")), quiet)
            .final_weights_sha256);
  }
  EXPECT_EQ(weights[1], weights[0]);
}

TEST(LogisticPcaRun, ThatIsStoppedAndResumedEndsInTheSameBits) {
  const Dataset data = tiny_images(60);
  const auto device = open_device({.device = "cpu", .threads = 2});
  TrainObserver quiet;
  const TrainResult whole =
      train(logistic_request(data, *device, fresh_folder("logistic-whole")), quiet);
  for (int64_t step : {1, 7, 12}) {
    RecordingObserver seen;
    seen.stop_at = step;
    const TrainResult part =
        train(logistic_request(data, *device, fresh_folder("logistic-part")), seen);
    EXPECT_EQ(part.steps, step);
    TrainRequest request;
    request.dataset = &data;
    request.device = device.get();
    request.options.run.resume = part.run;
    const TrainResult r = train(request, quiet);
    EXPECT_EQ(r.final_weights_sha256, whole.final_weights_sha256);
    EXPECT_EQ(r.weights_sha256, whole.weights_sha256);
  }
}

TEST(LogisticPcaRun, MovesAllButTheMean) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  TrainObserver quiet;
  TrainRequest request = logistic_request(data, device, fresh_folder("logistic-moves"));
  const TrainResult short_run = train(request, quiet);
  const Model few = load_model(short_run.run, posix_fs(), {});
  request.options.run.out = fresh_folder("logistic-moves-on");
  request.options.loop.epochs = "9";
  const TrainResult long_run = train(request, quiet);
  const Model many = load_model(long_run.run, posix_fs(), {});
  EXPECT_LT(long_run.train->reconstruction, short_run.train->reconstruction);
  const auto values = [](const Model& model, const std::string& name) {
    const std::span<const float> all = model.parameters.at(name).values<float>();
    return std::vector<float>(all.begin(), all.end());
  };
  EXPECT_EQ(values(few, "logistic_pca/mean"), values(many, "logistic_pca/mean"));
  EXPECT_NE(values(few, "logistic_pca/weight"), values(many, "logistic_pca/weight"));
  EXPECT_NE(values(few, "logistic_pca/bias"), values(many, "logistic_pca/bias"));
}

}  // namespace
}  // namespace isthmus
