# Exit statuses that other transcripts do not show: 6 and 75.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --optimizer sgd --lr 1e30 --epochs 5 -o runs/d -q
error[E6001]: training diverged at step ...; three retries with half the learning rate did not help
  hint: use a lower --lr, a lower --clip, or look for extreme values: isthmus inspect DATA
[6]
$ isthmus train table.csv --optimizer sgd --lr 1e30 --epochs 5 -o runs/e --json 2>/dev/null | check_json.py
valid isthmus.error/1 x 1
$ isthmus train table.csv --epochs 100000 --time 1s -o runs/l -q & sleep 0.4; isthmus train --resume runs/l -q; echo "status $?"; wait
error[E8001]: runs/l: the folder is in use by process ... on ... since ...
  hint: Choose another folder with -o, or wait.
status 75
