# Sample, reconstruct and interpolate on small images.

$ (printf '\0\0\010\003\0\0\0\310\0\0\0\010\0\0\0\010'; awk 'BEGIN { for (i = 0; i < 12800; i++) printf "%c", 32 + (i * i + 7 * int(i / 64)) % 90 }') > images.idx
$ isthmus train images.idx --epochs 2 --latent 3 -o m -q
$ ls m | grep -v epoch
checkpoints
config.toml
eval.json
interpolation.png
log.txt
metrics.csv
metrics.jsonl
model.safetensors
reconstructions.png
report.html
run.json
samples.png
$ isthmus sample m -n 20 -o s.png 2>/dev/null
wrote    s.png (...)
$ isthmus sample m -n 20 -o again.png -q && cmp s.png again.png
$ isthmus sample m -n 20 -o other.png --seed 1 -q; cmp -s s.png other.png || echo differs
differs
$ isthmus sample m -n 3 -o f/ -q && ls f
00000.png
00001.png
00002.png
$ isthmus sample m -n 3 -o f/
error[E2006]: f: the output exists already
  hint: Choose another output or pass --force.
[2]
$ isthmus sample m -n 5 -o st/ -q; cp st/00000.png first.png; touch st/.hidden; isthmus sample m -n 2 -o st/ --seed 1 --force 2>/dev/null; ls -A st; cmp -s first.png st/00000.png || echo new
wrote    st/ (2 PNGs, ...)
.hidden
00000.png
00001.png
new
$ echo mine > st/notes.txt; mkdir st/00007.png; isthmus sample m -n 1 -o st/ --force -q
error[E2006]: st: the folder holds something else than numbered PNGs, with which new ones would be mixed: 00007.png, notes.txt
  hint: choose another folder
[2]
$ ls st
00000.png
00001.png
00007.png
notes.txt
$ isthmus sample m -n 3 -o s.npy --json 2>/dev/null | check_json.py
valid isthmus.sample/1 x 1
$ isthmus sample m -n 3 -o s.jpg
error[E2007]: s.jpg: "jpg" is not a format that can be written here
  hint: known: .png, .npy, .csv, .jsonl, a folder of PNGs (folder/)
[2]
$ isthmus reconstruct m images.idx -o r.png --json 2>/dev/null | check_json.py
valid isthmus.reconstruct/1 x 1
$ isthmus reconstruct m images.idx -n 3 -o ro/ 2>/dev/null | grep wrote; isthmus inspect ro 2>&1 | head -1
wrote    ro/ (3 PNGs, ...)
data     ro: 3, 8x8 grey, u8, ... in memory
$ for c in reconstruct encode; do isthmus $c --help | tr -s ' \n' ' ' | grep -c 'a folder of PNGs'; done; isthmus encode m images.idx -o codes/ -q
1
0
error[E2007]: codes/: "folder" is not a format that can be written here
  hint: known: .npy, .csv, .jsonl
[2]
$ isthmus interpolate m images.idx --steps 100000 -o big.npy --memory 10MiB -q
error[E5201]: machine.memory: 200,000 items and their data need about ... MiB, the limit is 10 MiB
  hint: write fewer items (--steps, --pairs), or raise --memory
[5]
$ isthmus interpolate m images.idx --pairs 0:1,5:7 --steps 4 -o i.png --json 2>/dev/null | check_json.py
valid isthmus.interpolate/1 x 1
$ isthmus interpolate m images.idx --pairs 0:900 -o j.png 2>&1 | tail -2
error[E2003]: pairs: item 900 is not there: the data have 200 items, from 0
  hint: Use a value inside the printed bounds.
$ isthmus interpolate m images.idx --pairs 0-1 -o j.png
error[E2003]: pairs = "0-1" is not a pair of items
  hint: two item numbers from 0, such as 0:1
[2]
$ isthmus inspect s.png 2>&1 | head -1
data     s.png: 1, 66x338 grey, u8, ... in memory
$ isthmus sample m -n 1 -o one.png -q; isthmus inspect one.png 2>&1 | head -1
data     one.png: 1, 8x8 grey, u8, ... in memory
$ isthmus inspect f 2>&1 | head -1
data     f: 3, 8x8 grey, u8, ... in memory
