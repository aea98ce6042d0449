// SPDX-License-Identifier: Apache-2.0
// The program: connects file descriptors and signals to run_cli().
#include "isthmus/cli/process.h"
#include "isthmus/cli/run_cli.h"

int main(int argc, char** argv) {
  isthmus::prepare_process();
  return isthmus::run_cli({argv + 1, argv + argc}, isthmus::process_terminal());
}
