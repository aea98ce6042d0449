# Models that are fitted in closed form have the verbs of all others, but no steps.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 + cos(5 * i) / 9 } }' > table.csv
$ isthmus train table.csv --model ppca -o p
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name ppca (flag)
         model.latent_dim 2 (a third of 3 values per item, 2 to 20)
         model.likelihood gaussian (a table of numbers)
         model.sigma learned (ppca)
         run.out p (flag)
model    ppca 3-(2,2)-2-3, gaussian (sigma learned), 14 parameters
layers   likelihood  parameter  (1)                            1
         ppca        parameter  (3, 2)                        13
device   cpu, ..., fp32        memory about ... of ...
run      p/
done in 0:00:0...  validation elbo -0.3 +- 0.2 = -(reconstruction -4.3 + kl 4.6), of standardized values (-0.3 in the units of the data), 2 of 2 latents active
wrote    p/  report.html  model.safetensors (2.1 KiB)
next     isthmus sample p -n 100 -o more.csv
         isthmus eval p table.csv --iwae 1000
$ isthmus eval p table.csv
model    p/model.safetensors: ppca 3-(2,2)-2-3, gaussian (sigma learned), 14 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
elbo     -0.05 +- 0.06 nats per item = -(reconstruction -4.50 + kl 4.56)
log p    -0.10 +- 0.04 nats per item, exact
units    elbo -0.06 nats in the units of the data; the other numbers are of standardized values
latents  2 of 2 active
mse      0.0011 +- 0.0000 (lower is better)
mae      0.0278 +- 0.0007 (lower is better)
$ isthmus eval p table.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus eval p table.csv --require "log_likelihood>-10" -q
$ isthmus train table.csv --model ppca -o q --json 2>/dev/null | check_json.py; for f in run eval look; do check_json.py q/$f.json; done; ls q
valid isthmus.train/1 x 1
valid isthmus.run/1 x 1
valid isthmus.eval/1 x 1
valid isthmus.look/1 x 1
config.toml
eval.json
log.txt
look.json
model.safetensors
report.html
run.json
$ isthmus encode p table.csv --quantity mean_and_log_var -o codes.csv -q; head -1 codes.csv
mean_0,mean_1,log_var_0,log_var_1
$ isthmus sample p -n 3 --quantity sample -o s.csv -q; wc -l < s.csv
4
$ isthmus interpolate p table.csv --pairs 0:1 -o i.csv -q; wc -l < i.csv
11
$ isthmus inspect p | head -4
run      p: done
model    ppca 3-(2,2)-2-3, gaussian (sigma learned), 14 parameters
trained  on 270 items of table, without steps
terms    elbo -0.31, reconstruction -4.29, kl 4.60 nats per item
$ isthmus train --resume p
error[E4401]: p: the run is complete: ppca is fitted without steps, there is none to go on with
  hint: use its model: isthmus eval RUN DATA
[4]
$ isthmus train table.csv --model ppca -o p
error[E2006]: p: the run folder is not empty (config.toml is there)
  hint: choose another -o, or remove what is there
[2]
$ isthmus train table.csv --config p/config.toml -o again -q && cmp p/model.safetensors again/model.safetensors

# pca is a code without a density.

$ isthmus train table.csv --model pca --latent 2 -o c -q
$ isthmus eval c table.csv
model    c/model.safetensors: pca 3-2-3, gaussian (sigma 1), 9 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
error    reconstruction 2.76 nats per item (gaussian)
units    the numbers are of standardized values, not in the units of the data
mse      0.0010 +- 0.0000 (lower is better)
mae      0.0239 +- 0.0007 (lower is better)
$ isthmus sample c -n 3 -o no.csv -q
error[E2202]: pca cannot be sampled: it has learned no distribution of its codes, so no draw of a code is worth more than another
  hint: fit one to its codes: isthmus fit-sampler MODEL DATA; or train a model that has one: isthmus train DATA --model vae
[2]
$ isthmus encode c table.csv -o z.csv -q && isthmus decode c z.csv -o d.csv -q && isthmus reconstruct c table.csv -o r.csv -q && cmp d.csv r.csv
$ isthmus train table.csv --model pca --dry-run
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name pca (flag)
         model.latent_dim 2 (a third of 3 values per item, 2 to 20)
         model.likelihood gaussian (a table of numbers)
         model.sigma 1 (pca: squared error, because there is no kl)
         run.dry_run true (flag)
model    pca 3-2-3, gaussian (sigma 1), 9 parameters
layers   pca  parameter  (3, 2)                         9
device   cpu, ..., fp32        memory about ... of ...
dry run: nothing was written

# Options without an effect are refused, all at once; so is what the data do not have.

$ isthmus train table.csv --model pca --epochs 3 --lr 0.1 --hidden 8 -o x
error[E2005]: train.epochs, optimizer.learning_rate have no effect on pca, which is fitted without steps; model.hidden has no effect on pca; it belongs to ae, ...
  hint: leave it out, or add --model ae
[2]
$ isthmus train table.csv --model pca --likelihood bernoulli -o x
error[E2005]: model.likelihood: model pca does not go with likelihood bernoulli
  hint: --likelihood gaussian, or leave it out
[2]
$ isthmus train table.csv --model pca --sigma learned -o x
error[E2005]: model.sigma learned has no effect on pca, which minimises the squared error
  hint: give a number, or take --model ppca, whose sigma is fitted
[2]
$ isthmus train table.csv --model ppca --latent 3 -o x 2>&1 | grep -A1 '^error'
error[E2202]: model.latent_dim: 3 components leave no noise: the density has no maximum
  hint: --latent 2, a --sigma of your own, or --model pca
$ awk 'BEGIN { print "a,b,c"; for (i = 0; i < 40; i++) print i "," 2 * i "," 3 * i }' > line.csv; isthmus train line.csv --model pca --latent 2 -o x2 2>&1 | grep -A1 '^error'
error[E2003]: model.latent_dim: --latent 2: the 36 training items of 3 values vary in 1 direction only
  hint: at most --latent 1 for these data

# logistic_pca takes steps, and goes on as any model.

$ awk 'BEGIN { print "a,b,c,d"; for (i = 0; i < 200; i++) print i % 2 "," (i + (i % 9 == 0)) % 2 "," (int(i / 2) % 2) "," (int(i / 2) + (i % 7 == 0)) % 2 }' > bits.csv
$ isthmus train bits.csv --model logistic_pca --epochs 2 -o l -q && isthmus train --resume l --epochs 4 -q && isthmus train bits.csv --model logistic_pca --epochs 4 -o m -q && cmp l/model.safetensors m/model.safetensors
$ isthmus eval l bits.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
