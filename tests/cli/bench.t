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
