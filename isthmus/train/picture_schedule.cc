// SPDX-License-Identifier: Apache-2.0
// When pictures are drawn. What is drawn is in pictures.cc.
#include "isthmus/train/picture_schedule.h"

#include <algorithm>

#include "isthmus/train/options.h"

namespace isthmus {
namespace {

constexpr int64_t kPictures = 10;

/// 1, 2, 5, 10, 20, 50, 100, ...
bool is_round_number(int64_t epoch) {
  while (epoch % 10 == 0) epoch /= 10;
  return epoch == 1 || epoch == 2 || epoch == 5;
}

}  // namespace

bool draws_pictures(const std::string& samples_every, int64_t epoch, int64_t max_epochs,
                    bool open_end) {
  const std::optional<int64_t> every = parse_count("run.samples_every", samples_every, 1, true);
  if (every && *every == 0) return false;
  if (epoch == 1) return true;
  if (every) return epoch % *every == 0;
  if (open_end) return is_round_number(epoch);
  return epoch % std::max<int64_t>(1, (max_epochs + kPictures - 1) / kPictures) == 0;
}

}  // namespace isthmus
