// SPDX-License-Identifier: Apache-2.0
// What is wrong with a trained model, if anything, and what helps: rules over numbers that are
// measured on held-out items. Each finding says what was seen, against which threshold, and a
// remedy that its test shows to help on a planted example.
//
//   const DiagnosisFacts facts = measure_facts(session, held_out, {.train = &train});
//   for (const Finding& f : diagnose(facts)) ...
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/metrics/aggregate_posterior.h"
#include "isthmus/metrics/manifold.h"
#include "isthmus/metrics/two_sample.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

/// What the rules look at; unknown values trigger none.
struct DiagnosisFacts {
  Terms train, held_out;                            // nats per item
  double train_floor = kUnknown, floor = kUnknown;  // least reconstruction terms
  bool density = false;  // the likelihood is one: there is no floor to stay above
  bool sampler = false;  // codes come from a sampler
  int64_t values = 0, latents = 0, active = -1;
  std::optional<TwoSample> hole;  // codes against draws that samples are made of
  std::optional<double> mutual_information;
  int64_t information_items = 0;  // of whose number it is at most the logarithm
  std::optional<NearestRatio> copies;
  double saturated = kUnknown;  // share of reconstructed values nearer to 0 or 1 than
                                // a logit of 15
  double extreme = kUnknown;    // share of the items' values that are 0 or 1
  double sigma = kUnknown, least_sigma = kUnknown;  // of the narrowest value of the likelihood
};

struct Finding {
  std::string name;    // "collapse"
  std::string text;    // "the decoder ignores the code: kl is 0.02 nats per item, below 0.5"
  std::string remedy;  // "--kl-warmup 20 or --free-bits 0.1"
  double value = kUnknown;
  bool warning = true;  // else information
};
std::vector<Finding> diagnose(const DiagnosisFacts& facts);

struct FactsRequest {
  const Dataset* train = nullptr;  // training items, for copies and the gap; null: neither
  int64_t most_items = 2000;       // of each
  VerbSettings verb = {};
};
/// Measures what the model's rules allow.
DiagnosisFacts measure_facts(Session& session, const Dataset& held_out,
                             const FactsRequest& request);

}  // namespace isthmus
