// SPDX-License-Identifier: Apache-2.0
// The table behind `auto`: what is chosen from what is known of the data, and the reason that is
// printed. It stands between opening the data and building the model; it reads no file and builds
// nothing.
#include "isthmus/train/choices.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/models/items.h"
#include "isthmus/models/model.h"
#include "isthmus/models/parts.h"
#include "isthmus/nn/net.h"
#include "isthmus/train/resolver.h"

namespace isthmus {
namespace {

constexpr int64_t kMaxAutoEpochs = 500, kEpochsWithoutValidation = 100, kAutoPatience = 10;
/// Fewer items than this to a latent are remembered rather than described.
constexpr int64_t kItemsPerLatent = 16;
/// Ten epochs of some hundred items are too few steps to call them without gain; but many more
/// would fit the validation where only a few dozen items validate.
constexpr int64_t kFewItems = 400, kStepsOfFew = 150, kStepsOfMore = 500;

void apply_preset(Resolver& r) {
  for (const auto& [key, value] : preset_values(r.options().model.preset)) {
    const std::string full = "model." + std::string(key);
    if (!r.set_by_user(full)) r.set(full, std::string(value), "preset", r.options().model.preset);
  }
}

void apply_model_defaults(Resolver& r) {
  const std::string name = r.options().model.name;
  for (const auto& [key, value] : all_models().find(name).defaults) {
    const std::string text(key);
    if (!r.set_by_user(text)) r.set(text, std::string(value), "model", name);
  }
}

/// A likelihood of stored values that the user asks for is one reason for a scale of its own.
ScalingChoice chosen_scaling(Resolver& r, const DataSpec& spec, const DataSpec& seen) {
  const std::string likelihood = r.options().model.likelihood, scale = r.options().hold_out.scale;
  const bool unscaled = likelihood != "auto" && all_likelihoods().find(likelihood).unscaled;
  if (scale != "auto" || !unscaled) return choose_scaling(spec, scale, seen);
  return {.scaling = {}, .reason = likelihood + " counts the stored values"};
}

/// The usual likelihood of such data, and why.
std::pair<std::string, std::string> usual_likelihood(const DataSpec& scaled) {
  const bool grey_levels =
      grey_level(scaled) > 0 && scaled.item_shape.size() == 2 && scaled.scaling.kind == "unit";
  const ValueRange range = scaled_range(scaled);
  const bool unit_reals = scaled.kind != DataKind::kTable && scaled.scaling.kind == "none" &&
                          range.low >= 0 && range.high <= 1;
  if (scaled.binary() && only_zero_and_one(scaled)) {
    return {"bernoulli",
            scaled.scaling.kind == "none" ? "all values are 0 or 1" : "all values are one of two"};
  }
  if (grey_levels) return {"bernoulli", "grey levels; a score, not a likelihood"};
  if (unit_reals) return {"continuous_bernoulli", "reals in [0, 1]"};
  if (scaled.kind == DataKind::kTable) return {"gaussian", "a table of numbers"};
  return {"gaussian", "neither binary, grey levels, nor reals in [0, 1]"};
}

void decide_likelihood(Resolver& r, const DataSpec& scaled) {
  auto [name, reason] = usual_likelihood(scaled);
  const ModelDef& def = all_models().find(r.options().model.name);
  if (!def.allows(name)) {
    const std::string usual = name;
    name = def.likelihoods.front();
    reason = std::string(def.name) +
             (def.likelihoods.size() == 1 ? " has no other" : " does not go with " + usual);
  }
  r.decide("model.likelihood", name, reason);
  require_likelihood(def, r.options().model.likelihood);
}

/// Dense layers are the faster ones on small images, where convolutions hardly gain
/// (docs/benchmarks.md).
void decide_arch(Resolver& r, const DataSpec& spec) {
  constexpr int64_t kSmallSide = 32;
  const Shape& item = spec.item_shape;
  if (spec.kind != DataKind::kImage || item.size() < 2) {
    return r.decide("model.arch", "mlp", std::string(data_kind_name(spec.kind)) + "s");
  }
  const int64_t least = std::min(item[0], item[1]), most = std::max(item[0], item[1]);
  const std::string size = std::to_string(item[0]) + " x " + std::to_string(item[1]);
  if (least < 8 || most > 256) {
    r.decide("model.arch", "mlp", "images of " + size + "; convolutions take 8 x 8 to 256 x 256");
  } else if (item.size() == 3 || least >= kSmallSide) {
    r.decide("model.arch", "conv",
             item.size() == 3 ? "images in colour" : "images of 32 pixels and more");
  } else {
    r.decide("model.arch", "mlp", "small images: dense layers are faster here; try --arch conv");
  }
}

/// E3306 where channels may come first or last and nobody has said: a network over images would
/// learn from pixels that are none.
void require_known_axes(Resolver& r, const DataSpec& spec) {
  constexpr int64_t kLeastSide = 8;
  const Shape& item = spec.item_shape;
  const bool ambiguous = spec.kind == DataKind::kArray && item.size() == 3 &&
                         item[0] >= kLeastSide && item[2] >= kLeastSide;
  if (!ambiguous || r.options().data.layout != "auto") return;
  const auto arch = r.options().own.texts.find("model.arch");
  if (arch == r.options().own.texts.end() || !all_nets().find(arch->second).over_images) return;
  const auto reading = [](int64_t height, int64_t width, int64_t channels) {
    return std::to_string(height) + " x " + std::to_string(width) + " pixels of " +
           std::to_string(channels) + " channels";
  };
  throw Error(
      ErrorCode::kImageOption,
      "items of " + item_shape_text(item) + " may be " + reading(item[0], item[1], item[2]) +
          " or " + reading(item[1], item[2], item[0]),
      "say which: --layout nhwc has channels last, --layout nchw first; --arch mlp does not "
      "ask");
}

[[noreturn]] void conflict(const std::string& message, const std::string& hint,
                           const std::string& key) {
  throw Error(ErrorCode::kConflict, message, hint, {.key = key});
}

/// Each is read for each item that is measured.
void decide_stored_items(Resolver& r, int64_t num_items) {
  constexpr int64_t kMostStored = 50'000;
  const int64_t stored = std::min(num_items, kMostStored);
  r.decide("model.stored_items", std::to_string(stored),
           stored == num_items
               ? "all training items"
               : "of " + group_digits(num_items) + " training items, drawn by the seed");
}

void decide_network(Resolver& r, const DataSpec& spec, int64_t num_items) {
  const int64_t values = spec.num_values();
  const std::string size = group_digits(values) + " values per item";
  decide_arch(r, spec);
  require_known_axes(r, spec);
  r.decide("model.hidden", values <= 1024 ? "128" : values <= 4096 ? "256" : "512", size);
  const int64_t third = std::min<int64_t>(20, std::max<int64_t>(2, (values + 2) / 3));
  const int64_t narrow = std::min(third, std::max<int64_t>(2, num_items / kItemsPerLatent));
  // Directions in which items can vary, with one left for the noise.
  const int64_t most = std::max<int64_t>(1, std::min(values, num_items) - 1);
  if (!r.takes_latent_dim()) {
    // There is none to decide.
  } else if (r.fitted() && most < (spec.kind == DataKind::kImage ? 20 : narrow)) {
    r.decide("model.latent_dim", std::to_string(most),
             size + ", " + group_digits(num_items) + " items");
  } else if (spec.kind == DataKind::kImage) {
    r.decide("model.latent_dim", "20", "images");
  } else {
    r.decide("model.latent_dim", std::to_string(narrow),
             narrow < third ? "one for " + std::to_string(kItemsPerLatent) + " of " +
                                  group_digits(num_items) + " items"
                            : "a third of " + size + ", 2 to 20");
  }
  if (spec.item_shape.size() == 2 || spec.item_shape.size() == 3) {
    r.decide("model.stages", usual_stages(spec.item_shape[0], spec.item_shape[1]),
             "images of " + std::to_string(spec.item_shape[0]) + " x " +
                 std::to_string(spec.item_shape[1]) + ", halved until 7 pixels or fewer are left");
  }
  r.decide("model.exemplars", std::to_string(num_items), "all training items");
  r.decide("model.init", hidden_initializer({}).kind,
           "even steps in narrow tables and wide images alike");
  const ModelSetup setup{.model = r.options().model, .own = r.options().own, .data = spec};
  if (r.takes_sigma() && all_likelihoods().find(setup.model.likelihood).has_sigma()) {
    const bool posterior = abilities_of(setup).elbo;
    r.decide("model.sigma", resolved_sigma(setup),
             posterior ? std::string(data_kind_name(spec.kind)) + "s"
                       : setup.model.name + ": squared error, because there is no kl");
  }
  decide_stored_items(r, num_items);
}

void decide_loop(Resolver& r, const DataSpec& spec, int64_t num_items) {
  const int64_t base = num_items >= 20000 ? 512 : 128;
  const int64_t batch = std::max<int64_t>(1, std::min(base, num_items / 10));
  r.decide("train.batch_size", std::to_string(batch),
           group_digits(num_items) + " items" + (batch < base ? ", at most a tenth of them" : ""));
  const std::string likelihood = r.options().model.likelihood;
  const bool rare_values =
      spec.kind == DataKind::kTable && all_likelihoods().find(likelihood).steep;
  r.decide("train.max_grad_norm", rare_values ? "1" : "none",
           rare_values ? "a " + likelihood + " table: rare values have large gradients"
                       : "no gaussian table");
  const std::optional<double> share = validation_share(r.options().hold_out.val);
  const bool validates = !share || *share > 0;
  if (!validates) {
    r.decide("train.epochs", std::to_string(kEpochsWithoutValidation), "no validation data");
  }
  const bool open_end = r.is_auto("train.epochs");
  if (open_end) {
    r.explain("train.epochs", "until early stopping, at most " + std::to_string(kMaxAutoEpochs));
  }
  const int64_t steps = std::max<int64_t>(1, num_items / batch);
  const int64_t patient = num_items < kFewItems ? kStepsOfFew : kStepsOfMore;
  const int64_t patience = std::max(kAutoPatience, (patient + steps - 1) / steps);
  r.decide("train.patience", open_end ? std::to_string(patience) : "none",
           !open_end ? "a fixed number of epochs"
           : patience == kAutoPatience
               ? "epochs auto"
               : "epochs auto; " + group_digits(patient) + " steps, because an epoch is short");
}

/// Held-out items say nothing of a model that has no number to compare.
void check_validation(Resolver& r, const DataSpec& spec) {
  const TrainOptions& o = r.options();
  if (abilities_of({.model = o.model, .own = o.own, .data = spec}).measurable()) return;
  for (const char* key : {"data.val", "train.target", "train.patience"}) {
    const bool none = key == std::string_view("data.val") && validation_share(o.hold_out.val) == 0;
    if (none || !r.set_by_user(key)) continue;
    conflict(std::string(key) + " has no use: " + o.model.name +
                 " has no number that held-out items could give",
             "leave it out, and look at the samples", key);
  }
}

/// Options that would be silently without effect are refused.
void check_conflicts(Resolver& r) {
  const TrainOptions& o = r.options();
  r.settle_own_options();
  if (r.fitted()) return;
  const std::optional<double> share = validation_share(o.hold_out.val);
  const bool validates = !share || *share > 0;
  for (const char* key : {"train.target", "train.patience"}) {
    if (!validates && r.set_by_user(key)) {
      conflict(std::string(key) + " needs validation data, and data.val is 0",
               "hold some out: --val 0.1", key);
    }
  }
}

/// Corruption is what an encoder meets in a step of training.
void check_corruption(Resolver& r, const DataSpec& spec) {
  const TrainOptions& o = r.options();
  if (o.model.corruption == "none") return;
  const bool no_steps = static_cast<bool>(all_models().find(o.model.name).fit);
  const bool codes = abilities_of({.model = o.model, .own = o.own, .data = spec}).codes;
  if (!no_steps && codes) return;
  conflict("model.corruption has no effect on " + o.model.name +
               (no_steps ? ", which is fitted without steps" : ", which has no encoder"),
           "leave it out, or choose a model with an encoder that is trained, such as ae or vae",
           "model.corruption");
}

}  // namespace

ResolvedOptions resolve_options(const TrainOptions& options, const DataSpec& spec,
                                int64_t num_items, const OptionOrigins& origins,
                                const DataSpec& seen) {
  Resolver r(options, origins);
  apply_preset(r);
  apply_model_defaults(r);
  const ScalingChoice scaling = chosen_scaling(r, spec, seen);
  r.decide("data.scale", scaling.scaling.kind, scaling.reason);
  DataSpec scaled = seen;
  scaled.scaling = scaling.scaling;
  decide_likelihood(r, scaled);
  DataSpec training = spec;  // what validates may lie outside
  training.scaling = scaling.scaling;
  require_range({.model = r.options().model, .own = r.options().own, .data = training});
  decide_network(r, scaled, num_items);
  if (!r.fitted()) decide_loop(r, spec, num_items);
  check_validation(r, scaled);
  check_conflicts(r);
  check_corruption(r, scaled);
  ResolvedOptions resolved;
  resolved.choices = r.finish();
  resolved.options = r.options();
  resolved.scaling = scaling.scaling;
  return resolved;
}

TrainOptions with_model_defaults(const TrainOptions& options, const OptionOrigins& origins) {
  Resolver r(options, origins);
  apply_model_defaults(r);
  return r.options();
}

void drop_without_effect(TrainOptions& options, OptionOrigins& origins) {
  for (const std::string& key : Resolver(options, origins).without_effect()) {
    options.own.texts.erase(key);
    options.optimizer.own.texts.erase(key);
    const std::vector<BoundOption> bound = bind_options(options);
    const BoundOption& option = find_option(bound, key);
    if (option.owners.empty()) option.set(option.default_text);
    origins.erase(key);
  }
}

std::vector<Choice> notable_choices(const std::vector<Choice>& choices) {
  std::vector<Choice> notable;
  for (const Choice& choice : choices) {
    if (choice.origin != "built-in" || !choice.reason.empty()) notable.push_back(choice);
  }
  return notable;
}

}  // namespace isthmus
