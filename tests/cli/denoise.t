# Corruption and dropout in training, and clean items from noisy ones.

$ (printf '\0\0\010\003\0\0\0\310\0\0\0\010\0\0\0\010'; awk 'BEGIN { for (i = 0; i < 12800; i++) printf "%c", 32 + (i * i + 7 * int(i / 64)) % 90 }') > images.idx
$ awk 'BEGIN { print "a,b,c"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ awk 'BEGIN { print "a,b,c"; for (i = 0; i < 300; i++) { r = i * 7919 % 31 < 15; print r "," r * (i % 9 > 0) "," 1 - r } }' > bits.csv
$ isthmus train images.idx --model denoising_ae --epochs 2 --latent 8 -o dae -q
$ grep -e '^corruption' -e '^dropout' dae/config.toml
corruption = "gaussian"  # model: denoising_ae
dropout = 0
corruption_level = 0.3
$ isthmus train images.idx --model dropout_ae --corruption masking --epochs 1 -o drop -q; grep -e '^corruption' -e '^dropout' -e '^input_dropout' drop/config.toml
corruption = "masking"  # flag
dropout = 0.2  # model: dropout_ae
input_dropout = 0.1  # model: dropout_ae
corruption_level = 0.25
$ for t in 1 3; do isthmus train images.idx --model denoising_ae --dropout 0.2 --epochs 4 --threads $t -o threads$t --json 2>/dev/null | grep -o '"weights_sha256":"[0-9a-f]*"'; done | sort -u | wc -l
1
$ isthmus train images.idx --model denoising_ae --dropout 0.2 --epochs 2 -o part -q; isthmus train --resume part --epochs 4 -q; cmp part/model.safetensors threads1/model.safetensors

# What is refused in training.

$ isthmus train images.idx --corruption-level 0.3 -o x
warning[W3405]: 90.0 % of the validation items occur among the training items, too
  hint: the validation loss is lower than on new data: remove the doubles, or name other data with --val
error[E2005]: model.corruption_level has no effect on corruption none; it belongs to gaussian, masking, salt_pepper, shot
  hint: leave it out, or add --corruption gaussian
[2]
$ isthmus train images.idx --corruption masking --corruption-level 1.5 -o x
warning[W3405]: 90.0 % of the validation items occur among the training items, too
  hint: the validation loss is lower than on new data: remove the doubles, or name other data with --val
error[E2003]: model.corruption_level = "1.5" is out of range
  hint: expected a number, greater than 0 and less than 1 (default 0.25)
[2]
$ isthmus train images.idx --corruption gauss -o x
error[E2003]: --corruption "gauss" is not an allowed word
  hint: did you mean "gaussian"? expected one of none, gaussian, masking, salt_pepper, shot (default none)
[2]
$ isthmus train images.idx --dropout 1 -o x
error[E2003]: --dropout "1" is out of range
  hint: expected a number, at least 0 and less than 1 (default 0)
[2]

# One pass through a model that was trained on corrupted items.

$ isthmus denoise dae images.idx -o pairs.png 2>/dev/null
wrote    pairs.png (...)
$ isthmus denoise dae images.idx -o clean.npy -q && isthmus inspect clean.npy 2>&1 | head -1
data     clean.npy: 200, 8x8 grey, u8, 12 KiB in memory
$ isthmus denoise dae images.idx --add gaussian -n 100 -o rows.png 2>/dev/null
noisy    psnr ... dB, mean squared error ...
denoised psnr ... dB, mean squared error ...
linear   psnr ... dB, mean squared error ... (shrinkage of 64 principal components, fitted to these clean items themselves)
wrote    rows.png (...)
$ isthmus denoise dae images.idx --add gaussian -n 100 --seed 1 -o rows1.png -q; cmp -s rows.png rows1.png || echo differs
differs
$ isthmus denoise dae images.idx --add salt_pepper --clean images.idx -o f/ --json 2>/dev/null | check_json.py
valid isthmus.denoise/1 x 1
$ isthmus denoise dae images.idx -o clean2.npy --json 2>/dev/null | check_json.py
valid isthmus.denoise/1 x 1

# Known noise, through a model of clean items; tables, too.

$ isthmus train table.csv --epochs 3 -o vae -q
$ isthmus denoise vae table.csv --noise gaussian --noise-level 0.3 --draws 8 -o t.csv 2>/dev/null
weights  ... effective of 8 draws per item
wrote    t.csv (...)
$ isthmus denoise vae table.csv --add gaussian --level 0.5 --noise gaussian --noise-level 0.5 -o t2.csv --json 2>/dev/null | check_json.py
valid isthmus.denoise/1 x 1
$ isthmus denoise vae table.csv --add gaussian --level 0.5 --noise gaussian --noise-level 0.5 -o t3.csv 2>/dev/null
noisy    mean squared error ...
denoised mean squared error ...
linear   mean squared error ... (shrinkage of 3 principal components, fitted to these clean items themselves)
weights  ... effective of 64 draws per item
wrote    t3.csv (...)
$ isthmus train bits.csv --epochs 3 -o bits -q; isthmus denoise bits bits.csv --noise flip --noise-level 0.1 -o b.csv --json 2>/dev/null | check_json.py
valid isthmus.denoise/1 x 1

# What is refused.

$ isthmus denoise vae table.csv -o x.csv 2>&1 | tail -2
error[E2202]: model.corruption: this vae was trained on clean items: one pass keeps noise it never saw
  hint: train with --corruption gaussian (or --model denoising_ae); for a vae say what the noise is: --noise gaussian --noise-level 0.3
$ isthmus denoise vae table.csv --noise flip --noise-level 0.1 -o x.csv 2>&1 | tail -2
error[E2202]: denoise.noise: flips are noise of values 0 and 1; this vae was trained on others
  hint: use --noise gaussian with a vae of --likelihood gaussian
$ isthmus denoise vae table.csv --noise flip --noise-level 0.7 -o x.csv
error[E2003]: denoise.noise_level: noise_level = 0.7 is above 0.5 for flips
  hint: with more than half of the values flipped, invert the data first
[2]
$ isthmus denoise vae table.csv --noise gaussian -o x.csv
error[E2004]: denoise.noise_level: --noise gaussian needs its level
  hint: --noise-level 0.3
[2]
$ isthmus denoise vae table.csv --noise-level 0.3 -o x.csv
error[E2005]: denoise.noise_level has no effect without --noise
  hint: add --noise gaussian, or leave it out
[2]
$ isthmus denoise vae table.csv --draws 5 -o x.csv
error[E2005]: denoise.draws has no effect without --noise
  hint: add --noise gaussian, or leave it out
[2]
$ isthmus denoise dae images.idx --level 0.3 -o x.npy
error[E2005]: denoise.level has no effect without --add
  hint: add --add gaussian, or leave it out
[2]
$ isthmus denoise dae images.idx --add masking --level 1.5 -o x.npy
error[E2003]: denoise.level: level = 1.5 is out of range for masking
  hint: expected a number, greater than 0 and less than 1 (default 0.25)
[2]
$ isthmus denoise dae images.idx --noise gaussian --noise-level 0.3 -o x.npy 2>&1 | tail -2
error[E2202]: model.name: model denoising_ae has no posterior density
  hint: weights of known noise need one: train a vae, or train with --corruption gaussian and leave --noise out
$ isthmus denoise vae table.csv --noise gaussian --noise-level 0.3 -o x.png 2>&1 | tail -2
error[E2202]: x.png: there are no pictures of 3 columns
  hint: write .csv or .npy
$ isthmus denoise dae table.csv -o x.npy 2>&1 | tail -2
error[E3501]: table.csv: the items are 3 columns, the model was trained on 8x8 grey
  hint: Use data of the printed shape.
