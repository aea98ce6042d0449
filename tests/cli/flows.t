# Models without codes that are trained by steps: exact densities (made, real_nvp, maf), which say log
# p; a velocity field, which has a loss; and a generator, which has nothing but its draws.

$ awk 'BEGIN { print "x,y,size"; for (i = 0; i < 300; i++) { k = i % 3; printf "%.4f,%.4f,%.3f\n", 3 * k + sin(0.7 * i), k + sin(78 * i) / 5, 10 + sin(i) } }' > table.csv
$ isthmus train table.csv --model made --hidden 32 --epochs 3 -o made
data     table.csv: 270 train + 30 validation, 3 columns, f32
choice   data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name made (flag)
         model.likelihood gaussian (a table of numbers)
         model.hidden 32 (flag)
         train.epochs 3 (flag)
         train.batch_size 27 (270 items, at most a tenth of them)
         train.patience none (a fixed number of epochs)
         train.max_grad_norm 1 (a gaussian table: rare values have large gradients)
         run.out made (flag)
model    made 3-32, relu, gaussian, 326 parameters
layers   made/0  linear     3 -> 32       relu           128
         made/1  linear     32 -> 6                      198
device   cpu, ..., fp32        memory about ... of ...
run      made/  batch 27, 10 steps per epoch
done in 0:00:0...  3 epochs  validation log p -4.2 +- 0.2, of standardized values (-4.6 in the units of the data)
wrote    made/  report.html  model.safetensors (...)
next     isthmus sample made -n 100 -o more.csv
         isthmus eval made table.csv
$ isthmus eval made table.csv
model    made/model.safetensors: made 3-32, relu, gaussian, 326 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
log p    -4.20 +- 0.05 nats per item, exact
units    log p -4.60 nats in the units of the data; the other numbers are of standardized values
$ isthmus inspect made | head -4
run      made: done
model    made 3-32, relu, gaussian, 326 parameters
trained  on 270 items of table, 3 epochs, 30 steps, seed 0
terms    log p -4.19 nats per item
$ for m in real_nvp maf flow_matching; do isthmus train table.csv --model $m --hidden 8 --epochs 3 -o $m -q && isthmus sample $m -n 4 -o $m.csv -q && wc -l < $m.csv; done
5
5
5
$ isthmus eval flow_matching table.csv
model    flow_matching/model.safetensors: flow_matching 3-8, silu, gaussian, 187 parameters
data     table.csv: 300, 3 columns, f32
device   cpu, ..., fp32
loss     2...  (lower is better)
$ isthmus train table.csv --model gan --epochs 3 -o gan
data     table.csv: 300 train, 3 columns, f32
choice   data.val 0 (gan)
         data.scale standardize (a table: mean 0 and deviation 1 per column)
         model.name gan (flag)
         model.latent_dim 64 (gan)
         model.likelihood gaussian (a table of numbers)
         model.arch mlp (tables)
         model.hidden 256 (gan)
         model.activation leaky_relu (gan)
         model.init glorot_uniform (even steps in narrow tables and wide images alike)
         train.epochs 3 (flag)
         train.batch_size 30 (300 items, at most a tenth of them)
         train.patience none (a fixed number of epochs)
         train.max_grad_norm 1 (a gaussian table: rare values have large gradients)
         optimizer.learning_rate 5e-04 (gan)
         optimizer.beta1 0.5 (gan)
         run.out gan (flag)
model    gan 64-256-3, leaky_relu, gaussian, 18,692 parameters
layers   decoder/0  linear     64 -> 256     leaky_relu    16,640
         decoder/1  linear     256 -> 3                     771
         critic/0   linear     3 -> 256      leaky_relu     1,024
         critic/1   linear     256 -> 1                     257
device   cpu, ..., fp32        memory about ... of ...
run      gan/  batch 30, 10 steps per epoch
done in 0:00:0...  3 epochs  training generator ..., critic ..., critic_slope ...
wrote    gan/  report.html  model.safetensors (...)
next     isthmus sample gan -n 100 -o more.csv
         isthmus train --resume gan --epochs 6
$ isthmus sample gan -n 4 -o gan.csv -q; wc -l < gan.csv
5
$ isthmus eval gan table.csv -q
error[E2202]: model.name: gan has neither a likelihood nor codes: nothing of it can be measured on items
  hint: its draws can be: isthmus sample MODEL -n 1000 -o draws.npy
[2]
$ isthmus train table.csv --model gan --val 0.1 -o no -q
error[E2005]: data.val has no use: gan has no number that held-out items could give
  hint: leave it out, and look at the samples
[2]
$ for m in made flow_matching gan; do head -1 $m/metrics.csv | cut -d, -f10-; check_json.py $m/run.json; done
val_reconstruction,val_kl
valid isthmus.run/1 x 1
val_reconstruction,val_kl,loss,val_loss
valid isthmus.run/1 x 1
val_reconstruction,val_kl,generator,critic,critic_slope
valid isthmus.run/1 x 1
$ isthmus eval made table.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus eval flow_matching table.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus train table.csv --model made --hidden 8 --target "log_prob>-99" --epochs 9 -o target -q --json | grep -o '"stop_reason":"[a-z]*"'
"stop_reason":"target"
$ isthmus encode made table.csv -o codes.csv -q
error[E2202]: model.name: made has no codes: there is nothing to encode
  hint: use a model that has them: --model vae, --model pca
[2]
$ isthmus reconstruct real_nvp table.csv -o r.csv -q
error[E2202]: model.name: real_nvp has no codes: there is nothing to reconstruct
  hint: use a model that has them: --model vae, --model pca
[2]
$ isthmus train table.csv --model real_nvp --sigma 0.5 -o no -q
error[E2005]: model.sigma has no effect on real_nvp, which has no such width
  hint: leave it out
[2]
$ isthmus train table.csv --model maf --latent 2 -o no -q
error[E2005]: model.latent_dim has no effect on maf, whose size it does not decide
  hint: leave it out
[2]
