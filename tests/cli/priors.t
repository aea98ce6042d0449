# Learned priors, the posterior with covariances, and the importance-weighted model.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --model iwae --epochs 2 -o iwae -q && isthmus eval iwae table.csv --iwae 10 --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
$ isthmus train table.csv --prior mog --prior-components 3 --epochs 2 -o mog -q && isthmus sample mog -n 4 -o s.csv -q && wc -l < s.csv
5
$ isthmus train table.csv --prior vamp --prior-components 5 --epochs 2 -o vamp -q && isthmus sample vamp -n 4 -o v.csv -q && wc -l < v.csv
5
$ isthmus train table.csv --prior exemplar --epochs 2 -o exemplar -q && isthmus sample exemplar -n 4 -o e.csv -q && wc -l < e.csv
5
$ isthmus train table.csv --posterior full_covariance --epochs 2 -o full -q && isthmus encode full table.csv -o z.csv -q && wc -l < z.csv
301

# Draws depend on the seed and on the temperature alone.

$ isthmus sample vamp -n 4 -o a.csv -q && isthmus sample vamp -n 4 -o b.csv -q && cmp a.csv b.csv
$ isthmus sample vamp -n 4 --temperature 0.5 -o c.csv -q && cmp -s a.csv c.csv
[1]
$ isthmus sample vamp -n 4 --seed 3 -o d.csv -q && cmp -s a.csv d.csv
[1]

# Options belong to the definition that has them.

$ isthmus train table.csv --prior-components 3 --epochs 2 -o x -q
error[E2005]: model.prior_components has no effect on prior normal; it belongs to mog, vamp
  hint: leave it out, or add --prior mog
[2]
$ isthmus train table.csv --prior vamp --posterior full_covariance --epochs 2 -o x -q
error[E2005]: model.prior: prior vamp is a mixture of diagonal normals, which this posterior is not
  hint: use --posterior normal, or --prior mog
[2]
$ isthmus train table.csv --model iwae --prior exemplar --epochs 2 -o x -q
error[E2005]: objective.samples: prior exemplar takes one posterior draw per item
  hint: use --set objective.samples=1, or --prior vamp
[2]
$ isthmus train table.csv --model iwae --kl-warmup 3 --epochs 2 -o x -q
error[E2005]: objective.kl_warmup has no effect on iwae; it belongs to vae, ...
  hint: leave it out, or add --model vae
[2]
$ isthmus encode full table.csv --quantity mean_and_log_var -o y.csv -q
error[E2202]: quantity: vae has no posterior with a variance per latent
  hint: use --quantity mean or sample
[2]
$ isthmus train table.csv --prior vamp --free-bits 0.1 --epochs 2 -o x -q
error[E2005]: objective.free_bits counts the kl of each latent, which posterior normal with prior vamp does not have
  hint: leave it out, or use --kl-warmup
[2]

# Reconstruction, interpolation and the report are those of any model.

$ isthmus reconstruct vamp table.csv -o r.csv -q && isthmus interpolate exemplar table.csv --pairs 0:1 -o p.csv -q; isthmus report mog -o mog.html -q; ls mog.html
mog.html
