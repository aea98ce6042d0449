// SPDX-License-Identifier: Apache-2.0
// Processor facts from CPUID.
#include "isthmus/cpu/processor.h"

#include <cpuid.h>

#include <cstring>

#include "isthmus/cpu/instruction_set.h"

namespace isthmus {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned sub) {
  Registers r;
  if (!__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d)) return {};
  return r;
}

}  // namespace

std::string processor_name() {
  char text[49] = {};
  for (unsigned k = 0; k < 3; ++k) {
    const Registers r = cpuid(0x80000002u + k, 0);
    const unsigned words[] = {r.a, r.b, r.c, r.d};
    std::memcpy(text + 16 * k, words, 16);
  }
  std::string name = text;
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name.empty() ? "x86-64 processor" : name;
}

std::string processor_maker() {
  const Registers r = cpuid(0, 0);
  const unsigned words[] = {r.b, r.d, r.c};
  char text[13] = {};
  std::memcpy(text, words, 12);
  return text;
}

std::string matrix_unit_name() {
  switch (bf16_way()) {
    case Bf16Way::kTiles:
      return " + AMX bf16";
    case Bf16Way::kPairs:
      return " + bf16";
    case Bf16Way::kWidened:
      break;
  }
  return "";
}

}  // namespace isthmus
