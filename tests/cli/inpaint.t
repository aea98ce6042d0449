# Missing values filled in, and larger images from small ones.

$ (printf '\0\0\010\003\0\0\0\310\0\0\0\010\0\0\0\010'; awk 'BEGIN { for (i = 0; i < 12800; i++) printf "%c", 32 + (i * i + 7 * int(i / 64)) % 90 }') > images.idx
$ isthmus train images.idx --epochs 2 --latent 3 --likelihood gaussian -o m -q
$ awk 'BEGIN { for (r = 0; r < 8; r++) print (r < 4 ? "1,1,1,1,1,1,1,1" : "0,0,0,0,0,0,0,0") }' > upper.csv
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 3 -n 6 -o r.png 2>/dev/null
missing  192 of 384 values of 6 items
chains   3 per item, 20 steps; accepted: ... % of the local moves, ... % of the encoder's
mixing   R-hat ... (median item), ... independent draws per item
wrote    r.png (...)
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 19 -n 6 --truth images.idx --means images.idx -o t.png 2>/dev/null
missing  192 of 384 values of 6 items
chains   19 per item, 20 steps; accepted: ... % of the local moves, ... % of the encoder's
mixing   R-hat ... (median item), ... independent draws per item
naive    psnr ... dB, mean squared error ... (means of images.idx)
filled   psnr ... dB, mean squared error ...
coverage ... % of the missing values lie in their intervals, 90.0 % would if the model were right
wrote    t.png (...)
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 3 -n 6 -o a.npy -q --threads 1; isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 3 -n 6 -o b.npy -q --threads 2; isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 3 -n 6 -o c.npy -q --threads 3; cmp a.npy b.npy; cmp a.npy c.npy
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 3 -n 6 --quantity sample -o s.npy --deviation d.npy --json 2>/dev/null | check_json.py
valid isthmus.inpaint/1 x 1
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 --draws 19 -n 6 --truth images.idx -o u.npy --json 2>/dev/null | check_json.py
valid isthmus.inpaint/1 x 1
$ isthmus inspect s.npy d.npy 2>&1 | grep ^data
data     s.npy: 18, 8x8 grey, u8, 1.1 KiB in memory
data     d.npy: 6, 8x8 grey, f32, 1.5 KiB in memory
$ isthmus inpaint m images.idx --mask upper.csv --steps 20 -n 6 --pseudo-gibbs -o g.npy 2>/dev/null
missing  192 of 384 values of 6 items
chains   20 per item, 20 steps, every proposal accepted: biased where the encoder is not exact
mixing   R-hat ... (median item), ... independent draws per item
wrote    g.npy (512 B)
$ isthmus inpaint m images.idx -o x.npy -q
error[E2004]: inpaint.mask: nothing is missing: a mask is needed: --mask FILE
  hint: 1 where a value is known, 0 where it is missing; without one, empty cells and NaN are missing
[2]
$ head -3 upper.csv > short.csv; isthmus inpaint m images.idx --mask short.csv -n 6 -o x.npy -q
error[E3006]: short.csv: the mask has shape (3, 8), 24 values; an item has 8x8 = 64, and there are 200 items
  hint: give one mask for all items (64 values), or one for each (12,800), or for the first 6 (384), each with the axes 8x8
[3]
$ sed '2s/1,1,1/1,2,1/' upper.csv > two.csv; isthmus inpaint m images.idx --mask two.csv -n 6 -o x.npy -q
error[E2003]: two.csv: the mask holds 2 at [1, 1]
  hint: a mask is 1 where a value is known and 0 where it is missing
[2]
$ sed s/0/1/g upper.csv > all.csv; isthmus inpaint m images.idx --mask all.csv -n 6 -o x.npy -q
error[E2202]: all.csv: the mask hides nothing: all its values are 1
  hint: set the places to be filled in to 0
[2]
$ sed s/1/0/g upper.csv > none.csv; isthmus inpaint m images.idx --mask none.csv -n 6 -o x.npy -q
error[E2202]: none.csv: the mask hides everything: all its values are 0
  hint: set the known places to 1; for items from nothing use: isthmus sample MODEL
[2]
$ isthmus train images.idx --model ae --epochs 1 --latent 3 -o a -q; isthmus inpaint a images.idx --mask upper.csv -n 6 -o x.npy -q
error[E2202]: model.name: model ae has no posterior density
  hint: filling in missing values needs one: train a vae
[2]
$ awk 'BEGIN { print "x,y,z"; for (i = 0; i < 200; i++) printf "%.3f,%.3f,%d\n", 1e6 + sin(i), cos(i) / 7, i % 4 }' > t.csv
$ isthmus train t.csv --epochs 2 -o k -q; echo 1,0,1 > mask.csv; isthmus inpaint k t.csv --mask mask.csv --steps 20 --draws 2 -o w.csv -q --deviation v.csv
$ tail -n +2 w.csv | awk -F, '{ printf "%.3f,%d\n", $1, $3 }' > w13.txt; tail -n +2 t.csv | cut -d, -f1,3 | cmp - w13.txt; head -1 v.csv
x,y,z

# Values that are not there are missing, with a mask and without one; with -n its first rows do.

$ awk -F, 'NR % 20 == 2 { $2 = "" } NR % 20 == 7 { $1 = "NA" } { print $1 "," $2 "," $3 }' t.csv > holes.csv; sed -n '2p;7p' holes.csv
1000000.000,,0
NA,0.041,1
$ isthmus inpaint k holes.csv --steps 20 --draws 2 -o h.csv 2>/dev/null | head -1
missing  20 of 600 values of 200 items
$ awk -F, 'NR > 1 { printf "%s,%s,%s\n", ($1 == "NA" ? "" : "x"), ($2 == "" ? "" : "x"), "x" }' holes.csv > empty.txt; tail -n +2 h.csv | paste -d' ' - empty.txt | grep -c '^[0-9.e+]*,-*[0-9.e-]*,[0-3] '
200
$ awk -F, '{ printf "%s,%s,1\n", ($1 == "NA" ? 0 : 1), ($2 == "" ? 0 : 1) }' holes.csv | tail -n +2 > exact.csv; isthmus inpaint k holes.csv --mask exact.csv --steps 20 --draws 2 -o he.csv -q; cmp h.csv he.csv
$ head -5 exact.csv > five.csv; isthmus inpaint k holes.csv --mask five.csv -n 5 --steps 20 --draws 2 -o h5.csv -q; head -6 h.csv | cmp - h5.csv
$ isthmus inpaint k t.csv --mask five.csv --steps 20 --draws 2 -o h5.csv --force -q
error[E3006]: five.csv: the mask has shape (5, 3), 15 values; an item has 3, and there are 200 items
  hint: give one mask for all items (3 values), or one for each (600)
[3]
$ isthmus eval k holes.csv -q 2>&1 | head -1
error[E3104]: holes.csv:2:2:row 0: 2 of 3 columns have cells that are not numbers:
$ isthmus train t.csv --condition 3 --epochs 1 -o z -q; isthmus inpaint z t.csv --mask exact.csv --steps 20 --draws 2 -o hz.csv -q
error[E3006]: exact.csv: the mask has shape (200, 3), 600 values; an item has 2, and there are 200 items
  hint: give one mask for all items (2 values), or one for each (400); z is the condition of the model and no part of an item: leave it out
[3]
$ sed '4s/[^,]*$//' t.csv > no-z.csv; isthmus inpaint z no-z.csv --steps 20 --draws 2 -o hz.csv -q
error[E3401]: no-z.csv:row 2: column "z" is the condition of the model and has no value here
  hint: mend the cell, or leave the row out
[3]
$ isthmus inpaint m images.idx --mask upper.csv --steps 1 --draws 3 -n 6 -o one.npy 2>&1 | grep mixing
mixing   R-hat needs --steps 7 or more: it compares halves of the steps that count
$ isthmus inpaint m images.idx --mask upper.csv --steps 7 --draws 3 -n 6 -o seven.npy 2>&1 | grep mixing
mixing   R-hat ... (median item), ... independent draws per item

# Larger images.

$ isthmus superresolve m images.idx --factor 2 --steps 20 --draws 19 -o p.png 2>/dev/null
chains   19 per item, 20 steps; accepted: ... % of the local moves
mixing   R-hat ... (median item), ... independent draws per item
bicubic  psnr ... dB, mean squared error ...
model    psnr ... dB, mean squared error ...
coverage ... % of the values lie in their intervals, 90.0 % would if the model were right
wrote    p.png (...)
$ isthmus superresolve m images.idx --factor 2 --steps 20 --draws 19 -n 3 -o p.npy --deviation e.npy --json 2>/dev/null | check_json.py
valid isthmus.superresolve/1 x 1
$ isthmus superresolve m images.idx --factor 3 -o q.npy -q
error[E2003]: superresolve.factor: factor 3 does not divide 8x8 grey
  hint: height and width have the common divisors 2, 4, 8
[2]
$ isthmus train images.idx --resize 7x5 --epochs 1 --latent 2 -o prime -q; isthmus superresolve prime images.idx --factor 2 -o q.npy -q
error[E2003]: superresolve.factor: factor 2 does not divide 7x5 grey
  hint: height and width have no common divisor above 1: train a model of images of another size (--resize HxW)
[2]
$ for c in inpaint superresolve; do isthmus $c m images.idx --quantity sample --draws 10000 -o q.npy -q --memory 10MiB $([ $c = inpaint ] && echo --mask upper.csv || echo --factor 2) 2>&1 | tail -1; done
  hint: write fewer items (-n) or --draws of each, or raise --memory
  hint: write fewer items (-n) or --draws of each, or raise --memory
$ isthmus superresolve m images.idx -o q.npy -q
error[E3501]: images.idx: the items are 8x8; the model's images of 8x8 are not larger by a whole factor
  hint: give images of 8x8 divided by 2, 3, ... in height and width; for whole images say --factor 2
[3]
$ isthmus superresolve k t.csv -o q.npy -q
error[E2202]: the model is one of 3 columns, which have no resolution
  hint: superresolve needs a model of images
[2]
$ isthmus train images.idx --resize 4x4 --epochs 1 --latent 2 -o small -q; isthmus sample small -n 3 -o small.npy -q; isthmus superresolve m small.npy --steps 20 --quantity sample --draws 2 -o q.npy -q && isthmus inspect q.npy 2>&1 | grep ^data
data     q.npy: 6, 8x8 grey, u8, 384 B in memory
$ isthmus train images.idx --epochs 1 --latent 2 --likelihood categorical -o levels -q; isthmus superresolve levels images.idx --factor 2 --steps 7 --draws 2 -n 2 -o l.npy -q
error[E2202]: superresolve.sigma: likelihood categorical tells no variance of a pixel
  hint: say how far one lies from the decoder's mean on the model's scale, where the data go from ... to ...: --sigma ...
[2]
$ isthmus superresolve levels images.idx --factor 2 --steps 7 --draws 2 -n 2 --sigma 0.05 -o l.npy -q
$ for l in poisson negative_binomial; do isthmus train images.idx --epochs 1 --latent 2 --likelihood $l -o $l -q; isthmus superresolve $l images.idx --factor 2 --steps 7 --draws 2 -n 2 -o $l.npy -q; done; ls poisson.npy negative_binomial.npy
negative_binomial.npy
poisson.npy
$ for t in 1 2 3; do isthmus superresolve m images.idx --factor 2 --steps 12 --draws 3 -n 6 --quantity sample -o t$t.npy -q --threads $t; done; cmp t1.npy t2.npy; cmp t1.npy t3.npy
