// SPDX-License-Identifier: Apache-2.0
// Model files: what goes in comes out, the same model has the same bytes, and a configuration that
// was tampered with is refused by number before anything large is made from it.
#include "isthmus/model_file/model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/models/coder.h"
#include "isthmus/models/inference.h"
#include "isthmus/models/variational.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

Model tiny_model() {
  Model model;
  model.setup.own.texts["model.hidden"] = "6,5";
  model.setup.model.latent_dim = "2";
  model.setup.model.likelihood = "bernoulli";
  model.setup.own.texts["model.sigma"] = "learned";
  model.setup.data = tiny_images(2).spec;
  model.setup.data.scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}};
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  model.provenance = {.version = "0.1.0",
                      .data = "tiny",
                      .data_fingerprint = "xxh3-128:0",
                      .num_items = 2,
                      .epochs = 3,
                      .steps = 12,
                      .seed = 7,
                      .terms = {.elbo = -1.25, .reconstruction = 1, .kl = 0.25}};
  return model;
}

TEST(ModelFile, RoundTripIsBitwise) {
  const Model model = tiny_model();
  const Bytes bytes = model_bytes(model);
  const Model read = model_from_bytes(bytes, {});
  EXPECT_EQ(model_bytes(read), bytes);
  EXPECT_EQ(weights_sha256(read.parameters), weights_sha256(model.parameters));
  EXPECT_EQ(read.spec().scaling, model.spec().scaling);
  EXPECT_EQ(read.provenance.terms.kl, 0.25);
  EXPECT_EQ(read.latent_dim(), 2);
  EXPECT_EQ(read.num_parameters(),
            16 * 6 + 6 + 6 * 5 + 5 + 5 * 4 + 4 + 2 * 5 + 5 + 5 * 6 + 6 + 6 * 16 + 16);
  EXPECT_EQ(read.digest, read_container(bytes, {}).metadata.at(std::string(kDigestKey)));
}

Model table_model() {
  Model model = tiny_model();
  model.setup.model.likelihood = "gaussian";
  model.setup.own.texts["model.sigma"] = "per_dimension";
  DataSpec& spec = model.setup.data;
  spec.kind = DataKind::kTable;
  spec.item_shape = {2};
  spec.dtype = Dtype::kF32;
  spec.fields = {
      {.name = "n", .max = 9, .standard_deviation = 2, .step = 1, .decimals = 0, .integer = true},
      {.name = "x", .max = 1, .standard_deviation = 0.5, .step = 0.25, .decimals = 2}};
  spec.scaling = {.kind = "standardize", .shift = {4, 0}, .scale = {0.5, 2}};
  spec.constants = {{.name = "k", .index = 1, .value = 7.5}};
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  model.parameters.clear();
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  return model;
}

TEST(ModelFile, TheFloorOfEachColumnAndConstantColumnsTravel) {
  const Model model = table_model();
  const Model read = model_from_bytes(model_bytes(model), {});
  ASSERT_EQ(read.spec().rounding.size(), 2u);
  EXPECT_EQ(read.spec().rounding[0], 0.5 / std::sqrt(12.0));
  EXPECT_EQ(read.spec().rounding[1], 2 * 0.25 / std::sqrt(12.0));
  EXPECT_EQ(read.spec().fields[1].step, 0.25);
  EXPECT_EQ(read.spec().fields[1].decimals, 2);
  EXPECT_EQ(read.spec().constants, model.spec().constants);
  EXPECT_EQ(model_bytes(read), model_bytes(model));
}

TEST(ModelFile, OfVersion01HasOneFloorForAllColumns) {
  Json config = model_config_json(table_model());
  Json& data = config["data"];
  std::erase_if(data.as_object(), [](const auto& m) { return m.first == "rounding"; });
  for (Json& field : data["fields"].as_array()) {
    std::erase_if(field.as_object(),
                  [](const auto& m) { return m.first == "step" || m.first == "decimals"; });
  }
  EXPECT_EQ(model_from_config(config, {}).spec().rounding, (std::vector<double>{0}));
  for (Json& field : data["fields"].as_array()) field["integer"] = true;
  const Model old = model_from_config(config, {});
  ASSERT_EQ(old.spec().rounding.size(), 1u);
  EXPECT_NEAR(old.spec().rounding[0], std::sqrt((0.25 + 4) / 2 / 12), 1e-12);
}

TEST(ModelFile, KnowsHowRowsHeldItsColours) {
  Model model = tiny_model();
  EXPECT_EQ(nullptr, model_config_json(model)["data"].find("flat_order"));
  for (const FlatOrder order :
       {FlatOrder::kUntold, FlatOrder::kChannelsLast, FlatOrder::kChannelsFirst}) {
    model.setup.data.flat_order = order;
    EXPECT_EQ(order, model_from_config(model_config_json(model), {}).spec().flat_order);
  }
  Json config = model_config_json(model);
  config["data"]["flat_order"] = std::string("rgb");
  EXPECT_THROW(model_from_config(config, {}), Error);
}

/// Models from before there were networks to choose from have dense layers, whatever their data.
TEST(ModelFile, WithoutAWordForItsNetworkIsMlp) {
  Model model = tiny_model();
  model.setup.data.item_shape = {64, 64, 3};
  for (const char* word : {"", "auto", "mlp"}) {
    Json config = model_config_json(model);
    std::erase_if(config["model"].as_object(), [](const auto& m) { return m.first == "arch"; });
    if (*word != 0) config["model"]["arch"] = std::string(word);
    EXPECT_EQ("mlp", network_name(model_from_config(config, {}).setup));
  }
}

TEST(ModelFile, SameModelSameBytes) {
  EXPECT_EQ(model_bytes(tiny_model()), model_bytes(tiny_model()));
}

TEST(ModelFile, WeightsThatAreNotFiniteAreNeverWritten) {
  Model model = tiny_model();
  Tensor& weight = model.parameters.at("encoder/0/weight");
  weight = weight.clone();
  weight.values<float>()[3] = std::numeric_limits<float>::infinity();
  try {
    model_bytes(model);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kModelValue);
    EXPECT_NE(std::string(error.what()).find("encoder/0/weight"), std::string::npos);
  }
}

/// Reads the file after `change` has altered its configuration; the digest is made anew.
ErrorCode code_after(const std::function<void(Json&)>& change) {
  const Model model = tiny_model();
  Json config = model_config_json(model);
  change(config);
  Metadata metadata;
  metadata[std::string(kKindKey)] = "model";
  metadata[std::string(kConfigKey)] = config.dump();
  try {
    model_from_bytes(write_container(metadata, model.parameters), {});
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

struct Mutant {
  const char* name;
  ErrorCode code;
  std::function<void(Json&)> change;
};

TEST(ModelFile, MutantsOfTheConfigurationAreRefusedByNumber) {
  const ErrorCode schema = ErrorCode::kModelConfig, bound = ErrorCode::kModelBound;
  const ErrorCode set = ErrorCode::kModelTensorSet, value = ErrorCode::kModelValue;
  const std::vector<Mutant> mutants = {
      {"unknown top key", schema, [](Json& c) { c.set("extra", 1); }},
      {"unknown option", schema, [](Json& c) { c["model"].set("latentdim", "2"); }},
      {"option of a wrong type", schema, [](Json& c) { c["model"].set("name", Json::array()); }},
      {"unknown model", schema, [](Json& c) { c["model"].set("name", "gan"); }},
      {"unknown likelihood", schema, [](Json& c) { c["model"].set("likelihood", "cauchy"); }},
      {"unresolved likelihood", schema, [](Json& c) { c["model"].set("likelihood", "auto"); }},
      {"unresolved latent", schema, [](Json& c) { c["model"].set("latent_dim", "auto"); }},
      {"latent is a word", schema, [](Json& c) { c["model"].set("latent_dim", "many"); }},
      {"latent of 0", bound, [](Json& c) { c["model"].set("latent_dim", "0"); }},
      {"latent of 10^9", bound, [](Json& c) { c["model"].set("latent_dim", "1000000000"); }},
      {"width above 65536", bound, [](Json& c) { c["model"].set("hidden", "65537"); }},
      {"other width", set, [](Json& c) { c["model"].set("hidden", "6,4"); }},
      {"one more layer", set, [](Json& c) { c["model"].set("hidden", "6,5,5"); }},
      {"a model without variance heads", set, [](Json& c) { c["model"].set("name", "ae"); }},
      {"samples of 10^7", bound, [](Json& c) { c["objective"].set("samples", 10000000); }},
      {"samples as text", schema, [](Json& c) { c["objective"].set("samples", "x"); }},
      {"negative beta", bound, [](Json& c) { c["model"].set("beta", -1); }},
      {"missing data", schema, [](Json& c) { c.set("data", Json()); }},
      {"data kind", schema, [](Json& c) { c["data"].set("kind", "sound"); }},
      {"dtype", schema, [](Json& c) { c["data"].set("dtype", "f16"); }},
      {"item of 2^40 values", bound,
       [](Json& c) {
         c["data"].set("item_shape", Json(Json::Array{Json(1 << 20), Json(1 << 20)}));
       }},
      {"item of size 0", bound,
       [](Json& c) {
         c["data"].set("item_shape", Json(Json::Array{Json(0), Json(4)}));
       }},
      {"item of more values than weights", set,
       [](Json& c) {
         c["data"].set("item_shape", Json(Json::Array{Json(1 << 14), Json(1 << 14)}));
       }},
      {"other item", set,
       [](Json& c) {
         c["data"].set("item_shape", Json(Json::Array{Json(4), Json(3)}));
       }},
      {"nine axes", bound,
       [](Json& c) { c["data"].set("item_shape", Json(Json::Array(9, Json(1)))); }},
      {"no fields", schema, [](Json& c) { c["data"].set("fields", Json::array()); }},
      {"scale of 0", value,
       [](Json& c) { c["data"]["scaling"].set("scale", Json(Json::Array{Json(0.0)})); }},
      {"two shifts", schema,
       [](Json& c) {
         c["data"]["scaling"].set("shift", Json(Json::Array{Json(0.0), Json(0.0)}));
       }},
      {"scaling kind", schema, [](Json& c) { c["data"]["scaling"].set("kind", "log"); }},
      {"negative seed", bound, [](Json& c) { c["provenance"].set("seed", -1); }},
      {"terms as text", schema, [](Json& c) { c["provenance"].set("terms", "good"); }}};
  for (const Mutant& mutant : mutants) {
    EXPECT_EQ(error_label(code_after(mutant.change)), error_label(mutant.code)) << mutant.name;
  }
  EXPECT_EQ(code_after([](Json&) {}), ErrorCode::kInternal) << "the unchanged file must open";
}

TEST(ModelFile, AbsentOptionsTakeTheirDefaults) {
  const Model model = tiny_model();
  Json config = model_config_json(model);
  Json::Object& options = config["model"].as_object();
  std::erase_if(options, [](const auto& entry) { return entry.first == "prior"; });
  EXPECT_EQ(read_own<LatentOptions>(model_from_config(config, {}).setup.own).prior, "normal");
}

TEST(ModelFile, ATensorMoreOrLessIsRefused) {
  for (const bool more : {true, false}) {
    Model model = tiny_model();
    Metadata metadata;
    metadata[std::string(kKindKey)] = "model";
    metadata[std::string(kConfigKey)] = model_config_json(model).dump();
    if (more) {
      model.parameters.emplace("extra", Tensor(Dtype::kF32, {2}));
    } else {
      model.parameters.erase("decoder/0/bias");
    }
    try {
      model_from_bytes(write_container(metadata, model.parameters), {});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kModelTensorSet);
    }
  }
}

TEST(ModelFile, AMissingFileIsNamed) {
  try {
    load_model(fresh_folder("no-model") + "/m.safetensors", posix_fs(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("m.safetensors"), std::string::npos);
  }
}

}  // namespace
}  // namespace isthmus
