# Relatives of the autoencoder and of the vae: adversarial, kernel and sliced distances to the
# prior, small codes, a capacity for kl; an optimal sigma, and running means of the weights.

$ awk 'BEGIN { print "x,y,size"; for (i = 0; i < 300; i++) { k = i % 3; printf "%.4f,%.4f,%.3f\n", 3 * k + sin(0.7 * i), k + sin(78 * i) / 5, 10 + sin(i) } }' > table.csv
$ for m in aae wae_mmd swae info_vae annealed_vae; do isthmus train table.csv --model $m --epochs 3 -o $m -q && isthmus sample $m -n 4 -o $m.csv -q && wc -l < $m.csv; done
5
5
5
5
5
$ for m in aae wae_mmd swae; do head -1 $m/metrics.csv | cut -d, -f12-; done
critic,critic_slope,adversarial
mmd
sliced_wasserstein
$ isthmus eval aae table.csv --json -q | check_json.py
valid isthmus.eval/1 x 1
$ isthmus train table.csv --model rae_l2 --epochs 3 -o rae -q
$ isthmus sample rae -n 4 -o rae.csv -q
error[E2202]: rae_l2 has no prior: its samples come from a mixture of 10 normals that is fitted to the codes of its training items
  hint: isthmus fit-sampler MODEL DATA --sampler gmm
[2]
$ isthmus train table.csv --model info_vae --set model.lambda=0.5 -o no -q
error[E2003]: model.alpha + model.lambda = 0.5 is not above 1: the distance between codes and prior would grow
  hint: a larger model.lambda
[2]
$ isthmus train table.csv --model vae --set model.kernel=rbf -o no -q
error[E2005]: model.kernel has no effect on vae; it belongs to wae_mmd, info_vae
  hint: leave it out, or add --model wae_mmd
[2]
$ isthmus train table.csv --kl-cycles 4 -o no -q
error[E2005]: objective.kl_cycles needs a warm-up to repeat
  hint: add --kl-warmup 5, or leave it out
[2]
$ isthmus train table.csv --model wae_mmd --target "mmd<9" --epochs 9 -o target -q --json | grep -o '"stop_reason":"[a-z]*"'
"stop_reason":"target"
$ isthmus train table.csv --model wae_mmd --target "elbo>0" -o no -q
error[E2003]: train.target = "elbo>0": there is no number "elbo"
  hint: known: reconstruction, mmd
[2]
$ isthmus train table.csv --sigma optimal --ema 0.99 --epochs 3 -o ema -q && isthmus eval ema table.csv -q
