# The terms of a model on data, and the gate.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --epochs 2 -o m -q
$ isthmus eval m table.csv --iwae 5
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
elbo     ... +- ... nats per item = -(reconstruction ... + kl ...)
units    elbo ... nats in the units of the data; the other numbers are of standardized values
iwae     ... +- ... nats per item, K = 5, effective samples ...
latents  ... of 2 active
mse      ... +- ... (lower is better)
mae      ... +- ... (lower is better)
$ isthmus eval m table.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus eval m table.csv --require "elbo>-1000" --require "reconstruction<1000" -q
$ isthmus eval m table.csv --require "elbo>1000" 2>&1 | tail -3
mae      ... +- ... (lower is better)
error[E7001]: elbo>1000 is not met: the value is ...
  hint: See the printed values.
$ isthmus eval m table.csv --require "elbo>1000" --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus eval m table.csv --require "elob>1"
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
error[E2003]: require = "elob>1": there is no number "elob"
  hint: did you mean elbo?
[2]
$ isthmus eval m table.csv --metrics mes
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
error[E2003]: metrics: there is no metric "mes"
  hint: did you mean "mse"? there are ...
[2]
$ isthmus eval m table.csv --metrics entropy -q
error[E2003]: metrics: there is no metric "entropy"
  hint: there are mse, mae, psnr, ssim, active_units
[2]
$ isthmus eval m table.csv --limit 10 --samples 3 2>&1 | grep data
data     table.csv: 10, 3 columns, f32
units    elbo ... nats in the units of the data; the other numbers are of standardized values
$ isthmus train table.csv --model ae --epochs 2 -o ae -q; isthmus eval ae table.csv --iwae 5
model    ae/model.safetensors: ae 3-128-2-128-3, relu, gaussian (sigma 1), 1,541 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
error[E2202]: iwae: ae has no posterior: there is no bound to compute
  hint: leave out --iwae
[2]

# Whose numbers they are is also said where there is no elbo.

$ isthmus train table.csv --model pca --latent 2 -o pca -q; for m in ae pca; do isthmus eval $m table.csv 2>/dev/null | grep -A1 ^units; done
units    the numbers are of standardized values, not in the units of the data
mse      ... +- ... (lower is better)
units    the numbers are of standardized values, not in the units of the data
mse      ... +- ... (lower is better)
$ isthmus train table.csv --model ae --scale none --epochs 2 -o plain -q; isthmus eval plain table.csv 2>/dev/null | grep -c ^units
0
[1]
