// SPDX-License-Identifier: Apache-2.0
// The training loop: one pass of train_epoch per epoch, one call of step per update. The step loop
// allocates nothing and reads three scalars; everything else happens between epochs or a few times
// a second. Epoch ends, validation and recovery are in train_epochs.cc.
#include "isthmus/train/train_loop.h"

#include <algorithm>
#include <cmath>

#include "isthmus/losses/elbo.h"
#include "isthmus/models/model.h"
#include "isthmus/models/variational.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/schedules.h"
#include "isthmus/train/json_run.h"
#include "isthmus/train/reference.h"
#include "isthmus/verbs/feed.h"

namespace isthmus {
namespace {

constexpr double kProgressSeconds = 0.1;
constexpr int64_t kGoodStateSteps = 256;  // between copies of the last good state, inside an epoch

KlWeightOptions kl_options(const RunSetup& setup) {
  return read_own<KlWeightOptions>(setup.options().own);
}

int64_t warmup_epochs(const RunSetup& setup) {
  const KlWeightOptions kl = kl_options(setup);
  return static_cast<int64_t>(std::ceil(kl_warmup_end(kl.kl_warmup, kl.kl_cycles)));
}

/// The conditions of the training items.
RowSource contexts_of(const TrainData& data) {
  const Tensor& context = data.train.context;
  if (context.shape().size() != 2) return {};
  const int64_t width = context.shape()[1];
  return {.count = data.num_train(),
          .width = width,
          .read = [&data, width](int64_t first, int64_t rows, std::span<float> out) {
            const std::span<const float> all = data.train.context.values<float>();
            for (int64_t r = 0; r < rows; ++r) {
              const int64_t row = data.train_rows[static_cast<size_t>(first + r)];
              std::copy_n(all.begin() + row * width, width, out.begin() + r * width);
            }
          }};
}

NamedTensors first_values(const RunSetup& setup) {
  NamedTensors first = initialize(setup.step_graph, setup.options().run.seed);
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup.model, Mode::kTraining);
  const Parts parts = make_parts(b);
  if (parts.initialise) {
    parts.initialise({.setup = setup.model,
                      .rows = scaled_rows(setup.data.fed(), setup.data.train_rows,
                                          setup.data.num_train(), setup.model.data),
                      .contexts = contexts_of(setup.data),
                      .seed = setup.options().run.seed},
                     first);
  }
  for (const KeptParameter& kept : setup.kept) {
    if (kept.state != kept.name) first.insert_or_assign(kept.state, first.at(kept.name).clone());
  }
  return first;
}

/// Which training item a row of the data is, for models that keep something for each: (rows, 1).
Tensor places_of(const TrainData& data) {
  Tensor places(Dtype::kF32, {data.train.num_items(), 1});
  const std::span<float> values = places.values<float>();
  for (size_t place = 0; place < data.train_rows.size(); ++place) {
    values[static_cast<size_t>(data.train_rows[place])] = static_cast<float>(place);
  }
  return places;
}

bool has_scalar(const Graph& graph, std::string_view name) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return node.kind == NodeKind::kScalar && node.name == name;
  });
}

}  // namespace

TrainLoop::TrainLoop(RunSetup& setup, RunFolder& folder, TrainObserver& observer)
    : setup_(setup),
      folder_(folder),
      observer_(observer),
      saver_(setup, folder, observer),
      early_stopping_(setup.patience, warmup_epochs(setup)),
      kl_warmup_(kl_options(setup).kl_warmup),
      kl_cycles_(kl_options(setup).kl_cycles),
      has_step_(has_scalar(setup.step_graph, "step")),
      has_epoch_items_(has_scalar(setup.step_graph, "epoch_items")),
      has_kl_weight_(has_scalar(setup.step_graph, "kl_weight")),
      has_grad_norm_(setup.step_graph.has_output("grad_norm")) {
  executor_ = setup.device->compile(setup.step_graph,
                                    {.max_rows = setup.batch_size, .precision = setup.precision});
  bind_data(*executor_, setup.step_graph, setup.data.fed(), setup.model.data);
  if (has_input(setup.step_graph, "place")) {
    executor_->bind_input("place", places_of(setup.data), Scaling{});
  }
  for (const auto& [output, node] : setup.step_graph.outputs()) {
    if (!output.starts_with(kTermPrefix)) continue;
    term_outputs_.push_back(output);
    term_names_.push_back(output.substr(kTermPrefix.size()));
  }
  term_means_.resize(term_names_.size());
  places_.resize(static_cast<size_t>(setup.batch_size));
  items_.resize(static_cast<size_t>(setup.batch_size));
  if (setup.data.num_val() > 0) {
    validation_runner_.emplace(
        evaluation_runner(setup.model, *setup.device, VerbSettings{.noise = "validation"}));
    validation_.emplace(*validation_runner_, setup.model);
    validation_->bind(setup.data.val_data());
    for (const KeptParameter& kept : setup.kept) {
      validation_parameters_.push_back(executor_->get(kept.state));
    }
  }
  good_ = std::make_unique<StateCopy>(*executor_);
  started_ = setup.clock->seconds();
  if (setup.resume) {
    start_resumed(*setup.resume);
  } else {
    start_new();
  }
}

void TrainLoop::start_new() {
  folder_.open_metrics(0);
  for (const auto& [name, tensor] : first_values(setup_)) executor_->set(name, tensor);
  ISTHMUS_CHECK(good_->take(*executor_, state_), "initial values are finite");
  // From here on the run can be resumed, whatever happens; it also is the probe of the disk.
  saver_.save(record(), *tensors());
  saver_.finish();
}

void TrainLoop::start_resumed(const ResumePoint& point) {
  std::vector<ExpectedTensor> expected;
  for (const Node& node : setup_.step_graph.nodes()) {
    if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kState) continue;
    expected.push_back({.name = node.name, .dtype = Dtype::kF32, .shape = node.type.shape});
  }
  require_tensor_set(expected, point.tensors);
  for (const auto& [name, tensor] : point.tensors) executor_->set(name, tensor);
  state_ = point.record.state;
  if (point.record.rewind) {
    require_tensor_set(expected, point.rewind);
    good_->assign(point.rewind, *point.record.rewind);
  } else {
    ISTHMUS_CHECK(good_->take(*executor_, state_), "a checkpoint's values are finite");
  }
  early_stopping_.restore(point.record.early_stopping);
  elapsed_before_ = state_.elapsed_seconds;
  folder_.open_metrics(point.record.metrics_bytes);
  // The model may be missing when the process died between the checkpoint and the model.
  if (early_stopping_.has_best() && early_stopping_.best_step() == state_.step) {
    saver_.save_model(point.record, point.tensors, early_stopping_.best_terms());
  }
  event("resumed", "", "resumed at step " + std::to_string(state_.step), "");
  if (const std::string text = warning_of(setup_.since_checkpoint); !text.empty()) {
    event("warning", "W4402", text, "resume with what the run began with, if bits matter");
  }
}

bool TrainLoop::check_bits() {
  if (executor_->repeats_bits()) return true;
  event("warning", "W5302",
        "equal products gave different bits on two threads: the weights of this run may depend on "
        "the number of threads",
        "isthmus doctor --full shows the parts; use --threads 1 for bits that repeat");
  return false;
}

std::string TrainLoop::run() {
  while (stop_reason_.empty()) {
    if (state_.epoch > setup_.max_epochs) {
      stop_reason_ = "epochs";
    } else if (state_.position == 0 && early_stopping_.exhausted()) {
      stop_reason_ = "early_stop";  // a run that had ended and is resumed
    } else {
      train_epoch();
    }
  }
  return stop_reason_;
}

void TrainLoop::train_epoch() {
  const uint64_t n = static_cast<uint64_t>(setup_.data.num_train());
  const KeyedPermutation order(RngKey::from(setup_.options().run.seed, "shuffle"),
                               static_cast<uint32_t>(state_.epoch), n);
  while (state_.position < setup_.data.num_train()) {
    if (!step(order)) return;  // rewound: the epoch may be another one
    after_step();
    if (!stop_reason_.empty() && state_.position < setup_.data.num_train()) return;
  }
  end_epoch();
}

bool TrainLoop::step(const KeyedPermutation& order) {
  const double begin = setup_.clock->seconds();
  const int64_t rows = std::min(setup_.batch_size, setup_.data.num_train() - state_.position);
  const std::span<uint64_t> places(places_.data(), static_cast<size_t>(rows));
  order.take(static_cast<uint64_t>(state_.position), places);
  std::transform(places.begin(), places.end(), items_.begin(),
                 [&](uint64_t place) { return setup_.data.train_rows[place]; });
  executor_->set_scalar("learning_rate", learning_rate());
  if (has_step_) executor_->set_scalar("step", static_cast<double>(state_.step + 1));
  if (has_epoch_items_) executor_->set_scalar("epoch_items", static_cast<double>(state_.position));
  if (has_kl_weight_) executor_->set_scalar("kl_weight", kl_weight());
  executor_->run({.items = std::span<const int64_t>(items_).first(static_cast<size_t>(rows)),
                  .epoch = static_cast<uint32_t>(state_.epoch),
                  .seed = setup_.options().run.seed});
  const double objective = executor_->scalar("objective");
  bool finite = std::isfinite(objective);
  for (size_t i = 0; i < term_outputs_.size(); ++i) {
    term_means_[i] = executor_->scalar(term_outputs_[i]);
    finite = finite && std::isfinite(term_means_[i]);
  }
  if (!finite) {
    recover(describe_failure());
    return false;
  }
  state_.sums.add(objective, term_names_, term_means_, rows);
  if (has_grad_norm_) state_.grad_norm = executor_->scalar("grad_norm");
  if (std::isnan(state_.first_loss)) {
    state_.first_loss = -state_.sums.means(setup_.has).score();
  }
  state_.position += rows;
  ++state_.step;
  const double seconds = setup_.clock->seconds() - begin;
  epoch_seconds_ += seconds;
  epoch_items_ += rows;
  state_.trained_seconds += seconds;
  state_.trained_items += rows;
  const bool good_state_due = (state_.position / setup_.batch_size) % kGoodStateSteps == 0;
  if (!good_state_due || state_.position == setup_.data.num_train()) return true;
  if (const std::string absurd = absurdity(); !absurd.empty()) {
    recover(absurd);
    return false;
  }
  if (good_->take(*executor_, state_)) return true;
  recover(describe_failure());
  return false;
}

void TrainLoop::after_step() {
  const double now = setup_.clock->seconds();
  const StopRequest request = observer_.stop_requested();
  if (request == StopRequest::kStop) stop_reason_ = "signal";
  const std::optional<Duration>& time = setup_.options().loop.time;
  if (stop_reason_.empty() && time && now - started_ >= time->seconds) stop_reason_ = "time";
  if (request == StopRequest::kSave) save_now(false);
  if (stop_reason_.empty() && saver_.due(now)) save_now(true);
  if (now >= next_progress_) send_progress(now);
}

void TrainLoop::save_now(bool periodic) {
  std::optional<NamedTensors> copy = tensors();
  // A step that broke the weights shows in the next objective, which rewinds.
  if (!copy) return;
  if (periodic) {
    saver_.save_periodic(record(), std::move(*copy), setup_.clock->seconds());
  } else {
    saver_.save(record(), std::move(*copy));
  }
}

void TrainLoop::send_progress(double now) {
  next_progress_ = now + kProgressSeconds;
  saver_.announce();
  Progress p;
  p.step = state_.step;
  p.epoch = state_.epoch;
  p.max_epochs = setup_.max_epochs;
  const double n = static_cast<double>(setup_.data.num_train());
  p.epoch_share = static_cast<double>(state_.position) / n;
  p.share = (static_cast<double>(state_.epoch - 1) + p.epoch_share) /
            static_cast<double>(setup_.max_epochs);
  p.terms = state_.sums.means(setup_.has);
  p.learning_rate = learning_rate();
  p.kl_weight = kl_weight();
  p.beta = beta();
  p.grad_norm = state_.grad_norm;
  p.items_per_second =
      epoch_seconds_ > 0 ? static_cast<double>(epoch_items_) / epoch_seconds_ : 0.0;
  p.elapsed_seconds = elapsed_seconds();
  if (p.items_per_second > 0 && !setup_.open_end) {
    const double left = (1 - p.share) * n * static_cast<double>(p.max_epochs);
    p.eta_seconds = left / p.items_per_second;
  }
  if (early_stopping_.patience() > 0 && validation_) {
    p.best_score = early_stopping_.has_best() ? early_stopping_.best_terms().score() : kUnknown;
    p.without_gain = early_stopping_.without_gain();
    p.patience = early_stopping_.patience();
    const double epochs = static_cast<double>(p.patience - p.without_gain) - p.epoch_share;
    if (p.items_per_second > 0) {
      p.earliest_end_seconds = std::fmax(0.0, epochs) * n / p.items_per_second;
    }
  }
  if (const auto& time = setup_.options().loop.time) {
    p.eta_seconds = std::fmin(p.eta_seconds, std::fmax(0.0, time->seconds - (now - started_)));
  }
  observer_.on_progress(p);
}

StateRecord TrainLoop::record() const {
  StateRecord record;
  record.state = state_;
  record.state.elapsed_seconds = elapsed_seconds();
  if (rewinds_elsewhere()) record.rewind = good_->state();
  record.early_stopping = early_stopping_.to_json();
  record.metrics_bytes = folder_.metrics_bytes();
  record.data_fingerprint = setup_.data.fingerprint;
  record.config_hash = setup_.config_hash();
  record.arithmetic = setup_.device->info().arithmetic;
  return record;
}

std::optional<NamedTensors> TrainLoop::tensors() const {
  std::optional<NamedTensors> copy = copy_state(*executor_);
  if (copy && rewinds_elsewhere()) good_->copy_into(*copy, kRewindPrefix);
  return copy;
}

double TrainLoop::elapsed_seconds() const {
  return elapsed_before_ + (setup_.clock->seconds() - started_);
}

uint64_t TrainLoop::executor_bytes() const {
  return executor_->num_bytes() +
         (validation_runner_ ? validation_runner_->executor().num_bytes() : 0);
}

double TrainLoop::learning_rate() const {
  const double rate = learning_rate_at(setup_.options().optimizer, state_.step + 1,
                                       setup_.max_epochs * setup_.steps_per_epoch);
  return std::ldexp(rate, -static_cast<int>(state_.halvings));
}

double TrainLoop::kl_weight() const {
  return kl_weight_at(kl_warmup_, state_.step + 1, setup_.steps_per_epoch, kl_cycles_);
}

double TrainLoop::beta() const { return setup_.has.elbo ? setup_.beta * kl_weight() : kUnknown; }

void TrainLoop::event(std::string kind, std::string code, std::string text, std::string hint) {
  tell({.kind = std::move(kind),
        .code = std::move(code),
        .text = std::move(text),
        .hint = std::move(hint),
        .step = state_.step},
       state_.epoch);
}

void TrainLoop::tell(const TrainEvent& e, int64_t epoch) {
  folder_.log(e.kind + (e.code.empty() ? "" : " " + e.code) + ": " + e.text);
  // Only what belongs to the course of the run: the same in a run that was interrupted.
  if (e.kind == "rollback" || e.code == "W6002") {
    folder_.append_metrics(event_json(e, epoch));
  }
  observer_.on_event(e);
}

}  // namespace isthmus
