// SPDX-License-Identifier: Apache-2.0
// Facts about a run as a whole: it learns, it weighs its items, it stops when it should, and it
// never writes a weight that is not finite.
#include "isthmus/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <new>

#include <gtest/gtest.h>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/model_file/model.h"
#include "isthmus/models/inference.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/fault_fs.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Trainer, AnAbsurdLearningRateRecoversOrFailsWithTheTerm) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  const std::string out = fresh_folder("diverges");
  TrainRequest request = tiny_request(data, device, out);
  request.options.optimizer.name = "sgd";
  request.options.optimizer.learning_rate = 1e30;
  request.options.hold_out.val = "0";
  try {
    train(request, seen);
    FAIL() << "sgd with a rate of 1e30 cannot work";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDiverged);
    EXPECT_NE(std::string(error.what()).find(" is "), std::string::npos) << error.what();
  }
  EXPECT_TRUE(seen.has_event("rollback"));
  EXPECT_FALSE(posix_fs().stat(join_path(out, "model.safetensors")).has_value());
  EXPECT_NE(text_of(join_path(out, "run.json")).find("\"diverged\""), std::string::npos);
  // What is there is still usable: the checkpoint of step 0.
  EXPECT_NO_THROW(load_model(out, posix_fs(), {}));
}

TEST(Trainer, AFiniteButAbsurdLossIsDivergenceToo) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("absurd"));
  request.options.optimizer.learning_rate = 1000;
  request.options.model.likelihood = "gaussian";
  request.options.own.texts["model.sigma"] = "1";
  EXPECT_EQ(code_of([&] { train(request, seen); }), ErrorCode::kDiverged);
  EXPECT_TRUE(seen.has_event("rollback"));
}

TEST(Trainer, AWarmUpThatLetsKlGrowIsNotDivergence) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  for (const double warmup : {0.0, 4.0}) {
    RecordingObserver seen;
    TrainRequest request = tiny_request(data, device, fresh_folder("warm-up"));
    request.options.model.name = "beta_vae";
    request.options.own.texts["model.beta"] = "1000";
    request.options.own.texts["objective.kl_warmup"] = print_value(warmup);
    request.options.loop.epochs = "8";
    request.options.loop.patience = "none";
    EXPECT_EQ(train(request, seen).status, "done");
    EXPECT_FALSE(seen.has_event("rollback"));
  }
}

TEST(Trainer, OfOneValidationItemNothingIsSaidThatNeedsTwo) {
  const Dataset data = tiny_images(12);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("one-item"));
  const TrainResult r = train(request, seen);
  ASSERT_EQ(seen.summary.num_val, 1);
  EXPECT_EQ(r.active_units, -1);
  EXPECT_TRUE(std::isnan(r.val.value().elbo_se));
  EXPECT_FALSE(std::isnan(r.val.value().elbo));
}

TEST(Trainer, ARunOnADeviceWhoseBitsDifferSaysSo) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  for (bool repeats : {true, false}) {
    device.repeats_bits = repeats;
    RecordingObserver seen;
    const std::string out = fresh_folder("bits");
    EXPECT_EQ(train(tiny_request(data, device, out), seen).determinism, repeats ? "D1" : "D0");
    const bool warned = std::any_of(seen.events.begin(), seen.events.end(),
                                    [](const TrainEvent& e) { return e.code == "W5302"; });
    EXPECT_EQ(warned, !repeats);
    const std::string level = repeats ? "\"D1\"" : "\"D0\"";
    EXPECT_NE(text_of(join_path(out, "run.json")).find(level), std::string::npos);
  }
}

TEST(Trainer, ARunThatEndsWithoutMemoryIsRecordedAsFailed) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  const std::string out = fresh_folder("bad_alloc");
  seen.at_step = [](int64_t step) {
    if (step == 2) throw std::bad_alloc();
  };
  EXPECT_THROW(train(tiny_request(data, device, out), seen), std::bad_alloc);
  EXPECT_NE(text_of(join_path(out, "run.json")).find("\"status\": \"failed\""), std::string::npos);
  EXPECT_NE(text_of(join_path(out, "log.txt")).find("no more memory"), std::string::npos);
}

TEST(Trainer, ASecondRunInTheSameFolderIsRefused) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  const std::string out = fresh_folder("locked");
  RecordingObserver seen;
  ErrorCode inner = ErrorCode::kInternal;
  seen.at_step = [&](int64_t step) {
    if (step != 2) return;
    RecordingObserver other;
    inner = code_of([&] { train(tiny_request(data, device, out), other); });
  };
  train(tiny_request(data, device, out), seen);
  EXPECT_EQ(inner, ErrorCode::kFolderLocked);
  RecordingObserver later;
  EXPECT_EQ(code_of([&] { train(tiny_request(data, device, out), later); }),
            ErrorCode::kOutputExists);
}

TEST(Trainer, TooLittleMemoryIsToldBeforeTheFirstStep) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("memory"));
  request.options.machine.memory = ByteSize{uint64_t{1} << 20};
  EXPECT_EQ(code_of([&] { train(request, seen); }), ErrorCode::kOutOfMemory);
}

TEST(Trainer, AFullDiskAtAnyWriteEndsWithFiveAndLeavesAUsableFolder) {
  const Dataset data = tiny_images(20);
  ReferenceDevice device;
  const auto request_with = [&](Fs& fs) {
    TrainRequest request = tiny_request(data, device, fresh_folder("full"));
    request.fs = &fs;
    request.options.loop.epochs = "1";
    return request;
  };
  FaultFs counting(posix_fs());
  RecordingObserver seen;
  train(request_with(counting), seen);
  ASSERT_TRUE(counting.log().back().ends_with("log.txt"));  // the end of the log may be lost
  for (int64_t n = 1; n < counting.writes(); ++n) {
    FaultFs broken(posix_fs());
    broken.fail_at(n, ErrorCode::kDiskFull, true);
    RecordingObserver other;
    const TrainRequest request = request_with(broken);
    EXPECT_EQ(code_of([&] { train(request, other); }), ErrorCode::kDiskFull) << n;
    if (list_checkpoints(posix_fs(), request.options.run.out).empty()) {
      TrainRequest again = request;  // once there is room
      again.fs = &posix_fs();
      EXPECT_NO_THROW(train(again, other)) << n;
    }
    EXPECT_NO_THROW(load_model(request.options.run.out, posix_fs(), {})) << n;
  }
}

TEST(Trainer, ALogThatCannotBeWrittenDoesNotEndTraining) {
  const Dataset data = tiny_images(20);
  ReferenceDevice device;
  int log_lines = 0;
  for (int64_t n = 1;; ++n) {
    FaultFs broken(posix_fs());
    broken.fail_at(n, ErrorCode::kDiskFull);
    TrainRequest request = tiny_request(data, device, fresh_folder("log"));
    request.fs = &broken;
    request.options.loop.epochs = "1";
    RecordingObserver seen;
    const ErrorCode code = code_of([&] { train(request, seen); });
    if (broken.writes() < n) break;
    const std::string log_line = "append " + join_path(request.options.run.out, "log.txt");
    if (broken.log()[static_cast<size_t>(n - 1)] == log_line) {
      EXPECT_EQ(code, ErrorCode::kInternal) << "nothing was thrown at " << n;
      ++log_lines;
    }
  }
  EXPECT_GE(log_lines, 1);
}

TEST(Trainer, AConfigurationThatNoReaderWouldTakeIsRefusedAtOnce) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("wide"));
  request.options.limits.config_bytes = ByteSize{200};
  EXPECT_EQ(code_of([&] { train(request, seen); }), ErrorCode::kOverLimit);
}

}  // namespace
}  // namespace isthmus
