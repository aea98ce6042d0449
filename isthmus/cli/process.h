// SPDX-License-Identifier: Apache-2.0
// What belongs to the process as a whole: file descriptors, terminal, signals. The only global
// state of the command line, because signal handlers have no other.
#pragma once

#include "isthmus/cli/console.h"
#include "isthmus/train/observer.h"

namespace isthmus {

/// A closed stdout does not end training, nor does it receive what belongs into files; a limit on
/// the size of files is an error and not a signal.
void prepare_process();
/// Standard output and error. A write to stdout that fails is an Error: E5111 when its reader has
/// gone, E5112 when there never was one. Nothing is said about stderr, because nothing could be.
Terminal process_terminal();

/// From now on SIGINT, SIGTERM and SIGHUP ask to stop and SIGUSR1 asks for a checkpoint; a second
/// request to stop ends the process at once.
void listen_to_signals();
/// What was asked for; kSave is given once.
StopRequest requested_stop();
/// 130 after SIGINT, 143 after SIGTERM and SIGHUP, 0 without a request.
int stop_status();

}  // namespace isthmus
