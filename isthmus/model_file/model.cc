// SPDX-License-Identifier: Apache-2.0
// Models to and from bytes. The container is checked by checkpoint/; here the configuration is read
// strictly, and the tensors are compared with those that the configured model would have.
#include "isthmus/model_file/model.h"

#include "isthmus/base/digest.h"
#include "isthmus/base/version.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/data/foreign.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/model_file/model_config.h"
#include "isthmus/models/coder.h"
#include "isthmus/models/inference.h"
#include "isthmus/models/model.h"
#include "isthmus/nn/net.h"

namespace isthmus {
namespace {

[[noreturn]] void refuse(ErrorCode code, const std::string& path, const std::string& message) {
  throw Error(code, "configuration: " + path + ": " + message, {}, {.key = path});
}

bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789, ") == std::string::npos;
}

/// Widths and latent size must be numbers here, within the limits.
void check_sizes(const ModelSetup& setup, const Limits& limits) {
  const ModelOptions& options = setup.model;
  const auto check = [&](const char* key, const std::string& text, auto read) {
    try {
      if (!read()) refuse(ErrorCode::kModelConfig, key, "\"" + text + "\" is not resolved");
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadValue) throw;
      refuse(is_digits(text) ? ErrorCode::kModelBound : ErrorCode::kModelConfig, key,
             error.message());
    }
  };
  std::vector<int64_t> sizes;
  const bool networks = own_option(chosen_owners(setup), "model.hidden") != nullptr;
  if (networks) {
    const std::string hidden = read_own<CoderOptions>(setup.own).hidden;
    check("model.hidden", hidden, [&] { return widths(hidden).has_value(); });
    sizes = *widths(hidden);
  }
  const bool latent = all_models().find(options.name).takes_latent_dim;
  if (latent) {
    check("model.latent_dim", options.latent_dim,
          [&] { return latent_dim_of(options).has_value(); });
  }
  if (2 * (static_cast<int64_t>(sizes.size()) + 1) > limits.layers) {
    refuse(ErrorCode::kModelBound, "model.hidden", "more layers than limits.layers");
  }
  if (latent) sizes.push_back(*latent_dim_of(options));
  for (int64_t size : sizes) {
    if (size > limits.width) {
      refuse(ErrorCode::kModelBound, "model.hidden", "a width is above limits.width");
    }
  }
  if (options.likelihood == "auto") {
    refuse(ErrorCode::kModelConfig, "model.likelihood", "\"auto\" is not resolved");
  }
}

void check_parameter_count(const ModelSetup& setup, const Limits& limits) {
  CheckedU64 count = 0;
  uint64_t previous = static_cast<uint64_t>(setup.data.num_values());
  std::vector<int64_t> sizes;
  if (own_option(chosen_owners(setup), "model.hidden") != nullptr) {
    const CoderOptions coder = read_own<CoderOptions>(setup.own);
    sizes = *widths(coder.hidden);
    try {
      const NetFront front = net_of(coder).front(setup.data.item_shape, setup.own);
      count += front.weights * uint64_t{2};
      previous = static_cast<uint64_t>(front.values);
    } catch (const Error& error) {
      refuse(ErrorCode::kModelConfig, error.where().key, error.message());
    }
  }
  if (const auto latent = latent_dim_of(setup.model)) sizes.push_back(*latent);
  for (int64_t size : sizes) {
    count += CheckedU64(previous) * static_cast<uint64_t>(size) * uint64_t{2};
    previous = static_cast<uint64_t>(size);
  }
  if (count.value() > static_cast<uint64_t>(limits.parameters)) {
    refuse(ErrorCode::kModelBound, "model", "more parameters than limits.parameters");
  }
}

/// Those of a section, with their keys inside it.
std::vector<BoundOption> all_of_section(std::vector<BoundOption> options,
                                        const std::string& section) {
  std::erase_if(options, [&](const BoundOption& o) { return !o.key.starts_with(section + "."); });
  for (BoundOption& option : options) option.key.erase(0, section.size() + 1);
  return options;
}

/// Those of all models and of the definitions that are chosen, with the values that count.
std::vector<BoundOption> section_options(ModelSetup setup, const std::string& section) {
  const std::vector<const OptionOwner*> chosen = chosen_owners(setup);
  std::vector<BoundOption> options = bind_options(setup);
  std::erase_if(options, [&](const BoundOption& option) {
    return !option.owners.empty() && own_option(chosen, option.key) == nullptr;
  });
  for (BoundOption& option : options) {
    std::string text = option.get();
    if (!option.owners.empty() && setup.own.texts.count(option.key) == 0) {
      text = own_option(chosen, option.key)->default_text;
    }
    option.get = [text = std::move(text)] { return text; };
  }
  return all_of_section(std::move(options), section);
}

Json provenance_json(const ModelProvenance& p) {
  return Json::object()
      .set("version", p.version)
      .set("data", p.data)
      .set("data_fingerprint", p.data_fingerprint)
      .set("num_items", p.num_items)
      .set("epochs", p.epochs)
      .set("steps", p.steps)
      .set("seed", p.seed)
      .set("terms", terms_json(p.terms));
}

ModelProvenance provenance_from_json(const Json& json) {
  require_keys(json, {"version", "data", "data_fingerprint", "num_items", "epochs", "steps", "seed",
                      "terms"});
  ModelProvenance p;
  p.version = json.at("version").as_string();
  p.data = json.at("data").as_string();
  p.data_fingerprint = json.at("data_fingerprint").as_string();
  p.num_items = json.at("num_items").as_int();
  p.epochs = json.at("epochs").as_int();
  p.steps = json.at("steps").as_int();
  const int64_t seed = json.at("seed").as_int();
  if (seed < 0) refuse(ErrorCode::kModelBound, "provenance.seed", "is negative");
  p.seed = static_cast<uint64_t>(seed);
  p.terms = terms_from_json(json.at("terms"));
  return p;
}

Json parse_config(const Metadata& metadata, const Limits& limits) {
  const auto at = metadata.find(std::string(kConfigKey));
  if (at == metadata.end()) {
    throw Error(ErrorCode::kModelConfig, "the metadata hold no isthmus.config");
  }
  auto parsed = parse_json(
      at->second, {.max_bytes = limits.config_bytes.bytes, .max_depth = limits.json_depth});
  if (const auto* fault = std::get_if<JsonParseError>(&parsed)) {
    throw Error(ErrorCode::kModelConfig, "configuration: " + fault->message, {},
                {.offset = fault->offset});
  }
  return std::get<Json>(std::move(parsed));
}

/// Everything that is in the metadata.
Model model_without_parameters(const Container& container, std::string_view kind,
                               const Limits& limits) {
  require_kind(container, kind);
  Model model = model_from_config(parse_config(container.metadata, limits), limits);
  model.digest = container.metadata.at(std::string(kDigestKey));
  // A decoder has at least one value per value of an item: without this a small file could ask for
  // a large graph.
  int64_t values = 0;
  for (const auto& [name, tensor] : container.tensors) values += tensor.num_values();
  if (values < model.spec().num_values()) {
    throw Error(ErrorCode::kModelTensorSet, "the tensors hold " + std::to_string(values) +
                                                " values, an item has " +
                                                std::to_string(model.spec().num_values()));
  }
  return model;
}

/// A checkpoint with running means of the weights stands for the model that has these.
std::string stored_name(const Container& container, std::string_view kind,
                        const std::string& name) {
  const std::string mean = "ema/" + name;
  return kind == "checkpoint" && container.tensors.count(mean) != 0 ? mean : name;
}

constexpr std::string_view kSamplerPrefix = "sampler/";

/// It makes items of the codes' size, and has no sampler of its own.
void require_sampler(const Model& model) {
  const Model& sampler = *model.sampler;
  const DataSpec& codes = sampler.spec();
  if (codes.num_values() + static_cast<int64_t>(codes.constants.size()) != model.latent_dim()) {
    refuse(
        ErrorCode::kModelConfig, "sampler.data",
        "its items are not the codes of the model, (" + std::to_string(model.latent_dim()) + ")");
  }
  if (!sampler.abilities().samples) {
    refuse(ErrorCode::kModelConfig, "sampler.model",
           sampler.options().name + " has nothing to draw from");
  }
}

/// Those of the model, and of its sampler with a prefix.
std::vector<ExpectedTensor> all_expected(const Model& model) {
  std::vector<ExpectedTensor> expected = expected_parameters(model.setup);
  if (!model.sampler) return expected;
  require_sampler(model);
  for (ExpectedTensor& tensor : expected_parameters(model.sampler->setup)) {
    tensor.name.insert(0, kSamplerPrefix);
    expected.push_back(std::move(tensor));
  }
  return expected;
}

/// Parameters with the prefix are those of the sampler.
void give_to_sampler(Model& model) {
  if (!model.sampler) return;
  auto sampler = std::make_shared<Model>(*model.sampler);
  for (auto at = model.parameters.begin(); at != model.parameters.end();) {
    const auto next = std::next(at);
    if (at->first.starts_with(kSamplerPrefix)) {
      auto tensor = model.parameters.extract(at);
      tensor.key().erase(0, kSamplerPrefix.size());
      sampler->parameters.insert(std::move(tensor));
    }
    at = next;
  }
  model.sampler = std::move(sampler);
}

/// Checks the tensors and takes the parameters: `take` gives one into model.parameters, if it is
/// there. A model holds nothing else.
template <class Take>
void take_parameters(const Container& container, std::string_view kind, Model& model, Take take) {
  std::vector<ExpectedTensor> expected;
  try {
    expected = all_expected(model);
  } catch (const Error& error) {
    const int status = exit_status(error.code());
    if (status == 4 || status == 5) throw;  // said already, or not the file's fault
    refuse(ErrorCode::kModelConfig, "model", error.message());
  }
  if (kind == "model") require_tensor_set(expected, container.tensors);
  for (const ExpectedTensor& tensor : expected) take(tensor.name);
  require_tensor_set(expected, model.parameters);
  require_finite(model.parameters);
  give_to_sampler(model);
}

Model load_model_file(const std::string& file, Fs& fs, const Limits& limits) {
  try {
    Model model = model_from_container(load_container(fs, file, limits), "model", limits);
    model.path = file;
    return model;
  } catch (Error& error) {
    throw error.in_file(file);
  }
}

}  // namespace

int64_t Model::latent_dim() const { return abilities().latent_dim; }

int64_t Model::num_parameters() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : parameters) count += tensor.num_values();
  return count;
}

Measure Model::measure() const {
  return all_likelihoods().find(setup.model.likelihood).measure(setup.data);
}

Json model_config_json(const Model& model) {
  Json json = Json::object()
                  .set("model", options_json(section_options(model.setup, "model")))
                  .set("objective", options_json(section_options(model.setup, "objective")))
                  .set("data", data_spec_json(model.setup.data))
                  .set("provenance", provenance_json(model.provenance));
  if (model.sampler) json.set("sampler", model_config_json(*model.sampler));
  return json;
}

Model model_from_config(const Json& config, const Limits& limits) {
  require_keys(config, {"model", "objective", "data", "provenance", "run", "sampler"});
  Model model;
  for (const char* section : {"model", "objective"}) {
    read_options(config.at(section), all_of_section(bind_options(model.setup), section), section);
  }
  // Early versions wrote the options of all definitions.
  const std::vector<const OptionOwner*> chosen = chosen_owners(model.setup);
  std::erase_if(model.setup.own.texts,
                [&](const auto& text) { return own_option(chosen, text.first) == nullptr; });
  check_sizes(model.setup, limits);
  model.setup.data = data_spec_from_json(config.at("data"), limits);
  check_parameter_count(model.setup, limits);
  model.provenance = provenance_from_json(config.at("provenance"));
  if (const Json* sampler = config.find("sampler")) {
    if (sampler->find("sampler") != nullptr) {
      refuse(ErrorCode::kModelConfig, "sampler.sampler", "a sampler has none");
    }
    model.sampler = std::make_shared<const Model>(model_from_config(*sampler, limits));
  }
  return model;
}

std::vector<ExpectedTensor> expected_parameters(const ModelSetup& setup) {
  const Graph graph = evaluation_graph(setup);
  std::vector<ExpectedTensor> expected;
  for (uint32_t index : graph.parameters()) {
    const Node& node = graph.nodes()[index];
    expected.push_back({.name = node.name, .dtype = Dtype::kF32, .shape = node.type.shape});
  }
  return expected;
}

Bytes model_bytes(const Model& model, const Limits& limits) {
  require_finite(model.parameters);
  Metadata metadata;
  metadata[std::string(kKindKey)] = "model";
  metadata[std::string(kConfigKey)] = model_config_json(model).dump();
  if (!model.sampler) return write_container(std::move(metadata), model.parameters, limits);
  require_finite(model.sampler->parameters);
  metadata[std::string(kRequiresKey)] = "sampler";
  NamedTensors all = model.parameters;
  for (const auto& [name, tensor] : model.sampler->parameters) {
    all.emplace(std::string(kSamplerPrefix) + name, tensor);
  }
  return write_container(std::move(metadata), all, limits);
}

Model model_from_container(const Container& container, std::string_view kind,
                           const Limits& limits) {
  Model model = model_without_parameters(container, kind, limits);
  take_parameters(container, kind, model, [&](const std::string& name) {
    const auto at = container.tensors.find(stored_name(container, kind, name));
    if (at != container.tensors.end()) model.parameters.emplace(name, at->second);
  });
  return model;
}

Model model_from_container(Container&& container, std::string_view kind, const Limits& limits) {
  Model model = model_without_parameters(container, kind, limits);
  take_parameters(container, kind, model, [&](const std::string& name) {
    auto tensor = container.tensors.extract(stored_name(container, kind, name));
    if (tensor.empty()) return;
    tensor.key() = name;
    model.parameters.insert(std::move(tensor));
  });
  return model;
}

Model model_from_bytes(std::span<const std::byte> file, const Limits& limits) {
  return model_from_container(read_container(file, limits), "model", limits);
}

namespace {

/// The usual slip is the order of the arguments.
void refuse_data(const std::string& path, const std::optional<FileInfo>& info, Fs& fs) {
  std::string what;
  if (info && info->is_regular) {
    const Bytes start = fs.read_prefix(path, kSniffedBytes);
    constexpr size_t kBrace = 8;  // of a safetensors file, behind the length of its header
    if (start.size() <= kBrace || start[kBrace] != std::byte{'{'}) what = data_name(start);
  } else if (!info && find_known_set(path) != nullptr) {
    what = "a known data set";
  }
  if (what.empty()) return;
  throw Error(ErrorCode::kModelMetadata, what + ", not a model",
              "the order is MODEL DATA, such as: isthmus eval runs/a test.csv", {.file = path});
}

}  // namespace

Model load_model(const std::string& path, Fs& fs, const Limits& limits) {
  const auto info = fs.stat(path);
  refuse_data(path, info, fs);
  if (!info || !info->is_folder) return load_model_file(path, fs, limits);
  const std::unique_ptr<Fs> run = fs.open_folder(path);
  const std::string file = join_path(path, "model.safetensors");
  if (run->stat(file)) return load_model_file(file, *run, limits);
  LoadedCheckpoint loaded = load_newest_valid(*run, path, limits, {});
  Model model = model_from_container(std::move(loaded.container), "checkpoint", limits);
  model.path = loaded.generation.path;
  return model;
}

std::string weights_sha256(const NamedTensors& parameters) {
  Bytes bytes;
  const auto append = [&](std::span<const std::byte> part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  for (const auto& [name, tensor] : parameters) {
    const std::string head = name + " " + shape_text(tensor.shape()) + "\n";
    append(std::as_bytes(std::span(head)));
    append(tensor.bytes());
  }
  return sha256_hex(bytes);
}

}  // namespace isthmus
