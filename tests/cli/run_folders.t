# A run folder is written once, where it was asked for: what a stored configuration starts, data
# that can be read only once, links, the same bytes, pictures that are all there or none.

$ awk 'BEGIN { print "a,b,c"; for (i = 0; i < 200; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 + cos(5 * i) } }' > table.csv
$ isthmus train table.csv --epochs 1 -o runs/a -q && isthmus train --resume runs/a --epochs 2 -q
$ sha256sum runs/a/*.* > before; isthmus train table.csv --config runs/a/config.toml -o runs/b -q; sha256sum --quiet -c before && ls runs
a
b
$ isthmus train table.csv --config runs/a/config.toml -q; ls runs
a
b
table-001
$ cmp runs/b/model.safetensors runs/table-001/model.safetensors
$ grep '^# out\|^# resume' runs/a/config.toml
# out = "runs/a"  # flag
# resume = "runs/a"  # flag: changed on resume
$ printf '[run]\nresume = "runs/a"\n' > resumes.toml; isthmus train table.csv --config resumes.toml -o runs/c
error[E2103]: resumes.toml:2:10: run.resume: a configuration starts a new run, it resumes none
  2 | resume = "runs/a"
    |          ^^^^^^^^ to go on with that run: isthmus train --resume runs/a; else remove this line
[2]
$ isthmus train --config runs/a/config.toml
error[E2004]: train needs DATA
  hint: a file, a folder or a known name: isthmus train fashion-mnist
[2]

# Data that can be read only once: everything that happens later takes them from memory.
$ cat table.csv | isthmus train /dev/stdin --epochs 2 -o p1 -q; mkfifo fifo; cat table.csv > fifo & isthmus train fifo --epochs 2 -o p2 -q; ls p2/report.html
p2/report.html
$ isthmus train table.csv --epochs 2 -o p3 -q; cmp p1/metrics.csv p3/metrics.csv; cmp p2/metrics.csv p3/metrics.csv
$ cp table.csv gone.csv; isthmus train gone.csv --epochs 100000 --time 1s -o p4 -q & sleep 0.5; rm gone.csv; wait; grep '"status"' p4/run.json; ls p4/report.html
  "status": "done",
p4/report.html
$ cat table.csv > fifo & isthmus train table.csv --val fifo --epochs 1 -o p5 -q; ls p5/report.html
p5/report.html

# The same run in two places writes the same bytes, but for the files that tell of time.
$ for d in one two; do mkdir $d; cp table.csv $d; (cd $d; isthmus train table.csv --epochs 2 -o run -q; test $d = one || sleep 0.1); done
$ for f in report.html metrics.csv metrics.jsonl model.safetensors config.toml; do cmp one/run/$f two/run/$f; done

# Links inside of a run folder.
$ cp -r runs/a linked; rm linked/metrics.jsonl; echo mine > victim; ln -s ../victim linked/metrics.jsonl; isthmus train --resume linked --epochs 3; cat victim
error[E5011]: linked/metrics.jsonl: is a symbolic link; inside this folder none is followed or written to
  hint: Remove it, or put a copy of what it leads to in its place.
mine
$ isthmus report linked
error[E5011]: linked/metrics.jsonl: is a symbolic link; inside this folder none is followed or written to
  hint: Remove it, or put a copy of what it leads to in its place.
[5]
$ isthmus inspect linked >/dev/null
error[E5011]: linked/metrics.jsonl: is a symbolic link; inside this folder none is followed or written to
  hint: Remove it, or put a copy of what it leads to in its place.
[5]
$ rm linked/metrics.jsonl linked/model.safetensors; ln -s ../runs/a/model.safetensors linked/model.safetensors; isthmus sample linked -n 1 -o -
error[E5011]: linked/model.safetensors: is a symbolic link; inside this folder none is followed or written to
  hint: Remove it, or put a copy of what it leads to in its place.
[5]
$ ln -s runs/a alias; isthmus sample alias -n 2 -o - -q | wc -l
3

# A folder of pictures is there as a whole.
$ python3 -c 'import struct; open("i.idx", "wb").write(struct.pack(">IIII", 0x803, 40, 4, 4) + bytes(i * 7 % 251 for i in range(640)))'
$ isthmus train i.idx --epochs 1 -o pic -q 2>/dev/null; isthmus sample pic -n 3 -o out/ -q; ls -A out; ls -A | grep tmp
00000.png
00001.png
00002.png
[1]
