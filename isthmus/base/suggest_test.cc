// SPDX-License-Identifier: Apache-2.0
// Suggestions for mistyped words, measured on generated typos.
#include <gtest/gtest.h>

#include "isthmus/base/options.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

const std::vector<std::string>& option_keys() {
  static const std::vector<std::string> keys = {"data.val",
                                                "data.labels",
                                                "data.columns",
                                                "data.exclude",
                                                "data.resize",
                                                "data.channels",
                                                "data.scale",
                                                "data.missing",
                                                "data.max_bad",
                                                "data.strict",
                                                "data.limit",
                                                "data.format",
                                                "data.search_path",
                                                "model.name",
                                                "model.arch",
                                                "model.preset",
                                                "model.hidden",
                                                "model.latent_dim",
                                                "model.activation",
                                                "model.init",
                                                "model.likelihood",
                                                "model.sigma",
                                                "model.prior",
                                                "model.beta",
                                                "objective.estimator",
                                                "objective.samples",
                                                "objective.kl_warmup",
                                                "objective.free_bits",
                                                "train.epochs",
                                                "train.time",
                                                "train.target",
                                                "train.batch_size",
                                                "train.precision",
                                                "train.patience",
                                                "train.max_grad_norm",
                                                "train.ema",
                                                "train.shards",
                                                "optimizer.name",
                                                "optimizer.learning_rate",
                                                "optimizer.weight_decay",
                                                "optimizer.schedule",
                                                "optimizer.warmup",
                                                "run.out",
                                                "run.resume",
                                                "run.allow_data_change",
                                                "run.init_from",
                                                "run.checkpoint_every",
                                                "run.keep",
                                                "run.samples_every",
                                                "run.report",
                                                "run.tensorboard",
                                                "run.live",
                                                "run.seed",
                                                "machine.threads",
                                                "machine.device",
                                                "machine.memory"};
  return keys;
}

/// One slip of the fingers: two letters swapped, one left out, doubled, added or replaced.
std::string mistyped(std::string word, const PhiloxBlock& r) {
  const size_t at = r[1] % word.size();
  const char letter = static_cast<char>('a' + r[2] % 26);
  switch (r[0] % 5) {
    case 0:
      if (at + 1 < word.size()) std::swap(word[at], word[at + 1]);
      break;
    case 1:
      word.erase(at, 1);
      break;
    case 2:
      word.insert(at, 1, word[at]);
      break;
    case 3:
      word.insert(at, 1, letter);
      break;
    default:
      word[at] = letter;
  }
  return word;
}

TEST(NearestWord, FindsTheMeantKeyIn95PercentOf200Typos) {
  const RngKey key = RngKey::from(7, "typos");
  int right = 0;
  for (uint32_t i = 0; i < 200; ++i) {
    const std::string& meant = option_keys()[i % option_keys().size()];
    const PhiloxBlock choice = philox4x32(key, {i, 0, 0, 0});
    // A third leave the section out, a quarter of the long words slip twice.
    const bool short_form = choice[0] % 3 == 0 && meant.size() - meant.find('.') > 4;
    std::string typed = short_form ? meant.substr(meant.find('.') + 1) : meant;
    typed = mistyped(typed, philox4x32(key, {i, 0, 0, 1}));
    if (choice[1] % 4 == 0 && typed.size() >= 9) {
      typed = mistyped(typed, philox4x32(key, {i, 0, 0, 2}));
    }
    const std::string found = nearest_word(typed, option_keys());
    if (found == meant) {
      ++right;
    } else {
      std::printf("[ typo     ] %s: %s instead of %s\n", typed.c_str(), found.c_str(),
                  meant.c_str());
    }
  }
  EXPECT_GE(right, 190);
  std::printf("[ figure   ] %d of 200 typos understood\n", right);
}

TEST(NearestWord, AcceptsDashesCaseAndPrefixes) {
  EXPECT_EQ(nearest_word("Latent-Dim", {"beta", "latent_dim"}), "latent_dim");
  EXPECT_EQ(nearest_word("latent", {"beta", "latent_dim"}), "latent_dim");
  EXPECT_EQ(nearest_word("optimizer.learn", option_keys()), "optimizer.learning_rate");
  EXPECT_EQ(nearest_word("tarin", {"sample", "train", "evaluate"}), "train");
}

TEST(NearestWord, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_word("xyzzy", option_keys()), "");
  EXPECT_EQ(nearest_word("a", {"b"}), "");
  EXPECT_EQ(nearest_word("", {"a", "bc"}), "");
  EXPECT_EQ(nearest_word("anything", {}), "");
  EXPECT_EQ(nearest_word(std::string(100000, 'a'), {"a"}), "");
}

TEST(NearestWord, PrefersFewerEdits) {
  EXPECT_EQ(nearest_word("cosin", {"cousin", "cosine", "cos"}), "cosine");
  EXPECT_EQ(nearest_word("vea", {"ae", "vae", "beta_vae"}), "vae");
}

}  // namespace
}  // namespace isthmus
