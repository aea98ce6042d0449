// SPDX-License-Identifier: Apache-2.0
// Names of the execution interface, and the refusal to measure an interpreter.
#include "isthmus/exec/executor.h"

namespace isthmus {

std::string_view precision_name(Precision precision) {
  return precision == Precision::kBF16 ? "bf16" : "fp32";
}

void require_kernels(const Executor& executor, std::string_view what) {
  const std::vector<std::string> names = executor.warnings();
  if (names.empty()) return;
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kImpossible,
              std::string(what) + " has no kernel on this device for " + list +
                  ": its time would be that of the double interpreter",
              "measure a network whose operations have kernels");
}

}  // namespace isthmus
