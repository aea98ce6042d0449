# Training on a small table: choices with reasons, the run folder, resume, the same bits.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --epochs 3 --dry-run
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.latent_dim 2 (a third of 3 values per item, 2 to 20)
         model.likelihood gaussian (a table of numbers)
         model.arch mlp (tables)
         model.hidden 128 (3 values per item)
         model.init glorot_uniform (even steps in narrow tables and wide images alike)
         model.sigma per_dimension (tables)
         train.epochs 3 (flag)
         train.batch_size 27 (270 items, at most a tenth of them)
         train.patience none (a fixed number of epochs)
         train.max_grad_norm 1 (a gaussian table: rare values have large gradients)
         run.dry_run true (flag)
model    vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
layers   likelihood  parameter  (3)                            3
         encoder/0   linear     3 -> 128      relu           512
         encoder/1   linear     128 -> 4                     516
         decoder/0   linear     2 -> 128      relu           384
         decoder/1   linear     128 -> 3                     387
device   cpu, ..., fp32        memory about ...
dry run: nothing was written
$ isthmus train table.csv --epochs 3 -o runs/a
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.latent_dim 2 (a third of 3 values per item, 2 to 20)
         model.likelihood gaussian (a table of numbers)
         model.arch mlp (tables)
         model.hidden 128 (3 values per item)
         model.init glorot_uniform (even steps in narrow tables and wide images alike)
         model.sigma per_dimension (tables)
         train.epochs 3 (flag)
         train.batch_size 27 (270 items, at most a tenth of them)
         train.patience none (a fixed number of epochs)
         train.max_grad_norm 1 (a gaussian table: rare values have large gradients)
         run.out runs/a (flag)
model    vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
layers   likelihood  parameter  (3)                            3
         encoder/0   linear     3 -> 128      relu           512
         encoder/1   linear     128 -> 4                     516
         decoder/0   linear     2 -> 128      relu           384
         decoder/1   linear     128 -> 3                     387
device   cpu, ..., fp32        memory about ...
run      runs/a/  batch 27, 10 steps per epoch
warning[W6002]: the decoder ignores the code: kl is only ... nats per item
  hint: --kl-warmup 20 or --free-bits 0.1
done in 0:00:0...  3 epochs  validation elbo ... +- ... = -(reconstruction ... + kl ...), of standardized values (... in the units of the data), ... of 2 latents active
wrote    runs/a/  report.html  model.safetensors (...)
next     isthmus sample runs/a -n 100 -o more.csv
         isthmus eval runs/a table.csv --iwae 1000
$ ls runs/a
checkpoints
config.toml
eval.json
log.txt
look.json
metrics.csv
metrics.jsonl
model.safetensors
report.html
run.json
$ isthmus train table.csv --epochs 3 -o runs/a
error[E2006]: runs/a: the run folder is not empty (checkpoints is there)
  hint: choose another -o, or continue that run: isthmus train --resume runs/a
[2]
$ isthmus train table.csv --epochs 3 -q
$ ls runs
a
table-001
$ isthmus train table.csv --epochs 3 -o runs/b --json 2>/dev/null | check_json.py
valid isthmus.train/1 x 1
$ isthmus train table.csv --epochs 3 -o runs/c --threads 1 -q
$ cmp runs/a/model.safetensors runs/b/model.safetensors && cmp runs/a/model.safetensors runs/c/model.safetensors
$ isthmus train --resume runs/a --epochs 5 2>&1 | grep resumed
resumed  runs/a at step 30 (epoch 4), seed 0, data unchanged, arithmetic unchanged
$ isthmus train --resume runs/c --epochs 4 --threads 3 2>&1 | grep resumed
resumed  runs/c at step 30 (epoch 4), seed 0, data unchanged, arithmetic unchanged, threads 1 -> 3 (the same bits)
$ isthmus train runs/a -q
error[E3003]: runs/a: this is the folder of a run, not data
  hint: a run is a MODEL, which stands in front of DATA; to go on with it: isthmus train --resume runs/a
[3]
$ isthmus eval runs/a runs/a -q
error[E3003]: runs/a: this is the folder of a run, not data
  hint: a run is a MODEL, which stands in front of DATA; to go on with it: isthmus train --resume runs/a
[3]
$ check_json.py runs/a/run.json; check_json.py runs/a/eval.json; check_json.py runs/a/look.json
valid isthmus.run/1 x 1
valid isthmus.eval/1 x 1
valid isthmus.look/1 x 1
$ isthmus report runs/a --json | check_json.py
valid isthmus.report/1 x 1
$ isthmus train table.csv --epochs 5 -o runs/d -q && cmp runs/a/model.safetensors runs/d/model.safetensors
$ isthmus train --resume runs/a --latent 7 -q
error[E4403]: model.latent_dim is 2 in the run, 7 was asked for
  hint: leave it out to go on as before, or start a new run
[4]
$ isthmus train --resume runs/none
error[E3001]: runs/none: there is no run folder here
  hint: give the folder that train has printed
[3]
$ isthmus train table.csv -o table.csv/run -q
error[E5001]: table.csv: the folder does not exist: Not a directory
  hint: Create the folder first.
[5]
$ isthmus train table.csv --memory 1KiB -q
error[E5201]: table.csv: machine.memory: the first 42 rows of the table fill the memory limit, 1 KiB
  hint: use fewer items (--limit), or raise --memory
[5]
$ isthmus train table.csv --memory 1MiB -q
error[E5201]: training needs about ..., the limit is 1 MiB
  hint: lower --hidden 128; or use fewer items (--limit) or latents (--latent), or raise --memory
[5]
$ isthmus train table.csv --val 0 --patience 3 -q
error[E2005]: train.patience needs validation data, and data.val is 0
  hint: hold some out: --val 0.1
[2]
$ isthmus train table.csv --epochs 2 --progress jsonl -o runs/e 2>&1 >/dev/null | grep '^{' | check_json.py --lines
valid isthmus.progress/1 x ...
$ check_json.py --lines runs/a/metrics.jsonl
valid isthmus.metrics/1 x 11
$ printf '[train]\nepochs = "2"\n[model]\nhidden = [8]\n' > t.toml; ISTHMUS_MODEL_LATENT_DIM=2 isthmus train table.csv --config t.toml --set model.activation=tanh -o runs/f --json 2>/dev/null | python3 -c 'import json,sys
> for c in json.load(sys.stdin)["choices"]:
>     if c["origin"] not in ("built-in", "auto"): print(c["key"], c["value"], c["origin"])'
model.latent_dim 2 env
model.hidden 8 config
model.activation tanh flag
train.epochs 2 config
run.out runs/f flag
$ (head -n 6 table.csv; awk 'BEGIN { for (i = 0; i < 95; i++) print i / 7 "," i / 9 "," i / 5 }') > other.csv; isthmus train table.csv --val other.csv --epochs 1 -o runs/w 2>&1 | grep -A 1 W3405
warning[W3405]: 5.0 % of the validation items occur among the training items, too
  hint: the validation loss is lower than on new data: remove the doubles, or name other data with --val
$ for width in 1 17 200 500,33; do isthmus train table.csv --hidden $width --precision bf16 --epochs 1 -o runs/bf16-$width -q && echo $width; done
1
17
200
500,33
$ isthmus train table.csv --lr 1000 --epochs 3 -o runs/absurd -q 2>&1 | grep -v "^warning\|^  hint: if"; grep -o '"stop_reason": "[a-z]*"' runs/absurd/run.json; grep -c '"W6001"' runs/absurd/metrics.jsonl
error[E6001]: training diverged at step ...; three retries with half the learning rate did not help
  hint: use a lower --lr, a lower --clip, or look for extreme values: isthmus inspect DATA
"stop_reason": "diverged"
3
