# Densities without a network, and classifiers: fitted as pca is, most of them without codes.

$ awk 'BEGIN { print "a,b,c,d,kind"; for (i = 0; i < 200; i++) print i % 2 "," (i + (i % 9 == 0)) % 2 "," (int(i / 2) % 2) "," (int(i / 2) + (i % 7 == 0)) % 2 "," (i % 2 ? "odd" : "even") }' > bits.csv
$ awk 'BEGIN { print "length,width,weight,kind"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f,%s\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 + cos(5 * i) / 9, (l > 5 ? "long" : "short") } }' > table.csv
$ isthmus train bits.csv --exclude kind --model chow_liu -o t
warning[W3405]: 100.0 % of the validation items occur among the training items, too
  hint: the validation loss is lower than on new data: remove the doubles, or name other data with --val
data     bits.csv: 180 train + 20 validation, 4 columns, u8
choice   data.exclude kind (flag)
         data.scale none (all values are 0 or 1)
         model.name chow_liu (flag)
         model.likelihood bernoulli (all values are 0 or 1)
         run.out t (flag)
model    chow_liu 4, bernoulli, 12 parameters
layers   tree  parameter  (4)                           12
device   cpu, ..., fp32        memory about ... of ...
run      t/
done in 0:00:0...  validation log p -2.3 +- 0.2, floor of the data 0.0
wrote    t/  report.html  model.safetensors (1.9 KiB)
next     isthmus sample t -n 100 -o more.csv
         isthmus eval t bits.csv --exclude kind
$ isthmus eval t bits.csv
model    t/model.safetensors: chow_liu 4, bernoulli, 12 parameters
data     bits.csv: 200, 4 columns, u8
device   cpu, ..., fp32
log p    -2.16 +- 0.06 nats per item, exact
floor    0.00 nats: the least reconstruction term that any model can reach
bits     0.7792 per value
$ isthmus inspect t | head -4
run      t: done
model    chow_liu 4, bernoulli, 12 parameters
trained  on 180 items of bits, without steps
terms    log p -2.31 nats per item
$ isthmus sample t -n 3 -o s.csv -q; head -1 s.csv; tail -n +2 s.csv | wc -l
a,b,c,d
3
$ isthmus encode t bits.csv -o z.csv
model    t/model.safetensors: chow_liu 4, bernoulli, 12 parameters
data     bits.csv: 200, 4 columns, u8
error[E2202]: model.name: chow_liu has no codes: there is nothing to encode
  hint: use a model that has them: --model vae, --model pca
[2]
$ isthmus reconstruct t bits.csv -o r.csv
model    t/model.safetensors: chow_liu 4, bernoulli, 12 parameters
data     bits.csv: 200, 4 columns, u8
error[E2202]: model.name: chow_liu has no codes: there is nothing to reconstruct
  hint: use a model that has them: --model vae, --model pca
[2]
$ isthmus eval t bits.csv --iwae 10
model    t/model.safetensors: chow_liu 4, bernoulli, 12 parameters
data     bits.csv: 200, 4 columns, u8
device   cpu, ..., fp32
error[E2202]: iwae: chow_liu has no posterior: there is no bound to compute
  hint: leave out --iwae
[2]
$ isthmus train --resume t
error[E4401]: t: the run is complete: chow_liu is fitted without steps, there is none to go on with
  hint: use its model: isthmus eval RUN DATA
[4]
$ isthmus train table.csv --exclude kind --model independent -o i -q; isthmus eval i table.csv
model    i/model.safetensors: independent 3, gaussian (sigma per_dimension), 6 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
log p    -4.26 +- 0.06 nats per item, exact
units    log p -4.27 nats in the units of the data; the other numbers are of standardized values
$ isthmus eval i table.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus train table.csv --exclude kind --model chow_liu -o x
error[E3404]: scaled (standardize) the data range from -1.7208217 to 1.6277963, but likelihood bernoulli needs values from 0 to 1
  hint: scale them: --scale unit    or choose another model: --model vae
[3]

# Models that learn the classes of items.

$ isthmus train table.csv --labels kind --model naive_bayes -o n
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.labels kind (flag)
         data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name naive_bayes (flag)
         model.likelihood gaussian (a table of numbers)
         run.out n (flag)
model    naive_bayes 3, 2 classes, gaussian, 14 parameters
layers   classes  parameter  (2, 3)                        14
device   cpu, ..., fp32        memory about ... of ...
run      n/
done in 0:00:0...  validation log p -2.5 +- 0.3, of standardized values (-2.5 in the units of the data)
wrote    n/  report.html  model.safetensors (2 KiB)
next     isthmus sample n -n 100 -o more.csv
         isthmus eval n table.csv --labels kind
$ isthmus eval n table.csv --labels kind
model    n/model.safetensors: naive_bayes 3, 2 classes, gaussian, 14 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
log p    -2.52 +- 0.08 nats per item, exact
units    log p -2.53 nats in the units of the data; the other numbers are of standardized values
accuracy 0.9900 +- 0.0058 (higher is better)
$ isthmus eval n table.csv --labels kind --require "accuracy>0.9" -q
$ isthmus train table.csv --labels kind --model logistic_regression -o l
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.labels kind (flag)
         data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name logistic_regression (flag)
         model.likelihood gaussian (a table of numbers)
         run.out l (flag)
model    logistic_regression 3, 2 classes, 8 parameters
layers   classes  parameter  (2, 3)                         8
device   cpu, ..., fp32        memory about ... of ...
run      l/
done in 0:00:0...
wrote    l/  report.html  model.safetensors (1.9 KiB)
next     isthmus eval l table.csv --labels kind
$ isthmus eval l table.csv --labels kind
model    l/model.safetensors: logistic_regression 3, 2 classes, 8 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
accuracy 0.9900 +- 0.0058 (higher is better)
$ isthmus inspect l | head -4
run      l: done
model    logistic_regression 3, 2 classes, 8 parameters
trained  on 270 items of table, without steps
$ isthmus eval l table.csv --labels kind --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus sample l -n 3 -o x.csv
model    l/model.safetensors: logistic_regression 3, 2 classes, 8 parameters
error[E2202]: logistic_regression cannot be sampled: it has learned no distribution of its codes, so no draw of a code is worth more than another
  hint: fit one to its codes: isthmus fit-sampler MODEL DATA; or train a model that has one: isthmus train DATA --model vae
[2]
$ isthmus train bits.csv --labels kind --model naive_bayes -o m -q; isthmus encode m bits.csv -o c.csv -q; head -1 c.csv
z0,z1
$ isthmus train table.csv --exclude kind --model naive_bayes -o x
error[E2005]: data.labels: model naive_bayes learns the classes of items, but table.csv has no labels
  hint: name them: --labels FILE, or a column of the table
[2]
$ awk -F, 'NR == 1 || /long/' table.csv > one.csv; isthmus train one.csv --labels kind --model logistic_regression -o x
error[E2202]: data.labels: all training items are of one class, long: there is nothing to tell apart
  hint: take items of two classes at least, or a model without classes
[2]
$ isthmus train table.csv --labels kind --model naive_bayes --sigma 2 -o x
error[E2005]: model.sigma has no effect on naive_bayes, which has no such width
  hint: leave it out
[2]
$ isthmus train bits.csv --labels kind --model naive_bayes --latent 2 -o x
warning[W3405]: 100.0 % of the validation items occur among the training items, too
  hint: the validation loss is lower than on new data: remove the doubles, or name other data with --val
error[E2005]: model.latent_dim has no effect on naive_bayes, whose size it does not decide
  hint: leave it out
[2]
