// SPDX-License-Identifier: Apache-2.0
// Each rule by facts on both sides of its threshold. That remedies help is shown on trained models
// in tests/truth.
#include "isthmus/verbs/diagnose.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace isthmus {
namespace {

/// A model that nothing is wrong with.
DiagnosisFacts healthy() {
  DiagnosisFacts f;
  f.held_out = {.elbo = -245, .elbo_se = 1, .reconstruction = 229, .kl = 16};
  f.train = {.elbo = -244.5, .reconstruction = 228.5, .kl = 16};
  f.floor = f.train_floor = 189;
  f.values = 784;
  f.latents = f.active = 20;
  f.hole = TwoSample{.auroc = 0.6};
  f.mutual_information = 5;
  f.information_items = 2000;
  f.copies = NearestRatio{.value = 1.1, .low = 1.05, .high = 1.15, .nearest = {}};
  f.saturated = 0.45;
  f.extreme = 0.5;
  return f;
}

/// The only finding, or "" for none, or all of them.
std::string found(const DiagnosisFacts& facts) {
  std::string names;
  for (const Finding& f : diagnose(facts)) {
    names += (names.empty() ? "" : " ") + f.name;
    EXPECT_FALSE(f.text.empty());
    EXPECT_FALSE(f.remedy.empty());
  }
  return names;
}

TEST(Diagnose, FindsNothingInAHealthyModel) { EXPECT_EQ(found(healthy()), ""); }

TEST(Diagnose, OfNothingMeasuredFindsNothing) { EXPECT_EQ(found({}), ""); }

TEST(Diagnose, CollapseIsAKlBelowHalfANat) {
  DiagnosisFacts f = healthy();
  f.held_out.kl = 0.51;
  EXPECT_EQ(found(f), "");
  f.held_out.kl = 0.49;
  EXPECT_EQ(found(f), "collapse");
}

TEST(Diagnose, AHoleIsNamedAfterWhatDrawsComeFrom) {
  DiagnosisFacts f = healthy();
  f.hole = TwoSample{.auroc = 0.81};
  EXPECT_EQ(found(f), "prior_hole");
  EXPECT_NE(diagnose(f)[0].text.find("of the prior"), std::string::npos);
  f.sampler = true;
  EXPECT_NE(diagnose(f)[0].text.find("of the sampler"), std::string::npos);
}

TEST(Diagnose, CopiesNeedTheWholeIntervalBelow) {
  DiagnosisFacts f = healthy();
  f.copies = NearestRatio{.value = 0.75, .low = 0.7, .high = 0.82, .nearest = {}};
  EXPECT_EQ(found(f), "");
  f.copies->high = 0.79;
  EXPECT_EQ(found(f), "memorisation");
}

TEST(Diagnose, AGapIsAShareOfWhatLiesAboveTheFloor) {
  DiagnosisFacts f = healthy();
  f.train.elbo = -245 + 0.03 * 40 + 2 - 0.01;  // two standard errors on top
  EXPECT_EQ(found(f), "");
  f.train.elbo += 0.02;
  EXPECT_EQ(found(f), "overfit");
}

TEST(Diagnose, SigmaAtItsBoundIsToldFromOneAbove) {
  DiagnosisFacts f = healthy();
  f.least_sigma = 0.01;
  f.sigma = 0.0106;
  EXPECT_EQ(found(f), "");
  f.sigma = 0.0104;
  EXPECT_EQ(found(f), "sigma_at_bound");
}

TEST(Diagnose, SaturationIsMoreThanTheDataHave) {
  DiagnosisFacts f = healthy();
  f.saturated = 0.549;
  EXPECT_EQ(found(f), "");
  f.saturated = 0.551;
  EXPECT_EQ(found(f), "saturated_outputs");
}

TEST(Diagnose, PrunedLatentsAndIdentifyingCodesAreNotes) {
  DiagnosisFacts f = healthy();
  f.active = 12;
  f.mutual_information = 7.55;  // log 2000 is 7.60
  EXPECT_EQ(found(f), "pruned_dimensions codes_identify_items");
  for (const Finding& finding : diagnose(f)) EXPECT_FALSE(finding.warning);
}

}  // namespace
}  // namespace isthmus
