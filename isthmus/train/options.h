// SPDX-License-Identifier: Apache-2.0
// Everything a user can set for a run, declared once: flags, configuration keys, environment names,
// help, the resolved config.toml and the keys of a resumed run all follow from here.
//
//   TrainOptions o;
//   set_option(o, "model.latent_dim", "16");
//   set_option(o, "train.epochs", "20");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/limits.h"
#include "isthmus/base/options.h"
#include "isthmus/data/binarize.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/scaling.h"
#include "isthmus/models/model_options.h"
#include "isthmus/optim/optimizer_options.h"

namespace isthmus {

inline std::vector<std::string> precision_words() { return {"fp32", "bf16"}; }
inline std::vector<std::string> device_words() { return {"auto", "cpu"}; }

/// What training does with its data, beside how they are read (DataOptions).
struct HoldOutOptions {
  std::string val = "0.1";
  std::string scale = "auto";
  std::string condition = "none";
  std::string binarize = "none";
  int64_t binarize_seed = 777;

  static constexpr auto fields() {
    using O = HoldOutOptions;
    return std::tuple{
        field(&O::val, "val", any_value(), "Share or DATA held out for validation; 0: none.",
              {.metavar = "SHARE"}),
        field(&O::scale, "scale", one_of(scaling_words),
              "How stored values become model values; stored in the model."),
        field(&O::condition, "condition", any_value(),
              "What the model is told beside an item: label (its class), or columns of a table by "
              "name or by number from 1. Set it to draw items of a class (sample --class), or to "
              "take out of the codes what is known anyway.",
              {.metavar = "label|COLUMNS"}),
        field(&O::binarize, "binarize", one_of(binarize_words),
              "Draw grey values to black and white, each white with the probability that it stands "
              "for: once (static), or anew in each epoch (dynamic; what validates is drawn once). "
              "Set it for a likelihood of images that is one, and to compare with published ones."),
        field(&O::binarize_seed, "binarize_seed", between(0, 4294967295.0),
              "Seed of what is drawn once; it is stored, so that data for the model are drawn by "
              "it, too.",
              {.level = OptionLevel::kRare})};
  }
};

/// Numbers that may be `auto` are texts; resolve_options() turns them into numbers.
struct TrainLoopOptions {
  std::string epochs = "auto";
  std::optional<Duration> time;
  std::string target = "none";
  std::string batch_size = "auto";
  std::string precision = "fp32";
  std::string patience = "auto";
  std::string max_grad_norm = "auto";
  std::optional<double> ema;

  static constexpr auto fields() {
    using O = TrainLoopOptions;
    return std::tuple{
        field(&O::epochs, "epochs", any_value(),
              "Passes over the data; auto: until early stopping, at most 500.", {.metavar = "N"}),
        field(&O::time, "time", any_value(), "Stop at a step boundary after this time.",
              {.metavar = "10m"}),
        field(&O::target, "target", any_value(),
              "Stop when validation meets a condition such as \"elbo>-250\".",
              {.level = OptionLevel::kRare}),
        field(&O::batch_size, "batch_size", any_value(),
              "Items per update; the last partial batch of an epoch is kept.",
              {.flag = "--batch", .alias = "--batch-size", .metavar = "N"}),
        field(&O::precision, "precision", one_of(precision_words),
              "Of matrix products; bf16 rounds their operands, weights and sums stay float32."),
        field(&O::patience, "patience", any_value(),
              "Validations without gain before stopping, counted after warm-up; auto: 10 with "
              "epochs auto, or as many as make 500 steps (150 with fewer than 400 "
              "items); else none.",
              {.level = OptionLevel::kRare, .metavar = "N"}),
        field(
            &O::max_grad_norm, "max_grad_norm", any_value(),
            "Scale the gradient down to this global norm; auto: 1 for gaussian tables, whose rare "
            "values would spoil Adam's scale for thousands of steps, else none. Lower it when a "
            "run diverges.",
            {.flag = "--clip", .alias = "--max-grad-norm", .metavar = "NORM"}),
        field(&O::ema, "ema", kDecay,
              "Keep a running mean of the weights with this decay, which is validated and saved as "
              "the model. Set it (0.999) for better samples from long runs.",
              {.metavar = "DECAY"})};
  }
};

struct RunOptions {
  std::string out = "auto";
  std::string name = "auto";
  std::string resume = "none";
  bool allow_data_change = false;
  Duration checkpoint_every{60};
  int keep = 2;
  std::string samples_every = "auto";
  bool report = true;
  uint64_t seed = 0;
  bool dry_run = false;

  static constexpr auto fields() {
    using O = RunOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(&O::out, "out", any_value(), "Run folder; auto: runs/<name>-NNN, never overwritten.",
              {.flag = "-o", .alias = "--out", .metavar = "FOLDER"}),
        field(&O::name, "name", any_value(), "Name of the run; auto: from the data.", rare),
        field(&O::resume, "resume", any_value(), "Continue this run folder.",
              {.metavar = "FOLDER"}),
        field(&O::allow_data_change, "allow_data_change", any_value(),
              "Resume although the data changed.", rare),
        field(&O::checkpoint_every, "checkpoint_every", any_value(),
              "Least time between periodic checkpoints.", rare),
        field(&O::keep, "keep", between(1, 1000), "Checkpoints kept.", rare),
        field(&O::samples_every, "samples_every", any_value(),
              "Epochs between pictures; auto: about 10 pictures a run; none.", rare),
        field(&O::report, "report", any_value(), "Write report.html at the end.", rare),
        field(&O::seed, "seed", between(0, 9007199254740991.0),
              "Seed of initial weights, order and noise."),
        field(&O::dry_run, "dry_run", any_value(),
              "Say what would be done: choices, model and memory estimate.")};
  }
};

struct MachineOptions {
  std::string device = "auto";
  std::string threads = "auto";
  std::optional<ByteSize> memory;

  static constexpr auto fields() {
    using O = MachineOptions;
    return std::tuple{
        field(&O::device, "device", one_of(device_words), "Where to compute.",
              {.level = OptionLevel::kRare}),
        field(&O::threads, "threads", any_value(),
              "Threads; auto: the CPUs this process may use. Results do not depend on it.",
              {.metavar = "N"}),
        field(&O::memory, "memory", any_value(),
              "Memory limit; none: 80 % of what the process may use.",
              {.level = OptionLevel::kRare, .metavar = "SIZE"})};
  }
};

struct TrainOptions {
  DataOptions data;
  HoldOutOptions hold_out;
  ModelOptions model;
  OwnOptions own;  // of the definitions that the model chooses
  TrainLoopOptions loop;
  OptimizerOptions optimizer;
  RunOptions run;
  MachineOptions machine;
  Limits limits;

  static constexpr auto fields() {
    using O = TrainOptions;
    return std::tuple{nested(&O::data, "data", "Input."),
                      nested(&O::hold_out, "data", "Validation and scale."),
                      nested(&O::model, "model", "Network and distributions."),
                      owned(&O::own, all_model_options),
                      nested(&O::loop, "train", "Loop and stopping."),
                      nested(&O::optimizer, "optimizer", "How weights move."),
                      nested(&O::run, "run", "Folder, checkpoints, seed."),
                      nested(&O::machine, "machine", "Device, threads, memory."),
                      nested(&O::limits, "limits", "Limits on sizes from outside.")};
  }
};

/// N, or nullopt for "auto" ("none" where `none_allowed`, which gives 0). Error E2003.
std::optional<int64_t> parse_count(const std::string& key, const std::string& text, int64_t least,
                                   bool none_allowed);

/// What the program takes with its libraries.
inline constexpr uint64_t kProgramBytes = uint64_t{20} << 20;

/// --memory, else 80 % of what the process may use.
uint64_t memory_limit(const MachineOptions& machine);

/// A norm, or nullopt for "none" and "auto". Error E2003 unless it is positive.
std::optional<double> grad_norm_limit(const std::string& text);

/// data.val as a share, or nullopt when it names DATA. Error E2003 for a number outside [0, 1).
std::optional<double> validation_share(const std::string& text);

}  // namespace isthmus
