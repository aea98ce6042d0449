// SPDX-License-Identifier: Apache-2.0
// Writes checkpoints in the background: training hands over a copy of its state and goes on.
//
//   CheckpointWriter writer;
//   writer.submit({"checkpoint step 4310", [=, &fs] {
//                    write_checkpoint(fs, run, 4310, write_container(meta, copy), 2); }},
//                 Urgency::kPeriodic);                       // false: still busy, skipped
//   for (const std::string& label : writer.take_finished()) announce(label);
//   writer.drain();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace isthmus {

/// `write` makes and stores the bytes; it runs on the writer's thread and must own what it uses. It
/// may write several files in order: the checkpoint of a step, then model.safetensors.
struct CheckpointJob {
  std::string label;  // what is announced: "checkpoint step 4310"
  std::function<void()> write;
};

enum class Urgency {
  kPeriodic,    // skipped when a job is in flight
  kObligatory,  // best validation, end: never skipped, runs in the order of submission
};

/// One thread, one job in flight, at most one waiting: so at most two copies of the state live. To
/// be used from one thread. When a job fails, the one that waits behind it is dropped: its files
/// may stand on what is missing now (a checkpoint knows the best model as written).
class CheckpointWriter {
 public:
  CheckpointWriter();
  /// Finishes what was accepted and not dropped. An error that nobody has taken is logged.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// True when the job was accepted. An obligatory job blocks while another one is waiting. Throws
  /// the error of an earlier job (once); the new job is then not accepted.
  bool submit(CheckpointJob job, Urgency urgency);
  /// Waits until nothing is in flight or waiting, then throws the first error there was (once).
  void drain();
  /// Labels of the jobs that are done, in order, each once.
  std::vector<std::string> take_finished();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isthmus
