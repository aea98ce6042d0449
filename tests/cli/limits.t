# sanitizers: no (they need descriptors and address space themselves)
# Limits of the process and closed descriptors: errors with a number, never a crash or a spoilt file.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ ulimit -n 4; isthmus train table.csv --epochs 2 -o n -q
error[E5401]: n/.lock: cannot be opened: Too many open files
  hint: raise the limit of open files (ulimit -n)
[5]
$ for n in 5 6 7 8 9 10 11 12 13 14; do (ulimit -n $n; isthmus train table.csv --epochs 2 -o few/$n -q); done 2>/dev/null; grep -ho '"status": "[a-z]*"' few/*/run.json | sort -u
"status": "done"
"status": "failed"
$ ulimit -v 600000; isthmus train table.csv --epochs 2 --threads 128 -o t -q
error[E5401]: only ... of 128 threads could be started: Resource temporarily unavailable
  hint: use fewer --threads or raise the limit of processes (ulimit -u)
[5]
$ ulimit -v 600000; isthmus train table.csv --epochs 2 --threads 2 --hidden 9000,9000 --memory 60G -o v -q
error[E5201]: an array of ... bytes does not fit into memory
  hint: use a smaller batch or fewer items, or give the process more memory
[5]
$ ulimit -f 8; isthmus train table.csv --epochs 2 -o f -q
error[E5101]: f/run.json: File too large: ... bytes (... KiB) are needed
  hint: Free the printed number of bytes or choose another folder.
[5]
$ isthmus train --resume f
error[E4401]: f: the run ended before its first checkpoint
  hint: begin it again in this folder: isthmus train DATA -o f
[4]
$ isthmus train table.csv --epochs 2 -o f 2>&1 | grep W2006; ls f/model.safetensors; grep -c W2006 f/log.txt
warning[W2006]: f held a run that ended before its first checkpoint: this one takes its place
f/model.safetensors
1
$ isthmus train table.csv --epochs 2 -o c <&- >&- 2>&-; echo "status $?"; isthmus inspect c/model.safetensors | head -1; grep -rl "validation elbo\|memory about" c/.lock c/*.txt c/*.jsonl c/*.csv || echo "nothing was printed into files"
status 0
...
nothing was printed into files
$ isthmus train table.csv --epochs 2 -o d 2>/dev/null >&-; echo "status $?"; grep -l "validation elbo" d/.lock d/log.txt || echo "nothing was printed into files"
status 0
nothing was printed into files
$ isthmus train table.csv --epochs 2 -o e -q --json > /dev/full; echo "status $?"; ls e/model.safetensors
error[E5101]: standard output: No space left on device
  hint: Free the printed number of bytes or choose another folder.
status 5
e/model.safetensors
