# What the models' options, conditions and data are refused for, beside what models.t, condition.t,
# priors.t, fitted.t, denoise.t and inpaint.t say.

$ awk 'BEGIN { print "x,y,size,kind"; for (i = 0; i < 300; i++) { k = i % 3; printf "%.4f,%.4f,%.3f,%s\n", 3 * k + sin(0.7 * i), k + sin(78 * i) / 5, 10 + sin(i), substr("redgrnblu", 3 * k + 1, 3) } }' > table.csv; cut -d, -f1-3 table.csv > num.csv
$ isthmus train num.csv --epochs 1 -o r -q

# An option without an owner among what was chosen: in flags, --set, files, and when a run goes on.

$ isthmus train num.csv --capacity 3 --momentum 0.4 --step-every 3 --corruption-level 0.2 --prior-components 4 --likelihood laplace --sigma 2 -o x -q
error[E2005]: model.prior_components has no effect on prior normal; it belongs to mog, vamp; model.sigma has no effect on likelihood laplace; it belongs to gaussian; model.corruption_level has no effect on corruption none; it belongs to gaussian, masking, salt_pepper, shot; objective.capacity has no effect on vae; it belongs to annealed_vae; optimizer.momentum has no effect on optimizer adam; it belongs to sgd; optimizer.step_every has no effect on schedule constant; it belongs to step
  hint: leave it out, or add --prior mog; add --likelihood gaussian; add --corruption gaussian; add --model annealed_vae; add --optimizer sgd; add --schedule step
[2]
$ isthmus train num.csv --set optimizer.momentum=0.4 -o x -q
error[E2005]: optimizer.momentum has no effect on optimizer adam; it belongs to sgd
  hint: leave it out, or add --optimizer sgd
[2]
$ printf '[model]\nprior_components = 5\n' > own.toml; isthmus train num.csv --config own.toml -o x -q
error[E2005]: model.prior_components has no effect on prior normal; it belongs to mog, vamp
  hint: leave it out, or add --prior mog
[2]
$ isthmus train --resume r --epochs 2 --beta 3 -q
error[E2005]: model.beta has no effect on vae; it belongs to beta_vae
  hint: leave it out, or add --model beta_vae
[2]
$ isthmus train --resume r --epochs 2 --config own.toml -q
error[E2005]: model.prior_components has no effect on prior normal; it belongs to mog, vamp
  hint: leave it out, or add --prior mog
[2]
$ isthmus train --resume r --epochs 2 --prior mog --prior-components 5 -q
error[E4403]: model.prior is normal in the run, mog was asked for
  hint: leave it out to go on as before, or start a new run
[4]
$ ls x
ls: cannot access 'x': No such file or directory
[2]

# A value that suits no owner: each says what it wants.

$ isthmus train num.csv --corruption gaussian --corruption-level 0 -o x -q
error[E2003]: --corruption-level "0" is out of range
  hint: gaussian: expected a number, greater than 0 (default 0.3); masking: expected a number, greater than 0 and less than 1 (default 0.25); salt_pepper: expected a number, greater than 0 and less than 1 (default 0.1); shot: expected a number, greater than 0 (default 0.2)
[2]
$ isthmus train num.csv --corruption salt_pepper --corruption-level nan -o x -q 2>&1 | head -1
error[E2003]: --corruption-level "nan" is not a number
$ isthmus train num.csv --corruption gaussian --corruption-level 1e300 -o x -q
error[E2003]: model.corruption_level = 1e+300 is noise of more than 10 times the range of the data (... to ... on the model's scale): nothing of an item is left
  hint: at most ...
[2]
$ isthmus train num.csv --corruption -o x -q 2>&1 | head -1
error[E2004]: --corruption needs a value

# Conditions: named once, given once, in range, and far from training with a warning.

$ isthmus train num.csv --condition x,x -o x -q
error[E2003]: data.condition = "x,x" names column "x" twice
  hint: name each column once
[2]
$ isthmus train num.csv --condition x,y,size -o x -q
error[E2005]: data.condition names all columns: no item is left
  hint: leave some out
[2]
$ isthmus train num.csv --condition size --epochs 1 -o s -q
$ isthmus sample s --given size=9,size=10 -o a.csv -q
error[E2003]: "size" is given twice
  hint: give each column one value
[2]
$ isthmus sample s --given size=1e300 -o a.csv -q
error[E2003]: size=1e300 is out of range: in training the column had mean ... and deviation ...
  hint: give a value near those of training
[2]
$ isthmus sample s --given size=nan -o a.csv -q
error[E2003]: size = "nan" is not a number
  hint: expected a number
[2]
$ isthmus sample s --given size=1000 -n 2 -o far-draws.csv 2>&1 | sed -n '2,3p'
warning[W3408]: the condition is far from those of training: "size" (in training ... +- ...)
  hint: check units and columns
$ sed 's/,10\./,9910./' num.csv > far.csv; isthmus eval s far.csv 2>&1 | grep -A1 '^warning'
warning[W3408]: the data are far from those of training: "size" (mean ..., in training ... +- ...)
  hint: check units and columns
$ awk -F, '{ print $3 "," $2 "," $1 }' num.csv > turned.csv; isthmus eval s turned.csv 2>/dev/null > a; isthmus eval s num.csv 2>/dev/null > b; cmp a b
$ isthmus train table.csv --labels kind --condition label --epochs 1 -o c -q
$ isthmus sample c --class 99 -o a.csv -q
error[E2003]: "99" is no condition of this model
  hint: the classes are blu, grn, red, or their numbers from 0
[2]
$ for verb in encode reconstruct; do isthmus $verb c table.csv -o a.npy -q 2>&1 | head -1; done
error[E3501]: table.csv: the model was trained with the class of an item as its condition, and the data have no labels
error[E3501]: table.csv: the model was trained with the class of an item as its condition, and the data have no labels
$ echo 1,0,1 > mask.csv; isthmus inpaint c table.csv --mask mask.csv -o a.csv -q 2>&1 | head -1
error[E3501]: table.csv: the model was trained with the class of an item as its condition, and the data have no labels
$ isthmus denoise c table.csv --noise gaussian --noise-level 0.3 -o a.csv -q 2>&1 | head -1
error[E3501]: table.csv: the model was trained with the class of an item as its condition, and the data have no labels
$ isthmus denoise c table.csv --labels kind --noise gaussian --noise-level 0.3 --draws 4 -o clear.csv -q && wc -l < clear.csv
301
$ isthmus train table.csv --labels kind --condition label --corruption gaussian --epochs 1 -o d -q && isthmus denoise d table.csv --labels kind --add gaussian -o b.csv -q && wc -l < b.csv
301

# Data that a likelihood cannot hold.

$ awk 'BEGIN { print "a,b"; for (i = 0; i < 60; i++) print i % 6 - 1 "," i % 5 + (i == 7) / 2 }' > odd.csv
$ for l in poisson negative_binomial categorical; do isthmus train odd.csv --likelihood $l -o x -q; done
error[E3404]: likelihood poisson needs counts, whole numbers from 0 on, but the data hold others: "a" (-1 to 4), "b" (0 to 4, not whole)
  hint: choose: --likelihood gaussian    or leave columns out: --exclude
error[E3404]: likelihood negative_binomial needs counts, whole numbers from 0 on, but the data hold others: "a" (-1 to 4), "b" (0 to 4, not whole)
  hint: choose: --likelihood gaussian    or leave columns out: --exclude
error[E3404]: likelihood categorical needs whole numbers, but the data hold others: "b" (0 to 4)
  hint: choose: --likelihood gaussian    or leave columns out: --exclude
[3]
$ isthmus train odd.csv --likelihood bernoulli -o x -q
error[E3404]: scaled (standardize) the data range from ... to ..., but likelihood bernoulli needs values from 0 to 1
  hint: scale them: --scale unit    or choose: --likelihood gaussian
[3]
$ awk 'BEGIN { print "a,b"; for (i = 0; i < 60; i++) print sin(i) "," i % 5 }' > reals.csv; isthmus train reals.csv --likelihood discretized_logistic -o x -q
error[E3404]: likelihood discretized_logistic needs whole numbers or a fixed number of decimals, but the data hold others: "a" (...)
  hint: choose: --likelihood gaussian    or leave columns out: --exclude
[3]
$ isthmus train reals.csv --model logistic_pca -o x -q
error[E3404]: scaled (standardize) the data range from ... to ..., but likelihood bernoulli needs values from 0 to 1
  hint: scale them: --scale unit    or choose another model: --model vae
[3]
$ sed '5s/[^,]*/nan/' reals.csv > nan.csv; isthmus train nan.csv -o x -q 2>&1 | head -1
error[E3401]: nan.csv:5:1:row 3: column "a" has values that are not finite in 1 of 60 rows, first "nan" in line 5

# Counts with noise below zero are still counts to the encoder.

$ awk 'BEGIN { print "a,b"; for (i = 0; i < 90; i++) print i * i % 7 "," i % 5 }' > counts.csv
$ for l in poisson negative_binomial; do isthmus train counts.csv --likelihood $l --corruption gaussian --corruption-level 2 --epochs 1 -o $l -q; done
$ sed '3s/.*/-3,-0.5/' counts.csv > noisy.csv; isthmus denoise poisson noisy.csv -o clean.csv -q; grep -c '^[0-9.]*,[0-9.]*$' clean.csv
90

# What a model does not have.

$ isthmus train num.csv --model pca -o p -q; isthmus eval p num.csv --samples 3 2>&1 | tail -2
error[E2005]: eval.samples has no effect on pca, which has no posterior to draw from
  hint: leave it out
$ isthmus train num.csv --model ae --prior mog -o x -q 2>&1 | head -1
error[E2005]: model.prior has no effect on ae; it belongs to vae, ...
$ isthmus inpaint r num.csv --mask mask.csv --steps 3 -o f.csv --deviation f.csv -q
error[E2005]: inpaint.deviation: -o and --deviation name the same file
  hint: give each a name of its own
[2]

# A mask that names its columns is read by name.

$ echo 1,0,1 > plain.csv; printf 'size,y,x\n1,0,1\n' > named.csv; for m in plain named; do isthmus inpaint r num.csv --mask $m.csv --steps 3 --draws 2 -n 5 -o $m-out.csv -q; done; cmp plain-out.csv named-out.csv
$ printf 'size,y,z\n1,0,1\n' > wrong.csv; isthmus inpaint r num.csv --mask wrong.csv -o x.csv -q
error[E3501]: wrong.csv: the mask lacks columns of the model: x
  hint: name its columns as those of the data, or leave the names out
[3]
$ ls x x.csv a.npy 2>&1 | wc -l
3
