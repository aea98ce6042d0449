// SPDX-License-Identifier: Apache-2.0
// The loop of a run: steps, epochs, validation, stopping, recovery. It is fed by run_setup.h, saves
// through run_saver.h and reports to the observer; what a step computes is the graph's business.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/train/run_saver.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/train/state_copy.h"
#include "isthmus/verbs/item_terms.h"

namespace isthmus {

class TrainLoop {
 public:
  TrainLoop(RunSetup& setup, RunFolder& folder, TrainObserver& observer);

  /// The device's self-check; when it fails, warning W5302 and false.
  bool check_bits();
  /// Until the end, a stop condition or a request to stop. Returns the reason.
  std::string run();
  /// W6002, once the run is over: of the state that is kept. A run that is resumed says it anew.
  void warn_of_collapse();

  const TrainState& state() const { return state_; }
  const EarlyStopping& early_stopping() const { return early_stopping_; }
  RunSaver& saver() { return saver_; }
  Executor& executor() { return *executor_; }
  uint64_t executor_bytes() const;
  /// The state as a checkpoint records it, and its tensors; nullopt if a value is not finite.
  StateRecord record() const;
  std::optional<NamedTensors> tensors() const;
  double elapsed_seconds() const;

 private:
  void start_new();
  void start_resumed(const ResumePoint& point);
  bool rewinds_elsewhere() const { return good_->state().step != state_.step; }
  void train_epoch();
  bool step(const KeyedPermutation& order);
  void end_epoch();
  void after_step();
  Terms validate();
  void note_epoch(const EpochRecord& epoch, bool best);
  void draw_pictures(int64_t epoch);
  /// Why the epoch so far is no training at all, though finite; "" when it is.
  std::string absurdity() const;
  void recover(const std::string& what);
  [[noreturn]] void fail(const std::string& what);
  std::string describe_failure() const;
  void save_now(bool periodic);
  void send_progress(double now);
  void stop_after_epoch(const EarlyStopping::Verdict& verdict, const Terms& val);
  double learning_rate() const;
  double kl_weight() const;
  double beta() const;
  /// An event of now; tell() also takes those of an epoch or a step that is already behind.
  void event(std::string kind, std::string code, std::string text, std::string hint);
  void tell(const TrainEvent& event, int64_t epoch);

  RunSetup& setup_;
  RunFolder& folder_;
  TrainObserver& observer_;
  std::unique_ptr<Executor> executor_;
  std::optional<GraphRunner> validation_runner_;
  std::optional<TermsRunner> validation_;
  std::vector<Tensor> validation_parameters_;  // as setup.kept
  std::unique_ptr<StateCopy> good_;
  RunSaver saver_;
  EarlyStopping early_stopping_;
  TrainState state_;
  std::vector<uint64_t> places_;  // of a batch among the training items
  std::vector<int64_t> items_;
  std::string stop_reason_;
  std::vector<std::string> term_names_, term_outputs_;  // "kl", "term/kl"
  std::vector<double> term_means_;                      // of the last step
  double kl_warmup_ = 0;                                // epochs
  int64_t kl_cycles_ = 1;
  bool has_step_, has_epoch_items_, has_kl_weight_, has_grad_norm_;
  bool pictures_work_ = true;
  double started_ = 0, elapsed_before_ = 0, next_progress_ = 0;
  double epoch_seconds_ = 0;  // of steps, in this process
  int64_t epoch_items_ = 0;
};

}  // namespace isthmus
