// SPDX-License-Identifier: Apache-2.0
// Turns notes of work into lines. The pace is decided here, because whoever works does not know who
// watches.
#include "isthmus/cli/work_progress.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/progress.h"

namespace isthmus {
namespace {

constexpr double kBarSeconds = 0.1, kPlainSeconds = 10;
constexpr double kPatience = 1;  // shorter work needs no bar

}  // namespace

WorkProgress::WorkProgress(Console& console, const Clock& clock)
    : console_(console),
      clock_(clock),
      old_(set_work_sink([this](std::string_view what, uint64_t done, uint64_t total) {
        note(what, done, total);
      })),
      thread_(std::this_thread::get_id()) {}

WorkProgress::~WorkProgress() { set_work_sink(std::move(old_)); }

void WorkProgress::note(std::string_view what, uint64_t done, uint64_t total) {
  if (std::this_thread::get_id() != thread_ || console_.json()) return;
  const std::string mode = console_.progress_mode();
  if (mode != "bar" && mode != "plain") return;
  const double now = clock_.seconds();
  if (what != what_ || done < last_done_) {
    what_ = what;
    began_ = now;
    next_ = now + (mode == "bar" ? kPatience : kPlainSeconds);
  }
  last_done_ = done;
  if (done >= total) {
    if (drawn_) console_.draw("");
    drawn_ = false;
    what_.clear();
    return;
  }
  if (now < next_ || done == 0) return;
  next_ = now + (mode == "bar" ? kBarSeconds : kPlainSeconds);
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const double eta = (now - began_) * (1 - share) / share;
  if (mode == "bar") {
    console_.draw(work_line(what, share, eta, console_.width()));
    drawn_ = true;
  } else {
    console_.info(work_line(what, share, eta, 0));
  }
}

}  // namespace isthmus
