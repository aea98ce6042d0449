// SPDX-License-Identifier: Apache-2.0
// A checkpoint comes from anywhere: each number of its state is a number that its run can have, or
// the checkpoint is refused and the number named. What is accepted trains on without harm.
#include "isthmus/train/train_state.h"

#include <gtest/gtest.h>

#include <limits>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/resume.h"

namespace isthmus {
namespace {

constexpr int64_t kStopped = 10;  // in epoch 3, which began behind step 8

class StateOfACheckpoint : public ::testing::Test {
 protected:
  StateOfACheckpoint() {
    RecordingObserver seen;
    seen.stop_at = kStopped;
    train(tiny_request(data_, device_, run_), seen);
    path_ = checkpoint_path(run_, kStopped);
    container_ = load_container(posix_fs(), path_, {});
    for (const Generation& generation : list_checkpoints(posix_fs(), run_)) {
      if (generation.path != path_) posix_fs().remove_file(generation.path);
    }
    auto parsed = parse_json(container_.metadata.at(std::string(kStateKey)), {});
    state_ = std::get<Json>(parsed);
  }

  /// What is said of the checkpoint with this state; "" when the run goes on to its end.
  std::string resumed(const Json& state) { return resumed_text(state.dump()); }
  std::string resumed_text(const std::string& state) {
    Container changed = container_;
    changed.metadata[std::string(kStateKey)] = state;
    return resumed_container(changed);
  }
  std::string resumed_container(const Container& container) {
    const std::string out = fresh_folder("state-resumed");
    std::filesystem::copy(run_, out, std::filesystem::copy_options::recursive);
    posix_fs().write_file(checkpoint_path(out, kStopped),
                          write_container(container.metadata, container.tensors),
                          Durability::kRename);
    TrainRequest request;
    request.dataset = &data_;
    request.device = &device_;
    request.options.run.resume = out;
    RecordingObserver seen;
    try {
      EXPECT_EQ(train(request, seen).status, "done");
      return "";
    } catch (const Error& error) {
      const int number = static_cast<int>(error.code());
      EXPECT_TRUE(number / 100 == 44 || error.code() == ErrorCode::kDiverged) << error.what();
      std::string text = error.what();
      for (const TrainEvent& event : seen.events) text += "; " + event.text;
      return text;
    }
  }

  Dataset data_ = tiny_images(40);
  ReferenceDevice device_;
  std::string run_ = fresh_folder("state");
  std::string path_;
  Container container_;
  Json state_;
};

using Visit = std::function<void(Json& number, const std::string& key)>;

/// Each number of the text, by its last key.
void for_each_number(Json& json, const std::string& key, const Visit& visit) {
  if (json.is_number()) visit(json, key);
  if (!json.is_object()) return;
  for (auto& [name, value] : json.as_object()) for_each_number(value, name, visit);
}

TEST_F(StateOfACheckpoint, GoesOnWhenNothingWasChanged) {
  EXPECT_EQ(resumed(state_), "");
  EXPECT_FALSE(state_.at("rewind").is_null());
}

TEST_F(StateOfACheckpoint, RefusesCountsThatNoRunHasAndNamesThem) {
  int counts = 0;
  for_each_number(state_, "", [&](Json& number, const std::string& key) {
    if (!number.is_int()) return;
    ++counts;
    const Json before = number;
    for (const int64_t value :
         {std::numeric_limits<int64_t>::min(), int64_t{-2}, int64_t{1} << 31,
          std::numeric_limits<int64_t>::max() - 1, std::numeric_limits<int64_t>::max()}) {
      number = Json(value);
      // The size of a file may be anything that the file itself does not contradict.
      const std::string said = resumed(state_);
      const bool is_size = key == "metrics_bytes";
      EXPECT_NE(said.find(is_size ? "metrics" : key), std::string::npos) << key << " " << value;
    }
    number = before;
  });
  EXPECT_GE(counts, 20);
}

TEST_F(StateOfACheckpoint, TakesOrRefusesAnyOtherNumber) {
  for_each_number(state_, "", [&](Json& number, const std::string& key) {
    if (number.is_int()) return;
    const Json before = number;
    for (const double value : {1e308, -1.0}) {
      number = Json(value);
      const std::string said = resumed(state_);
      const bool refused = said.find(key) != std::string::npos;
      EXPECT_TRUE(!key.ends_with("_seconds") || refused == (value < 0 || value > 1)) << key;
    }
    number = before;
  });
}

TEST_F(StateOfACheckpoint, RefusesWhatIsNoNumber) {
  const std::string text = state_.dump();
  for (const char* value :
       {"NaN", "Infinity", "1e999", "\"1\"", "null", "[]", "9223372036854775808"}) {
    for (const std::string key : {"\"step\":", "\"items\":", "\"trained_seconds\":"}) {
      std::string changed = text;
      const size_t at = changed.find(key) + key.size();
      changed.replace(at, changed.find_first_of(",}", at) - at, value);
      EXPECT_NE(resumed_text(changed), "") << key << value;
    }
  }
}

TEST_F(StateOfACheckpoint, RefusesNumbersThatContradictEachOther) {
  const auto changed = [&](const char* key, const Json& value) {
    Json state = state_;
    state.set(key, value);
    return resumed(state);
  };
  EXPECT_NE(changed("position", 10).find("sums.items"), std::string::npos);
  EXPECT_NE(changed("step", kStopped + 1).find("step"), std::string::npos);
  EXPECT_NE(changed("halvings", 1).find("rollbacks"), std::string::npos);
  EXPECT_NE(changed("trained_items", kStopped * 10 + 10).find("trained_items"), std::string::npos);
  EXPECT_NE(changed("rewind", Json()), "") << "its tensors are there";
  Json state = state_;
  state.set("position", 21)["sums"].set("items", 21);
  EXPECT_NE(resumed(state).find("between batches"), std::string::npos);
}

TEST_F(StateOfACheckpoint, TakesTinyMomentsAndRefusesNegativeOnes) {
  for (const std::string kind : {"opt/m/", "opt/v/"}) {
    for (const float value : {1e-45f, std::numeric_limits<float>::max(), -1e-45f,
                              std::numeric_limits<float>::quiet_NaN()}) {
      Container changed{container_.metadata, {}};
      for (const auto& [name, tensor] : container_.tensors) {
        Tensor copy = tensor.clone();
        if (name.starts_with(kind)) copy.values<float>()[0] = value;
        changed.tensors.emplace(name, std::move(copy));
      }
      const bool negative_square = kind == "opt/v/" && value < 0;
      EXPECT_EQ(resumed_container(changed) != "", negative_square || std::isnan(value))
          << kind << value;
    }
  }
}

}  // namespace
}  // namespace isthmus
