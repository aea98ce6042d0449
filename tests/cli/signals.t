# sanitizers: no (a few epochs have to fit into half a second)
# A stop by a signal loses nothing: a checkpoint, the line that resumes, the exit status.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ timeout --preserve-status -s INT 0.5 isthmus train table.csv --epochs 100000 -o runs/i 2>&1 | tail -4; ls runs/i/model.safetensors
stopping after this step and writing a checkpoint ... done (step ..., ... s)
stopped after 0:00:0...  ... epochs  validation elbo ...
wrote    runs/i/  model.safetensors (...)
resume   isthmus train --resume runs/i
runs/i/model.safetensors
$ timeout --preserve-status -s INT 0.5 isthmus train table.csv --epochs 100000 -o runs/j -q
[130]
$ timeout --preserve-status -s TERM 0.5 isthmus train table.csv --epochs 100000 -o runs/t --json 2>/dev/null > t.json; echo "status $?"; check_json.py t.json
status 143
valid isthmus.train/1 x 1
$ isthmus train --resume runs/t --time 100ms 2>&1 | grep -c '^resumed'
1
$ isthmus train table.csv --epochs 3 -o runs/p 2>/dev/null | true; ls runs/p/report.html
runs/p/report.html
$ timeout --preserve-status -s HUP 0.5 isthmus train table.csv --epochs 100000 --no-report -o runs/h -q
[143]
$ isthmus train --resume runs/h --epochs 1 -q; ls runs/h/report.html 2>/dev/null || echo "no report, as before"
no report, as before
