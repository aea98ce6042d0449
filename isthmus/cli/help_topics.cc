// SPDX-License-Identifier: Apache-2.0
// The texts of `isthmus help TOPIC`. What stands in a table elsewhere (formats, sets, errors,
// variables) is read from there.
#include "isthmus/base/env.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/help.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/known_sets.h"

namespace isthmus {
namespace {

std::string formats_text() {
  std::string text = "Data are told by their content, never by their name alone.\n\n";
  for (const FormatDef& format : all_formats()) {
    text += "  " + pad_right(format.name, 8) + std::string(format.summary) + "\n";
  }
  return text +
         "\n"
         "  isthmus train sales.csv                  a table; columns by --columns, --exclude\n"
         "  isthmus train images.npy                 an array: first axis items\n"
         "  isthmus train train-images-idx3-ubyte.gz IDX, labels found beside it\n"
         "  isthmus train photos/                    PNG images; subfolders are classes\n"
         "  isthmus train 'part-*.csv'               several files of one shape\n"
         "\n"
         "CSV, NPY and IDX may be compressed with gzip. Written are: .png grids, .npy and .csv\n"
         "arrays, .jsonl lines, folders of PNGs (a path that ends in /), - for stdout.\n";
}

std::string auto_text() {
  return "What is not set is chosen from the data and printed as `key value (reason)`.\n"
         "\n"
         "  likelihood  all values 0 or 1: bernoulli; grey bytes: bernoulli on grey values;\n"
         "              reals in [0, 1]: continuous_bernoulli; other images: gaussian with\n"
         "              one learned sigma; tables: gaussian with a sigma per column\n"
         "  scale       bytes / 255; tables: mean 0 and deviation 1; reals in [0, 1]: none\n"
         "  hidden      128 up to 1,024 values per item, 256 up to 4,096, else 512\n"
         "  latent_dim  20; for tables a third of the columns, from 2 to 20\n"
         "  batch_size  512 from 20,000 items on, else 128; at most a tenth of the items\n"
         "  epochs      until validation has not gained for 10 epochs, at most 500\n"
         "  threads     the CPUs that this process may use\n"
         "  memory      80 % of the smaller of RAM and the container's limit\n"
         "\n"
         "A score: bernoulli on grey values does not sum to 1 over the values that can occur.\n"
         "Its elbo ranks models of the same data, but it is no likelihood, and it cannot be\n"
         "compared with that of another likelihood. The floor of the data is the least\n"
         "reconstruction term that any model can reach.\n";
}

std::string data_text() {
  std::string text =
      "DATA is a file, a folder, a pattern in quotes or a known name. It may end in @train\n"
      "or @test; a bare known name means @train for train and @test for all other commands.\n"
      "A known name wins over a file of that name; ./name is always the file.\n\n";
  for (const KnownSet& set : known_sets()) {
    text += "  " + pad_right(set.name, 16) + std::string(set.summary) + "\n";
  }
  return text + "\nNothing is ever downloaded: isthmus datasets says how to install a set.\n";
}

std::string errors_text() {
  std::string text =
      "The first digit of an error number is the exit status (8: 75). 1 bug in isthmus,\n"
      "2 usage, 3 data, 4 model file, 5 disk, memory or device, 6 diverged, 7 a condition\n"
      "was not met, 75 busy, 130 and 143 stopped by a signal after a checkpoint.\n\n";
  for (const ErrorInfo& info : all_error_infos()) {
    text += "  " + error_label(info.code) + "  " + std::string(info.summary) + "\n";
  }
  return text;
}

std::string environment_text() {
  std::string text =
      "Every option can be set by a variable: key model.latent_dim is\n"
      "ISTHMUS_MODEL_LATENT_DIM. Later sources win: built-in, preset, --config FILE,\n"
      "ISTHMUS_ variables, flags and --set. An unknown ISTHMUS_ variable is an error.\n\n";
  for (const EnvVariable& variable : known_env_variables()) {
    text += "  " + pad_right(variable.name, 26) + std::string(variable.meaning) + "\n";
  }
  return text;
}

std::string precision_text() {
  return "fp32: everything is float32, scalars of a step and sums over items float64.\n"
         "\n"
         "bf16: the operands of matrix products are rounded to bfloat16; weights, optimizer\n"
         "state, accumulation, likelihoods and sums stay float32. Faster where the processor\n"
         "has AMX or AVX512-BF16 (isthmus doctor), and a little noisier: expect final terms\n"
         "within about one standard error of fp32.\n"
         "\n"
         "  isthmus train DATA --precision bf16\n"
         "  isthmus bench --quick      measures both here\n";
}

std::string determinism_text() {
  return "The same data, options and seed give the same weights, bit for bit, for any number\n"
         "of threads, and for a run that was stopped anywhere and resumed. weights_sha256 in\n"
         "run.json is the proof. Noise is a function of (seed, epoch, item), sums have a\n"
         "fixed order, and no decision depends on time: --time stops at a step boundary.\n"
         "\n"
         "Not promised: the same bits on another instruction set. Machines with the same\n"
         "arithmetic fingerprint (isthmus doctor) are expected to agree; a resume under\n"
         "another fingerprint warns.\n";
}

}  // namespace

const std::vector<HelpTopic>& help_topics() {
  static const std::vector<HelpTopic> topics = {
      {"formats", "files that can be read and written, with examples", formats_text},
      {"auto", "what is chosen from the data, and why; what a score is", auto_text},
      {"data", "what DATA may be, known data sets", data_text},
      {"errors", "exit statuses and all error numbers", errors_text},
      {"environment", "variables, configuration files, who wins", environment_text},
      {"precision", "fp32 and bf16", precision_text},
      {"determinism", "same weights for any number of threads", determinism_text},
  };
  return topics;
}

}  // namespace isthmus
