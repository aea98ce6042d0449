// SPDX-License-Identifier: Apache-2.0
// Jobs for the background writer. Each owns its copy of the state, so the training thread never
// waits for a disk, but for the rare case of two best models in a row on a slow one.
#include "isthmus/train/run_saver.h"

#include "isthmus/base/version.h"
#include "isthmus/checkpoint/generations.h"

namespace isthmus {
namespace {

constexpr std::string_view kModelFile = "model.safetensors";
constexpr std::string_view kStepLabel = "checkpoint step ";

}  // namespace

RunSaver::RunSaver(const RunSetup& setup, RunFolder& folder, TrainObserver& observer)
    : setup_(setup),
      folder_(folder),
      observer_(observer),
      identity_{.data = setup.data_arguments, .choices = setup.resolved.choices},
      interval_(setup.options().run.checkpoint_every.seconds),
      next_(setup.clock->seconds() + interval_) {
  has_model_ = folder.fs().stat(folder.file(kModelFile)).has_value();
}

Model RunSaver::model_of(const StateRecord& record, const NamedTensors& tensors,
                         const Terms& terms) const {
  Model model;
  model.setup = setup_.model;
  for (const KeptParameter& kept : setup_.kept) {
    model.parameters.emplace(kept.name, tensors.at(kept.state));
  }
  model.provenance = {.version = std::string(kVersion),
                      .data = run_name_from_data(setup_.data.train.source),
                      .data_fingerprint = record.data_fingerprint,
                      .num_items = setup_.data.num_train(),
                      .epochs = record.state.epoch - 1,
                      .steps = record.state.step,
                      .seed = setup_.options().run.seed,
                      .terms = terms};
  return model;
}

CheckpointJob RunSaver::job(StateRecord record, NamedTensors tensors, std::optional<Model> model) {
  const int64_t step = record.state.step;
  const int keep = setup_.options().run.keep;
  Fs& fs = folder_.fs();
  const Model described = model_of(record, tensors, record.state.last_train);
  auto write = [&fs, &folder = folder_, step, keep, described, record = std::move(record),
                tensors = std::move(tensors), model = std::move(model), identity = identity_,
                run = folder_.path(), model_path = folder_.file(kModelFile),
                limits = setup_.options().limits] {
    folder.sync_metrics();  // the checkpoint names an offset in them
    write_checkpoint(fs, run, step, checkpoint_bytes(described, identity, record, tensors, limits),
                     keep);
    if (model) fs.write_file(model_path, model_bytes(*model, limits), Durability::kSynced);
  };
  return {.label = std::string(kStepLabel) + std::to_string(step), .write = std::move(write)};
}

void RunSaver::save_periodic(StateRecord record, NamedTensors tensors, double now) {
  next_ = now + interval_;
  writer_.submit(job(std::move(record), std::move(tensors), std::nullopt), Urgency::kPeriodic);
}

void RunSaver::save(StateRecord record, NamedTensors tensors) {
  writer_.submit(job(std::move(record), std::move(tensors), std::nullopt), Urgency::kObligatory);
}

void RunSaver::save_with_model(StateRecord record, NamedTensors tensors, const Terms& terms) {
  Model model = model_of(record, tensors, terms);
  writer_.submit(job(std::move(record), std::move(tensors), std::move(model)),
                 Urgency::kObligatory);
  has_model_ = true;
  folder_.remember(std::string(kModelFile));
}

void RunSaver::save_model(const StateRecord& record, const NamedTensors& tensors,
                          const Terms& terms) {
  Fs& fs = folder_.fs();
  auto write = [&fs, model = model_of(record, tensors, terms), path = folder_.file(kModelFile),
                limits = setup_.options().limits] {
    fs.write_file(path, model_bytes(model, limits), Durability::kSynced);
  };
  writer_.submit({.label = "model", .write = std::move(write)}, Urgency::kObligatory);
  has_model_ = true;
  folder_.remember(std::string(kModelFile));
}

void RunSaver::announce() {
  for (const std::string& label : writer_.take_finished()) {
    if (label.rfind(kStepLabel, 0) != 0) continue;
    announced_step_ = std::stoll(label.substr(kStepLabel.size()));
    observer_.on_event(
        {.kind = "checkpoint", .code = "", .text = label, .hint = "", .step = announced_step_});
  }
}

void RunSaver::finish() {
  writer_.drain();
  announce();
}

}  // namespace isthmus
