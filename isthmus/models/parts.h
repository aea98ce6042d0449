// SPDX-License-Identifier: Apache-2.0
// What a model is: rules that add nodes. Training, evaluation, encoding, decoding, sampling and
// importance weights are generic graphs over the rules (training.h, inference.h); a rule that is
// absent is a capability that the model lacks, and verbs ask for the rule, never for a name.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/registry.h"
#include "isthmus/losses/objective.h"
#include "isthmus/metrics/row_source.h"
#include "isthmus/models/setup.h"
#include "isthmus/nn/build.h"
#include "isthmus/prob/distribution.h"
#include "isthmus/prob/likelihood.h"

namespace isthmus {

/// A graph under construction: what the parts are added to. Outlives them.
struct ModelBuild : Build {
  const ModelSetup& setup;
  Likelihood likelihood;  // its parameters exist already
};

/// What is known of the items. Values that there are none of are invalid.
struct Given {
  Value x;             // (B, D): what an encoder sees: corrupted, or counts on another scale
  Value target;        // (B, D): what the decoder is to give back
  Value context = {};  // (B, C): the condition
  /// (): factor of the noise in draws of a prior; invalid: 1. N(0, I) is scaled outside.
  Value temperature = {};
};

/// Outputs of a graph that have no rows, added up over batches in double.
using Sums = std::map<std::string, std::vector<double>>;
/// Runs a graph with these parameters on every training item once; noise is that of draw `pass`.
using ItemPass = std::function<Sums(const NamedTensors& parameters, uint32_t pass)>;

/// What a fit has found beside the parameters.
struct FitReport {
  /// An option that was auto until the items were seen, as the parameters have it, and why.
  struct Decided {
    std::string key, value, reason;
  };
  std::vector<Decided> decided;
  /// Numbers that tell how it went: {"bic", -1234.5}.
  std::vector<std::pair<std::string, double>> facts;
};

/// The training items, for what is made from them before the first step or instead of steps.
struct FitRequest {
  const ModelSetup& setup;
  RowSource rows;                        // on the model's scale
  RowSource contexts = {};               // their conditions, in the same order; width 0: none
  std::span<const int32_t> labels = {};  // of the rows: places in data.classes; or none
  uint64_t seed = 0;
  /// Compiles a graph with the inputs "x", "context" and "label" (one-hot, as data.classes), for
  /// fits that go over the items many times: sums over the items of a batch are its outputs, as
  /// those that differentiate() gives. Absent where a model takes steps.
  std::function<ItemPass(const Graph&)> prepare = {};
  FitReport* report = nullptr;  // where the fit says what it has found; or nowhere
};

struct Parts {
  int64_t latent_dim = 0;  // Z; 0: no latent
  /// The code of an item: its posterior mean, or what stands for it. (B, Z)
  std::function<Value(const Given&)> code = {};
  std::function<Distribution(const Given&)> posterior = {};  // q(z|x)
  std::function<Distribution(const Given&)> prior = {};      // p(z), or p(z|context)
  /// Likelihood parameters: (B, P) for z (B, Z), (B, L, P) for z (B, L, Z).
  std::function<Value(Value z, const Given&)> decode = {};
  /// The exact log density of an item, (B), in models that have one.
  std::function<Value(const Given&)> log_prob = {};
  /// What validation compares where there is neither a density nor a reconstruction, (B): lower is
  /// better.
  std::function<Value(const Given&)> loss = {};
  /// Items of models that draw them without a latent, (B, D): one sweep over given.x, what the
  /// sweep before has drawn (at first zeros), with the same noise in all sweeps. Sweeps go on until
  /// nothing changes: one where values do not depend on each other, at most D + 1 where each
  /// depends on earlier ones. Source of the idea: Song et al. 2021, arXiv:2002.03629 (Jacobi
  /// iteration of autoregressive models).
  std::function<Value(const Given&)> draw = {};
  /// log p(class | x), (B, K), classes as in data.classes.
  std::function<Value(const Given&)> classify = {};
  std::function<Training(const Given&)> training = {};
  /// Replaces first values of parameters by others that follow from the data.
  std::function<void(const FitRequest&, NamedTensors& first)> initialise = {};
};

struct ModelDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  WithOptions<Parts(const ModelBuild&)> make = {};
  /// All parameters of a model that is fitted without steps; empty for others.
  WithOptions<NamedTensors(const FitRequest&)> fit = {};
  /// Bytes that `fit` works in for so many items, beside these and the parameters.
  uint64_t (*fit_bytes)(const ModelSetup& setup, int64_t num_items) = nullptr;
  /// Likelihoods that the model can have, the usual one first; empty: any.
  std::vector<std::string_view> likelihoods = {};
  /// A learned sigma is one number for all values, however each is rounded: see least_sigma().
  bool one_sigma = false;
  /// model.latent_dim says how many latents there are; else there are none, or other options say.
  bool takes_latent_dim = true;
  /// model.sigma says how wide the likelihood is; else the model has widths of its own, or none.
  bool takes_sigma = true;
  /// Is trained on the classes of items, too.
  bool needs_labels = false;
  /// The density that has to be fitted to the codes before items can be drawn, in models without a
  /// prior that are made for one.
  std::string_view sampler = {};
  /// Values that options take in this model unless the user sets them.
  std::vector<std::pair<std::string_view, std::string_view>> defaults = {};

  std::vector<BoundOption> options() const;
  bool allows(std::string_view likelihood) const;
};

namespace models {
#define ISTHMUS_ENTRY(name) ModelDef name();
#include "isthmus/builtin_models.inc"
#undef ISTHMUS_ENTRY
}  // namespace models

const Registry<ModelDef>& all_models();

/// The parts of the model that the setup names. Error E2003 for options, E2005 for a likelihood or
/// a sigma that the model cannot have.
Parts make_parts(const ModelBuild& b);

/// Error E2005 unless the model can have the likelihood.
void require_likelihood(const ModelDef& def, const std::string& likelihood);

/// What a model can do, asked of its rules.
struct Abilities {
  int64_t latent_dim = 0;
  bool encodes = false;           // encode
  bool decodes = false;           // latents to the parameters of the likelihood
  bool codes = false;             // encodes and decodes: reconstruct, interpolate
  bool elbo = false;              // has posterior and prior
  bool samples = false;           // items can be drawn: from a prior and a decoder, or at once
  bool draws_at_once = false;     // without a latent
  bool standard_prior = false;    // which is N(0, I)
  bool density = false;           // exact log density
  bool exact = false;             // which stands alone: its log p is what a bound is elsewhere
  bool loss = false;              // neither, but something that can be compared
  bool classifies = false;        // log probabilities of classes
  bool normal_posterior = false;  // with a mean and a log variance per latent
  /// Held-out items say something about the model.
  bool measurable() const { return elbo || codes || density || loss || classifies; }
};
Abilities abilities_of(const ModelSetup& setup);

}  // namespace isthmus
