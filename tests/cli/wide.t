# Tables as genes come, 20,000 columns: every command works with the limits as they are, and prints lines for people.

$ awk 'BEGIN { srand(7); for (j = 0; j < 20000; j++) printf "%sgene_%d", j ? "," : "", j; print ""; for (i = 0; i < 30; i++) { for (j = 0; j < 20000; j++) printf "%s%d", j ? "," : "", int(4 * rand()); print "" } }' > wide.csv
$ isthmus train wide.csv --epochs 1 --hidden 8 -o w -q > said 2>&1; echo "status $?"; wc -c < said | awk '{ print ($1 < 2000 ? "short" : "long") }'
status 0
short
$ for c in "eval w wide.csv" "encode w wide.csv -o z.csv" "sample w -n 2 -o s.csv" "reconstruct w wide.csv -o r.csv" "inspect w/model.safetensors" "inspect w" "inspect wide.csv" "report w" "train --resume w --epochs 2 -q"; do isthmus $c > said 2>&1; echo "$? $(awk '{ if (length > 400) long = 1 } END { print long ? "long lines" : "fine" }' said)"; done
0 fine
0 fine
0 fine
0 fine
0 fine
0 fine
0 fine
0 fine
0 fine
$ head -1 s.csv | tr , '\n' | tail -1
gene_19999
$ cut -d, -f1-15000 wide.csv > narrow.csv; isthmus eval w narrow.csv 2>&1 | grep -A1 "^error"
error[E3501]: narrow.csv: the table lacks 5,000 of the 20,000 columns of the model: gene_15000, gene_15001, gene_15002, gene_15003, gene_15004, gene_15005, gene_15006, gene_15007 and 4,992 more
  hint: the table has gene_0, gene_1, gene_2, gene_3, gene_4, gene_5, gene_6, gene_7 and 14,992 more
