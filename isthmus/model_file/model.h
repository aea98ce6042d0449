// SPDX-License-Identifier: Apache-2.0
// A trained model: what it is made of (options), what data it expects (spec with scaling) and its
// weights. One safetensors file holds all of it; reading is safe for files from anyone.
//
//   Model model = load_model("runs/fm", posix_fs(), limits);     // or a .safetensors file
//   Session session(model, *device);                             // verbs/session.h
//   Tensor images = sample(session, {.count = 100});             // verbs/infer.h
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "isthmus/base/fs.h"
#include "isthmus/base/json.h"
#include "isthmus/base/limits.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/models/model.h"
#include "isthmus/tensor/data_spec.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// How the weights came about; travels in the file, never influences results. No time, no path.
struct ModelProvenance {
  std::string version;           // of isthmus
  std::string data;              // name of the data set
  std::string data_fingerprint;  // "xxh3-128:..."
  int64_t num_items = 0;         // trained on
  int64_t epochs = 0;            // completed when these weights were taken
  int64_t steps = 0;
  uint64_t seed = 0;
  Terms terms;  // on validation, or of training when there was none
};

struct Model {
  ModelSetup setup;         // resolved options; data spec with the scaling of training
  NamedTensors parameters;  // float32, by name
  ModelProvenance provenance;
  /// A density of the codes that was fitted after training, a model of items (Z): what `sample`
  /// draws codes from instead of the prior. It has none itself.
  std::shared_ptr<const Model> sampler;
  std::string path;    // where it was read from or written to; not part of the bytes
  std::string digest;  // of the file; empty before it is written

  const ModelOptions& options() const { return setup.model; }
  const DataSpec& spec() const { return setup.data; }
  int64_t latent_dim() const;
  int64_t num_parameters() const;
  Abilities abilities() const { return abilities_of(setup); }
  Measure measure() const;  // mass, density or score on these data
  bool normalized() const { return measure() != Measure::kScore; }
};

/// Canonical bytes of the model file: same model, same bytes. Error E4202 for weights that are not
/// finite (they are never written).
Bytes model_bytes(const Model& model, const Limits& limits = {});

/// Validates everything (docs/formats/model_file.md): container, configuration (E4103 schema, E4104
/// bounds), the tensor set that follows from it (E4105), digest, finite values.
Model model_from_bytes(std::span<const std::byte> file, const Limits& limits);
/// From a container of kind "model" or "checkpoint"; of the latter only the parameters are taken.
/// They are moved out of a container that is given away.
Model model_from_container(const Container& container, std::string_view kind, const Limits& limits);
Model model_from_container(Container&& container, std::string_view kind, const Limits& limits);

/// `path` is a model file or a run folder (its model, or else its newest usable checkpoint).
Model load_model(const std::string& path, Fs& fs, const Limits& limits);

/// SHA-256 over names, shapes and bytes of the weights in order of name: "same weights".
std::string weights_sha256(const NamedTensors& parameters);

/// The configuration inside model files and its strict reader (no weights, no path).
Json model_config_json(const Model& model);
Model model_from_config(const Json& config, const Limits& limits);
/// The tensors that a model file must hold.
std::vector<ExpectedTensor> expected_parameters(const ModelSetup& setup);

}  // namespace isthmus
