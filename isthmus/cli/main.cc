// SPDX-License-Identifier: Apache-2.0
// The program: connects file descriptors and signals to run_cli().
#include <algorithm>

#include "isthmus/cli/process.h"
#include "isthmus/cli/run_cli.h"

int main(int argc, char** argv) {
  isthmus::prepare_process();
  isthmus::Terminal terminal = isthmus::process_terminal();
  if (argc > 0 && argv[0][0] != '\0') terminal.program = argv[0];
  return isthmus::run_cli({argv + std::min(argc, 1), argv + argc}, std::move(terminal),
                          isthmus::posix_fs());
}
