# Whatever train and demo print as `next` or `resume` works when it is pasted, for every kind of data.

$ awk 'BEGIN { print "length,a b,weight,kept"; for (i = 0; i < 60; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f,%d\n", l, l / 2 + sin(78 * i) / 5, l * 0.7, i % 2 } }' > table.csv
$ mkdir 'it'"'"'s here' -- '-ünï'; cp table.csv 'a b.csv'; cp table.csv "it's here/"'$HOME.csv'; cp table.csv -- '-ünï/-t.csv'
$ tail -n +2 table.csv > part-1.csv; cp part-1.csv part-2.csv

# Every line of the screen.

$ lines() { sed -n '/^next /,$ s/^.........//p'; }
> isthmus train 'a b.csv' --epochs 1 -o 'my run' 2>/dev/null | lines > next.sh; cat next.sh
isthmus sample 'my run' -n 100 -o more.csv
isthmus eval 'my run' 'a b.csv' --iwae 1000
$ sh -e next.sh 2>/dev/null | grep -E -o '^(wrote    more.csv|elbo|iwae)'
wrote    more.csv
elbo
iwae

# Every line of the report, too: codes and more training. The name of an output is a free one.

$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train "it's here/"'$HOME.csv' --epochs 1 -o "run 'two'" --json 2>/dev/null | paste_all
isthmus sample 'run '\''two'\''' -n 100 -o more-2.csv
isthmus eval 'run '\''two'\''' 'it'\''s here/$HOME.csv' --iwae 1000
isthmus encode 'run '\''two'\''' 'it'\''s here/$HOME.csv' -o codes.csv
isthmus train --resume 'run '\''two'\''' --epochs 2
$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train --epochs 1 -o -run --json -- '-ünï/-t.csv' 2>/dev/null | paste_all
isthmus sample ./-run -n 100 -o more-3.csv
isthmus eval ./-run './-ünï/-t.csv' --iwae 1000
isthmus encode ./-run './-ünï/-t.csv' -o codes-2.csv
isthmus train --resume ./-run --epochs 2

# A pattern of files, and options that decide how the data are read.

$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train 'part-*.csv' --columns 1,2 --format csv --set limits.csv_columns=100 --limit 80 --epochs 1 -o p --json 2>/dev/null | paste_all
isthmus sample p -n 100 -o more-4.csv
isthmus eval p 'part-*.csv' --format csv --columns 1,2 --set limits.csv_columns=100 --iwae 1000
isthmus encode p 'part-*.csv' --format csv --columns 1,2 --set limits.csv_columns=100 -o codes-3.csv
isthmus train --resume p --epochs 2

# Pictures where there are pictures, arrays elsewhere; a model that cannot be sampled reconstructs.

$ (printf '\0\0\010\003\0\0\0\050\0\0\0\010\0\0\0\010'; awk 'BEGIN { for (i = 0; i < 2560; i++) printf "%c", 32 + (i * i + 7 * int(i / 64)) % 90 }') > images.idx
$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train images.idx --epochs 1 --latent 2 -o i --json 2>/dev/null | paste_all
isthmus sample i -n 100 -o more.png
isthmus eval i images.idx --iwae 1000
isthmus encode i images.idx -o codes-4.csv
isthmus train --resume i --epochs 2
$ python3 -c 'import struct; h = "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (20, 4, 4, 2)}".ljust(117) + "\n"; open("blocks.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(h)) + h.encode() + b"".join(struct.pack("<f", i * i % 17 - 8.5) for i in range(640)))'
$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train blocks.npy --epochs 1 --latent 2 -o b --json 2>/dev/null | paste_all
isthmus sample b -n 100 -o more.npy
isthmus eval b blocks.npy --iwae 1000
isthmus encode b blocks.npy -o codes-5.csv
isthmus train --resume b --epochs 2
$ paste_all() { python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["next"]))' > next.sh; cat next.sh; sh -e next.sh > printed 2>&1 || cat printed; }
> isthmus train table.csv --model ae --epochs 1 -o ae --json 2>/dev/null | paste_all
isthmus reconstruct ae table.csv -o reconstructions.csv
isthmus eval ae table.csv
isthmus encode ae table.csv -o codes-6.csv
isthmus train --resume ae --epochs 2

# The program by the name that was typed, also in hints and in the record.

$ mkdir 'my bin'; ln -s "$(command -v isthmus)" 'my bin/isthmus'; 'my bin/isthmus' train table.csv --epochs 1 -o named 2>/dev/null | sed -n '/^next /,$ p'
next     'my bin/isthmus' sample named -n 100 -o more-5.csv
         'my bin/isthmus' eval named table.csv --iwae 1000
$ 'my bin/isthmus' train table.csv -o 'my run' -q
error[E2006]: my run: the run folder is not empty (checkpoints is there)
  hint: choose another -o, or continue that run: 'my bin/isthmus' train --resume 'my run'
[2]
$ 'my bin/isthmus' eval named 'my run' -q
error[E3003]: my run: this is the folder of a run, not data
  hint: a run is a MODEL, which stands in front of DATA; to go on with it: 'my bin/isthmus' train --resume 'my run'
[3]
$ python3 -c 'import json; print(json.load(open("named/run.json"))["reproduce"])'
'my bin/isthmus' train table.csv --epochs 1 -o named
$ grep -o "&#39;my bin/isthmus&#39; encode named table.csv -o codes-7.csv" named/report.html
&#39;my bin/isthmus&#39; encode named table.csv -o codes-7.csv
$ timeout --preserve-status -s INT 1 isthmus train table.csv --epochs 10000000 --patience none -o 'stopped run' 2>/dev/null | sed -n 's/^resume   //p'
isthmus train --resume 'stopped run'
