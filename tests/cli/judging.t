# What simple densities reach, a sampler of codes, metrics of samples, and a diagnosis.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 600; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 + cos(5 * i) / 9 } }' > table.csv
$ isthmus train table.csv --model vae --epochs 3 -o v -q
$ isthmus baselines table.csv v --only independent,ppca --iwae 10 -o b --json 2>/dev/null | check_json.py
valid isthmus.baselines/1 x 1
$ ls b
baselines.html
independent
ppca
$ isthmus baselines table.csv v v2.safetensors
error[E2005]: v2.safetensors: two models are given
  hint: one: isthmus compare shows several models side by side
[2]
$ isthmus baselines v
error[E2004]: baselines needs DATA to fit the neighbours to
  hint: isthmus baselines fashion-mnist v
[2]
$ isthmus fit-sampler v table.csv --sampler gmm -o with.safetensors --json 2>/dev/null | check_json.py
valid isthmus.sampler/1 x 1
$ mkdir mine.safetensors.samplers; echo mine > mine.safetensors.samplers/note; isthmus fit-sampler v table.csv --sampler gmm -o mine.safetensors -q; ls mine.safetensors*
mine.safetensors

mine.safetensors.samplers:
note
$ isthmus sample with.safetensors -n 3 -o drawn.csv -q; wc -l < drawn.csv
4
$ isthmus sample with.safetensors -n 3 --sampler prior -o other.csv -q; cmp -s drawn.csv other.csv || echo other draws
other draws
$ isthmus fit-sampler v table.csv --sampler none -o no.safetensors -q
error[E2003]: "none" is no sampler
  hint: one of auto, gmm, kde, real_nvp, maf, flow_matching, two_stage
[2]
$ isthmus fit-sampler v table.csv --limit 100 -o no.safetensors -q
error[E3403]: a sampler is fitted to nine tenths of the items and ranked on the rest: 100 items are too few
  hint: give at least 400
[3]
$ isthmus fit-sampler v table.csv -o with.safetensors -q
error[E2006]: with.safetensors: it is there already
  hint: name another file
[2]
$ isthmus eval v table.csv --drawn 400 --metrics fid,kid,precision,recall,density,coverage,c2st,prior_hole_auroc,mutual_information,aggregate_kl,total_correlation,dimension_kl --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus eval v table.csv --metrics nearest_ratio -q
error[E2004]: nearest_ratio compares samples with the training items, which are not named
  hint: --train DATA
[2]
$ isthmus eval v table.csv --metrics classifier_score -q
error[E2202]: classifier_score needs features that are a classifier's
  hint: --features MODEL of isthmus train DATA --model classifier
[2]
$ isthmus eval v table.csv --metrics knn_probe -q
error[E2202]: metrics: knn_probe needs labels, and the data have none
  hint: name them: --labels FILE, or a column of the table
[2]
$ isthmus eval v table.csv --limit 3 --metrics fid --drawn 20 -q
error[E3403]: a Frechet distance needs at least 40 items of each kind, there are 3
  hint: draw more samples, or give more data
[3]
$ isthmus diagnose v --json 2>/dev/null | check_json.py
valid isthmus.diagnose/1 x 1
$ isthmus diagnose with.safetensors -q
error[E2004]: with.safetensors: this is no run folder, so DATA has to be given
  hint: isthmus diagnose MODEL DATA
[2]
$ isthmus train table.csv --model gmm --components 5000 -o no -q
error[E2003]: model.components = "5000" is out of range
  hint: expected an integer, between 1 and 4096
[2]
