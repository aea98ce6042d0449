// SPDX-License-Identifier: Apache-2.0
// The texts of `isthmus help TOPIC`. What stands in a table elsewhere (formats, sets, errors,
// variables) is read from there.
#include "isthmus/base/env.h"
#include "isthmus/base/text.h"
#include "isthmus/base/warning_info.h"
#include "isthmus/cli/components.h"
#include "isthmus/cli/help.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/verbs/judge.h"

namespace isthmus {
namespace {

/// "  name    text", the text wrapped at `column`.
std::string item(std::string_view name, std::string_view text, size_t column) {
  return "  " + pad_right(name, column - 2) + wrap(text, 80, column).substr(column);
}

std::string formats_text() {
  std::string text = "Data are told by their content, never by their name alone.\n\n";
  for (const FormatDef& format : all_formats()) {
    text += item(format.name, format.summary, 10);
  }
  return text +
         "\n"
         "  isthmus train sales.csv                  a table; --columns, --exclude choose\n"
         "  isthmus train images.npy                 an array: first axis items\n"
         "  isthmus train set.npz::x --labels set.npz::y  arrays of numpy.savez\n"
         "  isthmus train digits.csv --shape 28x28   flat rows as images\n"
         "  isthmus train train-images-idx3-ubyte.gz IDX, labels found beside it\n"
         "  isthmus train photos/ --resize 64x64     PNG, JPEG; subfolders are classes\n"
         "  isthmus train 'part-*.csv'               several files of one shape\n"
         "\n"
         "Images may be grey or colour (--channels 1, 3), of mixed sizes (--resize), in\n"
         "arrays with channels first or last (--layout), flat (--shape). Data of eval,\n"
         "encode and others get the size of a model's images, which is said; grey becomes\n"
         "colour, or the reverse, with --channels only. 16 bits keep their numbers, but a\n"
         "model of 8 bits takes them divided by 257. Alpha is laid over white, JPEG is\n"
         "turned upright by its EXIF. CMYK is not read: save such JPEG as RGB or grey.\n"
         "\n"
         "CSV, NPY and IDX may be compressed with gzip. Written are: .png grids, .npy and\n"
         ".csv arrays, .jsonl lines, folders of PNGs (a path that ends in /), - for\n"
         "stdout, which then carries data and nothing else.\n";
}

std::string auto_text() {
  return "What is not set is chosen from the data and printed as `key value (reason)`.\n"
         "\n"
         "  kind        one or two axes: a table; three, or four with 1 or 3 at the end:\n"
         "              images (--as table|images says otherwise)\n"
         "  likelihood  two values (0 and 1, 0 and 255): bernoulli; grey images of whole\n"
         "              levels: bernoulli on grey values; images of reals in [0, 1]:\n"
         "              continuous_bernoulli; other images: gaussian with one learned\n"
         "              sigma; tables: gaussian with a sigma per column (ae: sigma 1,\n"
         "              the squared error)\n"
         "  scale       tables: mean 0 and deviation 1 per column; images of whole levels:\n"
         "              level / 255 (/ 15, / 4095: what the largest needs); images of\n"
         "              reals in [0, 1]: none; from the items that train, never from\n"
         "              those that validate; none for counts\n"
         "  hidden      128 up to 1,024 values per item, 256 up to 4,096, else 512\n"
         "  latent_dim  20; for tables a third of the columns, from 2 to 20, and at most\n"
         "              one for 16 items; of pca and ppca below the number of values\n"
         "  batch_size  512 from 20,000 items on, else 128; at most a tenth of the items\n"
         "  epochs      until validation has not gained for 10 epochs, or as many as make\n"
         "              500 steps (150 with fewer than 400 items); at most 500 epochs\n"
         "  clip        1 for tables of gaussian, laplace or poisson values, else none\n"
         "  threads     the CPUs that this process may use\n"
         "  memory      80 % of the smaller of RAM and the container's limit\n"
         "\n"
         "A score: bernoulli on grey values does not sum to 1 over the values that can\n"
         "occur. Its elbo ranks models of the same data, but it is no likelihood, and it\n"
         "cannot be compared with that of another likelihood. The floor of the data is\n"
         "the least reconstruction term that any model can reach.\n"
         "\n"
         "Whose density: the elbo of a scaled table is that of the standardized values.\n"
         "eval also prints it in the units of the data, which is what to compare models\n"
         "by that scale in different ways. Independent columns, in the object of train\n"
         "and in the report, are the least to be beaten: a run below them has a warning.\n";
}

std::string data_text() {
  std::string text =
      "DATA is a file, a folder, a pattern in quotes or a known name. It may end in\n"
      "@train or @test; a bare known name means @train for train and @test for all\n"
      "other commands. A known name wins over a file of that name; ./name is always the\n"
      "file.\n\n";
  for (const KnownSet& set : known_sets()) {
    text += "  " + pad_right(set.name, 16) + std::string(set.summary) + "\n";
  }
  return text + "\nNothing is ever downloaded: isthmus datasets says how to install a set.\n";
}

std::string errors_text() {
  std::string text =
      "The first digit of an error number is the exit status (8: 75). 1 bug in isthmus,\n"
      "2 usage, 3 data, 4 model file, 5 disk, memory, device or standard output\n"
      "(without a word when its reader left early, as head does), 6 diverged, 7 a\n"
      "condition was not met, 75 busy, 130 and 143 stopped by a signal after a\n"
      "checkpoint.\n\n";
  for (const ErrorInfo& info : all_error_infos()) {
    text += "  " + error_label(info.code) + "  " + std::string(info.summary) + "\n";
  }
  text += "\nA warning does not end the work; isthmus help W3408 says what to do.\n\n";
  for (const WarningInfo& info : all_warning_infos()) {
    text += item(warning_label(info), info.summary, 9);
  }
  return text;
}

std::string environment_text() {
  std::string text =
      "Every option can be set by a variable: key model.latent_dim is\n"
      "ISTHMUS_MODEL_LATENT_DIM. Later sources win: built-in, preset, --config FILE,\n"
      "ISTHMUS_ variables, flags and --set. An unknown ISTHMUS_ variable is an error.\n\n";
  for (const EnvVariable& variable : known_env_variables()) {
    text += item(variable.name, variable.meaning, 28);
  }
  return text;
}

std::string precision_text() {
  return "fp32: everything is float32, scalars of a step and sums over items float64.\n"
         "\n"
         "bf16: the operands of matrix products are rounded to bfloat16; weights,\n"
         "optimizer state, accumulation, likelihoods and sums stay float32. It is a little\n"
         "noisier: expect final terms within about one standard error of fp32.\n"
         "\n"
         "bf16 runs on every processor and for every width. It is faster where isthmus\n"
         "doctor shows bf16 behind the instruction set (AMX, AVX512-BF16); elsewhere its\n"
         "products run in float32, at the speed of fp32: there, stay with fp32.\n"
         "\n"
         "  isthmus train DATA --precision bf16\n"
         "  isthmus bench --quick      measures both here\n";
}

std::string determinism_text() {
  return "The same data, options and seed give the same weights, bit for bit, for any\n"
         "number of threads, and for a run that was stopped anywhere and resumed.\n"
         "weights_sha256 in run.json is the proof. Noise is a function of (seed, epoch,\n"
         "item), sums have a fixed order, and no decision depends on time: --time stops at\n"
         "a step boundary.\n"
         "\n"
         "Not promised: the same bits on another instruction set. Machines with the same\n"
         "arithmetic fingerprint (isthmus doctor) are expected to agree; a resume under\n"
         "another fingerprint warns.\n";
}

std::string metrics_text() {
  constexpr size_t kColumn = 22;
  std::string text =
      "isthmus eval MODEL DATA prints the terms and the metrics of reconstructions and\n"
      "codes that apply; --metrics A,B asks for some by name.\n\n";
  for (const MetricDef& metric : all_metrics()) {
    text += item(metric.name, metric.summary, kColumn);
  }
  text += "\nOnly when asked for, because they draw samples or compare all pairs of items:\n\n";
  for (const JudgeDef& metric : all_judgements()) {
    text += item(metric.name, metric.summary, kColumn);
  }
  return text +
         "\n"
         "Samples are held against the items given, in features: the codes of --features\n"
         "MODEL (a classifier of the labels, an autoencoder), else 64 principal components\n"
         "of the items. Each line names features, their hash and how many items: only\n"
         "numbers that agree in these may be compared, and none of them with those of the\n"
         "Inception network. A Frechet distance of few items is too large; what samples of\n"
         "one normal would have stands beside it.\n"
         "\n"
         "  isthmus eval runs/a fashion-mnist --metrics fid,precision,recall\n"
         "  isthmus eval runs/a fashion-mnist --metrics nearest_ratio \\\n"
         "    --train fashion-mnist@train\n";
}

}  // namespace

const std::vector<HelpTopic>& help_topics() {
  static const std::vector<HelpTopic> topics = {
      {"formats", "files that can be read and written, with examples", formats_text},
      {"auto", "what is chosen from the data, and why; what a score is", auto_text},
      {"data", "what DATA may be, known data sets", data_text},
      {"errors", "exit statuses, the numbers of errors and warnings", errors_text},
      {"environment", "variables, configuration files, who wins", environment_text},
      {"precision", "fp32 and bf16", precision_text},
      {"metrics", "what eval can measure, and with what", metrics_text},
      {"determinism", "same weights for any number of threads", determinism_text},
      {"components", "all models, likelihoods, ... with their options (Markdown)", components_page},
  };
  return topics;
}

}  // namespace isthmus
