# What is this? Planted faults are reported.

$ printf 'a,b,c\n1,2,7\n3,4.5,7\n1,2,7\n5,6,7\n' > t.csv; isthmus inspect t.csv --rows 1
data     t.csv: 4, 3 columns, f32, 48 B in memory
range    1 .. 7, mean 4.3750
doubles  25.0 % of the items occur before
constant c
columns  a                    integer  1 .. 5, mean 2.500, 3 distinct
         b                    real     2 .. 6, mean 3.625, 3 distinct
         c                    integer  7 .. 7, mean 7.000, 1 distinct
row      [1.0,2.0,7.0]
suggest  data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.latent_dim 2 (a third of 3 values per item, 2 to 20)
         model.likelihood gaussian (a table of numbers)
         model.arch mlp (tables)
         model.hidden 128 (3 values per item)
         model.init glorot_uniform (even steps in narrow tables and wide images alike)
         model.sigma per_dimension (tables)
         train.epochs auto (until early stopping, at most 500)
         train.batch_size 1 (4 items, at most a tenth of them)
         train.patience 38 (epochs auto; 150 steps, because an epoch is short)
         train.max_grad_norm 1 (a gaussian table: rare values have large gradients)
$ isthmus inspect t.csv --json | check_json.py
valid isthmus.inspect/1 x 1
$ printf 'a\n1\nx\n' > bad.csv; isthmus inspect t.csv bad.csv --json 2>/dev/null | check_json.py
valid isthmus.inspect/1 x 1
$ isthmus inspect bad.csv
error[E3104]: bad.csv:3:1:row 1: column "a" has text in 1 of 2 rows, first "x" in line 3
  hint: no column is left without them: mend the cells, or drop their rows
[3]
$ isthmus inspect bad.csv t.csv -q
error[E3104]: bad.csv:3:1:row 1: column "a" has text in 1 of 2 rows, first "x" in line 3
  hint: no column is left without them: mend the cells, or drop their rows
[3]
$ isthmus inspect nothing
error[E3001]: nothing: no such file or folder, and no known data set
  hint: check the path; known data sets: fashion-mnist, mnist
[3]
$ for i in 1 2 3 4 5 6 7 8 9; do cat t.csv | tail -4; done > rows.csv; isthmus train rows.csv --epochs 2 -o m -q
$ isthmus inspect m
run      m: done
model    vae 2-128-(2,2)-2-128-2, relu, gaussian (sigma per_dimension), 1,544 parameters
trained  on 32 items of rows, 2 epochs, 22 steps, seed 0
terms    elbo ..., reconstruction ..., kl ... nats per item
saved    m/checkpoints/step-000000022.safetensors
saved    m/checkpoints/step-000000011.safetensors
$ isthmus inspect m m/model.safetensors m/checkpoints/* m/config.toml --json | check_json.py
valid isthmus.inspect/1 x 1
$ isthmus inspect m/model.safetensors --header-only --sha256 | sed 's/sha256 .*/sha256   X/'
sha256   X
tensors  decoder/0/bias               F32 (128)
         decoder/0/weight             F32 (2, 128)
         decoder/1/bias               F32 (2)
         decoder/1/weight             F32 (128, 2)
         encoder/0/bias               F32 (128)
         encoder/0/weight             F32 (2, 128)
         encoder/1/bias               F32 (4)
         encoder/1/weight             F32 (128, 4)
         likelihood/log_sigma         F32 (2)
$ isthmus inspect m/config.toml
config   m/config.toml: ... keys, all known
