# Rows that are written are rows of the data: their columns, their domains, the same numbers in every format.

$ awk 'BEGIN { print "site,real,flag,version,n,unit"; for (i = 0; i < 400; i++) { l = sin(0.7 * i); printf "%d,%.2f,%d,%s,%d,%s\n", 20260101, 5 + 2 * l, i % 10 < 3, "1.5", 20 + int(19 * l), "0.1" } }' > table.csv
$ isthmus train table.csv --epochs 3 -o m -q
$ isthmus sample m -n 500 -o s.csv -q && isthmus sample m -n 500 -o s.jsonl -q && isthmus sample m -n 500 -o s.npy -q
$ head -1 s.csv; awk -F, 'NR > 1 && ($1 != "20260101" || $4 != "1.5" || $6 != "0.1")' s.csv | wc -l
site,real,flag,version,n,unit
0
$ awk -F, 'NR > 1 && (($3 != "0" && $3 != "1") || $5 !~ /^[0-9]+$/ || $2 !~ /^[0-9](\.[0-9][0-9]?)?$/)' s.csv | wc -l
0
$ awk -F, 'NR > 1 { n[$3]++ } END { print (n[0] > 0 && n[1] > 0) ? "both values are drawn" : "one value only" }' s.csv
both values are drawn
$ python3 -c '
> import csv, json, struct
> rows = [[float(v) for v in r.values()] for r in csv.DictReader(open("s.csv"))]
> lines = [json.loads(line) for line in open("s.jsonl")]
> assert [list(map(float, line.values())) for line in lines] == rows
> assert list(lines[0]) == open("s.csv").readline().strip().split(",")
> raw = open("s.npy", "rb").read(); size = 10 + struct.unpack("<H", raw[8:10])[0]
> assert b"<f8" in raw[:size] and b"(500, 6)" in raw[:size]
> assert list(struct.unpack("<3000d", raw[size:])) == [v for row in rows for v in row]
> text = open("s.csv").read().split("\n", 1)[1].split(); same = [",".join(line.strip("{}\n").split(",")) for line in open("s.jsonl")]
> assert [",".join(c.split(":")[1] for c in line.split(",")) for line in same] == text
> print("the same numbers in csv, jsonl and npy")'
the same numbers in csv, jsonl and npy
$ isthmus reconstruct m table.csv -n 2 -o - -q | cut -d, -f1,4,6
site,version,unit
20260101,1.5,0.1
20260101,1.5,0.1
$ isthmus encode m table.csv -o z.csv -q && isthmus decode m z.csv -o d.csv -q && isthmus reconstruct m table.csv -o r.csv -q && cmp d.csv r.csv
$ isthmus interpolate m table.csv --pairs 0:1 --steps 2 -o - -q | head -1
site,real,flag,version,n,unit

# What was sampled can be read by the model that made it.

$ isthmus eval m s.csv -q --json | check_json.py
valid isthmus.eval/1 x 1

# The default is a draw of a table; means are to be had.

$ isthmus sample m -n 3 -o x.csv --json 2>/dev/null | grep -o '"quantity":"[a-z]*"'
"quantity":"sample"
$ isthmus sample m -n 3 -o y.csv --quantity mean --json 2>/dev/null | grep -o '"quantity":"[a-z]*"'
"quantity":"mean"

# Every command keeps to --memory.

$ isthmus sample m -n 1000000 -o big.csv --memory 10MiB -q
error[E5201]: machine.memory: 1,000,000 items and their data need about 92 MiB, the limit is 10 MiB
  hint: write fewer items (-n), or raise --memory
[5]
$ for c in 'inspect wide.csv' 'eval w wide.csv' 'encode w wide.csv -o c.csv' 'reconstruct w wide.csv -o c.csv' 'interpolate w wide.csv -o c.csv' 'train wide.csv'; do
>   [ -e wide.csv ] || { awk 'BEGIN { for (i = 0; i < 20000; i++) print i % 7 "." i % 11 "," i % 13 ".5," i % 17 ".25," i "e3" }' > wide.csv; isthmus train wide.csv --epochs 1 -o w -q; }
>   isthmus $c --memory 200KiB -q 2>&1 | head -1
> done
error[E5201]: wide.csv: machine.memory: ... 200 KiB
error[E5201]: wide.csv: machine.memory: ... 200 KiB
error[E5201]: wide.csv: machine.memory: ... 200 KiB
error[E5201]: wide.csv: machine.memory: ... 200 KiB
error[E5201]: wide.csv: machine.memory: ... 200 KiB
error[E5201]: wide.csv: machine.memory: ... 200 KiB

# The network's own memory counts, too: fewer items at a time give the same numbers.

$ isthmus eval w wide.csv -q --json | sed 's/"seconds":[^,}]*//g' > ample.json; isthmus eval w wide.csv --memory 24MiB -q --json | sed 's/"seconds":[^,}]*//g' | cmp - ample.json
$ isthmus eval w wide.csv --limit 8 --memory 20MiB -q
error[E5201]: machine.memory: the network needs about ... MiB for one item at a time, with ... MiB for the program, the model and the data; the limit is 20 MiB
  hint: raise --memory
[5]
$ isthmus encode w wide.csv -o c.csv --memory 4KiB -q
error[E5201]: w/model.safetensors: machine.memory: the model file has ... KiB, the memory limit is 4 KiB
  hint: raise --memory
[5]
