// SPDX-License-Identifier: Apache-2.0
// File descriptors, terminal and signals of the process. Handlers only set flags.
#include "isthmus/cli/process.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>

#include "isthmus/base/env.h"

namespace isthmus {
namespace {

constexpr int kInterrupted = 130, kTerminated = 143;
constexpr int kMinWidth = 20, kMaxWidth = 400;

constexpr int64_t kSameRequestMs = 200;

std::atomic<int> g_stop_status{0};
std::atomic<int64_t> g_stopped_at_ms{0};
std::atomic<bool> g_save{false};
bool g_no_stdout = false;  // the process was started without

int64_t now_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

/// A second request ends the process; but one request may arrive twice at once, because wrappers
/// such as timeout signal the process and then its group.
void on_stop_signal(int signal) {
  const int status = signal == SIGINT ? kInterrupted : kTerminated;
  const int64_t now = now_ms();
  if (g_stop_status.exchange(status) == 0) {
    g_stopped_at_ms = now;
  } else if (now - g_stopped_at_ms >= kSameRequestMs) {
    _exit(status);
  }
}

void on_save_signal(int) { g_save = true; }

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

ErrorCode code_of_write(int error) {
  if (error == EPIPE) return ErrorCode::kPipeClosed;
  return error == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kIoError;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      throw Error(code_of_write(errno), std::string("standard output: ") + std::strerror(errno));
    }
  }
}

void write_stdout(std::string_view text) {
  if (g_no_stdout && !text.empty()) throw Error(ErrorCode::kNoStdout, "standard output is closed");
  write_all(STDOUT_FILENO, text);
}

/// A run started with closed descriptors would open its own files as 0, 1 and 2, and print into
/// them.
void fill_standard_descriptors() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    if (descriptor == STDOUT_FILENO) g_no_stdout = true;
    // The lowest free number is this one.
    (void)!open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
}

int terminal_width() {
  int width = 80;
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  if (const auto columns = env_value("COLUMNS")) {
    std::from_chars(columns->data(), columns->data() + columns->size(), width);
  }
  return std::min(std::max(width, kMinWidth), kMaxWidth);
}

}  // namespace

void prepare_process() {
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);  // a file over the limit of the process is an error of write()
  fill_standard_descriptors();
}

Terminal process_terminal() {
  Terminal terminal;
  terminal.out = write_stdout;
  terminal.err = [](std::string_view text) {
    try {
      write_all(STDERR_FILENO, text);
    } catch (const Error&) {
      // Nowhere is left to say so.
    }
  };
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  terminal.width = terminal_width;
  return terminal;
}

void listen_to_signals() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal, on_stop_signal);
  handle(SIGUSR1, on_save_signal);
}

StopRequest requested_stop() {
  if (g_stop_status.load(std::memory_order_relaxed) != 0) return StopRequest::kStop;
  if (!g_save.load(std::memory_order_relaxed)) return StopRequest::kNone;
  return g_save.exchange(false) ? StopRequest::kSave : StopRequest::kNone;
}

int stop_status() { return g_stop_status; }

}  // namespace isthmus
