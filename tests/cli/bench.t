# label: slow

$ isthmus bench --quick --batch 512 --runs 1
device   ..., ... threads
peaks    matrix products fp32 ... GFLOP/s, bf16 ... GFLOP/s, copy ... GB/s
data     ...: 60,000 items; medians of 1 epoch
task     batch  type   step ms   epoch s     items/s   GFLOP/s   peak
train     512  fp32 ... %
train     512  bf16 ... %
$ isthmus bench --quick --batch 512 --runs 1 --precision fp32 --json | check_json.py
valid isthmus.bench/1 x 1
$ isthmus bench --task encode --batch 512 --runs 1 --precision fp32 --json | check_json.py
valid isthmus.bench/1 x 1
$ (printf '\0\0\010\003\0\0\0\044\0\0\0\034\0\0\0\034'; awk 'BEGIN { for (i = 0; i < 28224; i++) printf "%c", 32 + (i * i + 7 * int(i / 64)) % 90 }') > few.idx; isthmus bench few.idx --runs 1 --precision fp32 | grep '%$'
train      36  fp32 ... %
encode     36  fp32 ... %
sample     36  fp32 ... %
latency     1  fp32 ... %
$ isthmus bench --task decode
error[E2003]: --task "decode" is not an allowed word
  hint: did you mean "encode"? expected one of all, train, encode, sample, latency, models (default all)
[2]
$ isthmus bench --task models --runs 1 --precision fp32 --batch 32
device   ..., ... threads
peaks    matrix products ...
data     ...: 60,000 items; medians of 1 round...
fp32, batch 32                   step ms  GFLOP   peak  to vae  to its products
vae                            ... %    1.00   1.00 (1.00 to 1.00)
...
iwae 50 draws ... %...
$ isthmus bench --task models --runs 1 --precision fp32 --batch 32 --json | check_json.py
valid isthmus.bench/1 x 1
$ isthmus bench --quick --runs 1 --model vea
error[E2003]: bench.model: there is no model to measure "vea"
  hint: did you mean "vae"? there are ...
[2]
$ python3 $SOURCE_DIR/bench/compare.py --isthmus "$(command -v isthmus)" --case latency,vae-784-128-20,1,fp32 --rounds 1 --out comparison.json > table.md 2> remarks.txt
$ head -n 3 table.md | tail -n 1
| case | engine | median | fastest | slower by (rounds) | of the peak | test ELBO, 5 epochs |
$ check_json.py comparison.json
valid isthmus.comparison/1 x 1
