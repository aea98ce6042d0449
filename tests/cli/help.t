# Help is on stdout, exits with 0 and is never dumped on an error.

$ isthmus --version | sed 's/(.*)/(build)/'
isthmus 0.1.0 (build)
$ isthmus -h 2>/dev/null | head -2
isthmus 0.1.0: generative autoencoders on your own data
usage    isthmus COMMAND [ARGUMENTS] [OPTIONS]
$ isthmus help
isthmus help TOPIC, isthmus help COMMAND, isthmus help E3104

  formats       files that can be read and written, with examples
  auto          what is chosen from the data, and why; what a score is
  data          what DATA may be, known data sets
  errors        exit statuses, the numbers of errors and warnings
  environment   variables, configuration files, who wins
  precision     fp32 and bf16
  metrics       what eval can measure, and with what
  determinism   same weights for any number of threads
  components    all models, likelihoods, ... with their options (Markdown)
$ isthmus help E3104
E3104 csv_not_a_number (exit status 3)
  A cell of a number column is not a number.
  what to do: Mend the cell or leave the column out with --exclude.
$ isthmus help W6002
W6002 code_ignored (a warning: the work goes on)
  The decoder ignores the code: kl is almost 0, and all samples look alike.
  what to do: Train with --kl-warmup 20 or --free-bits 0.1.
$ for topic in "" data train E3104 W3408; do isthmus help $topic --json | check_json.py; done
valid isthmus.help/1 x 1
valid isthmus.help/1 x 1
valid isthmus.help/1 x 1
valid isthmus.help/1 x 1
valid isthmus.help/1 x 1
$ isthmus help E9999
error[E2003]: there is no help on "E9999"
  hint: isthmus help lists the topics
[2]
$ isthmus help determinsm
error[E2003]: there is no help on "determinsm"
  hint: did you mean determinism?
[2]
$ isthmus help data | head -3
DATA is a file, a folder, a pattern in quotes or a known name. It may end in
@train or @test; a bare known name means @train for train and @test for all
other commands. A known name wins over a file of that name; ./name is always the
$ isthmus datasets -h
Known data sets: which are installed, how to install the others.
usage    isthmus datasets [OPTIONS]
example  isthmus datasets

      --search-path A,B   Folders of known data sets. (/usr/share/datasets)
      --json              Print one JSON object on stdout. (off)
  -q, --quiet             Print nothing but errors. (off)
      --config FILE       Read options from a TOML file. (none)
      --threads N         Threads. (auto)

Defaults stand in brackets; isthmus datasets --help shows all options.
$ isthmus help encode | head -2
Latents of items.
usage    isthmus encode MODEL DATA... [OPTIONS]
