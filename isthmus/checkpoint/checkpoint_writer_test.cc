// SPDX-License-Identifier: Apache-2.0
// The background writer: what is skipped, what is not, and where errors come out. Gates instead of
// sleeps decide when a job may end.
#include "isthmus/checkpoint/checkpoint_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "isthmus/base/log.h"
#include "isthmus/checkpoint/container_fixture.h"

namespace isthmus {
namespace {

using Labels = std::vector<std::string>;

/// A job that says when it started and ends when it is told to.
class Gate {
 public:
  CheckpointJob job(const std::string& label) {
    return {label, [this] {
              started_.set_value();
              open_.get_future().wait();
            }};
  }
  void wait_until_started() { started_.get_future().wait(); }
  void open() { open_.set_value(); }

 private:
  std::promise<void> started_, open_;
};

CheckpointJob quick(const std::string& label) {
  return {label, [] {}};
}
CheckpointJob failing(const std::string& label, ErrorCode code) {
  return {label, [code] { throw Error(code, "injected"); }};
}

TEST(CheckpointWriter, WritesAndTellsEachLabelOnce) {
  CheckpointWriter writer;
  EXPECT_TRUE(writer.submit(quick("step 1"), Urgency::kPeriodic));
  writer.drain();
  EXPECT_TRUE(writer.submit(quick("step 2"), Urgency::kPeriodic));
  writer.drain();
  EXPECT_EQ(writer.take_finished(), (Labels{"step 1", "step 2"}));
  EXPECT_TRUE(writer.take_finished().empty());
}

TEST(CheckpointWriter, SkipsAPeriodicJobThatComesTooEarly) {
  Gate gate;
  CheckpointWriter writer;
  EXPECT_TRUE(writer.submit(gate.job("slow"), Urgency::kPeriodic));
  gate.wait_until_started();
  EXPECT_FALSE(writer.submit(quick("early"), Urgency::kPeriodic));
  EXPECT_TRUE(writer.take_finished().empty());  // nothing is announced before it is durable
  gate.open();
  writer.drain();
  EXPECT_TRUE(writer.submit(quick("later"), Urgency::kPeriodic));
  writer.drain();
  EXPECT_EQ(writer.take_finished(), (Labels{"slow", "later"}));
}

TEST(CheckpointWriter, NeverSkipsAnObligatoryJob) {
  Gate gate;
  CheckpointWriter writer;
  writer.submit(gate.job("slow"), Urgency::kPeriodic);
  gate.wait_until_started();
  EXPECT_TRUE(writer.submit(quick("best"), Urgency::kObligatory));  // waits in the queue
  EXPECT_FALSE(writer.submit(quick("periodic"), Urgency::kPeriodic));
  std::thread opener([&] { gate.open(); });
  EXPECT_TRUE(writer.submit(quick("final"), Urgency::kObligatory));  // blocks for its place
  opener.join();
  writer.drain();
  EXPECT_EQ(writer.take_finished(), (Labels{"slow", "best", "final"}));
}

TEST(CheckpointWriter, HasOneJobInFlight) {
  std::atomic<int> active = 0, most = 0, done = 0;
  CheckpointWriter writer;
  for (int i = 0; i < 50; ++i) {
    writer.submit({"job",
                   [&] {
                     const int now = ++active;
                     if (now > most) most = now;
                     ++done;
                     --active;
                   }},
                  Urgency::kObligatory);
  }
  writer.drain();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(done, 50);
}

TEST(CheckpointWriter, ThrowsAnErrorOnceAtTheNextCall) {
  CheckpointWriter writer;
  writer.submit(failing("bad", ErrorCode::kDiskFull), Urgency::kPeriodic);
  EXPECT_EQ(fixture::code_of([&] { writer.drain(); }), ErrorCode::kDiskFull);
  EXPECT_NO_THROW(writer.drain());
  EXPECT_TRUE(writer.take_finished().empty());  // a failed job is never announced
}

TEST(CheckpointWriter, AFailedJobTakesTheOneThatWaitsWithIt) {
  Gate gate;
  CheckpointWriter writer;
  writer.submit({"bad",
                 [&] {
                   gate.job("").write();
                   throw Error(ErrorCode::kIoError, "injected");
                 }},
                Urgency::kPeriodic);
  gate.wait_until_started();
  EXPECT_TRUE(writer.submit(quick("queued"), Urgency::kObligatory));
  gate.open();
  EXPECT_EQ(fixture::code_of([&] { writer.drain(); }), ErrorCode::kIoError);
  EXPECT_TRUE(writer.submit(quick("next"), Urgency::kObligatory));
  writer.drain();
  EXPECT_EQ(writer.take_finished(), (Labels{"next"}));
}

TEST(CheckpointWriter, FinishesWhatItAcceptedWhenItIsDestroyed) {
  std::atomic<int> done = 0;
  {
    CheckpointWriter writer;
    for (int i = 0; i < 3; ++i) writer.submit({"job", [&] { ++done; }}, Urgency::kObligatory);
  }
  EXPECT_EQ(done, 3);
}

TEST(CheckpointWriter, LogsAnErrorThatNobodyTook) {
  std::string logged;
  LogSink old = set_log_sink([&](const LogEvent& event) { logged += event.text; });
  {
    CheckpointWriter writer;
    writer.submit(failing("bad", ErrorCode::kDiskFull), Urgency::kPeriodic);
  }
  set_log_sink(std::move(old));
  EXPECT_NE(logged.find("E5101"), std::string::npos) << logged;
}

}  // namespace
}  // namespace isthmus
