// SPDX-License-Identifier: Apache-2.0
// Shows a run while it works: summary and choices before, a bar on a terminal, plain lines or JSON
// lines elsewhere, warnings as they come. Passes on requests to stop.
#pragma once

#include <string>
#include <vector>

#include "isthmus/cli/console.h"
#include "isthmus/train/observer.h"

namespace isthmus {

/// One line of at most `width` columns.
///   epoch 13/20 [=============>------]  61%  objective 251.3  reconstruction 235.9  kl 15.4 ...
std::string progress_line(const Progress& progress, const std::string& unit, int width);
/// "reading [=====>--------------]  27%  ETA 0:00:12"; without a bar where `width` is 0.
std::string work_line(std::string_view what, double share, double eta_seconds, int width);
/// "118k", "1.2M", "950"
std::string short_count(double value);

class ConsoleObserver final : public TrainObserver {
 public:
  /// `test_note` is added to the data line: "10,000 test".
  ConsoleObserver(Console& console, std::string test_note = {});

  void on_choices(const std::vector<Choice>& choices) override { choices_ = choices; }
  void on_summary(const TrainSummary& summary) override;
  void on_progress(const Progress& progress) override;
  void on_epoch(const EpochRecord& record) override;
  void on_event(const TrainEvent& event) override;
  StopRequest stop_requested() override;

  const TrainSummary& summary() const { return summary_; }
  /// The rest of the line that a request to stop began; nothing if there was none.
  void finish_stop(int64_t step);

 private:
  void print_resumed();
  void print_choices();
  void print_layers();
  Console& console_;
  std::string mode_, test_note_;
  bool brief_;
  std::vector<Choice> choices_;
  TrainSummary summary_;
  std::string unit_ = "items";
  double next_line_seconds_;
  double stop_began_ = -1;
};

}  // namespace isthmus
