# Densities without a network, and classifiers: fitted as pca is, most of them without codes.

$ awk 'BEGIN { print "a,b,c,d,kind"; for (i = 0; i < 200; i++) print i % 2 "," (i + (i % 9 == 0)) % 2 "," (int(i / 2) % 2) "," (int(i / 2) + (i % 7 == 0)) % 2 "," (i % 2 ? "odd" : "even") }' > bits.csv
$ awk 'BEGIN { print "length,width,weight,kind"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f,%s\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 + cos(5 * i) / 9, l > 5 ? "long" : "short" } }' > table.csv
$ isthmus train bits.csv --exclude kind --model chow_liu -o t
$ isthmus eval t bits.csv
$ isthmus inspect t | head -4
$ isthmus sample t -n 3 -o s.csv -q; head -1 s.csv; tail -n +2 s.csv | grep -vc '[^01,]'
$ isthmus encode t bits.csv -o z.csv
$ isthmus reconstruct t bits.csv -o r.csv
$ isthmus eval t bits.csv --iwae 10
$ isthmus train --resume t
$ isthmus train table.csv --exclude kind --model independent -o i -q; isthmus eval i table.csv
$ isthmus eval i table.csv --json 2>/dev/null | check_json.py
$ isthmus train table.csv --exclude kind --model chow_liu -o x

# Models that learn the classes of items.

$ isthmus train table.csv --labels kind --model naive_bayes -o n
$ isthmus eval n table.csv --labels kind
$ isthmus eval n table.csv --labels kind --require "accuracy>0.9" -q
$ isthmus train table.csv --labels kind --model logistic_regression -o l
$ isthmus eval l table.csv --labels kind
$ isthmus inspect l | head -4
$ isthmus eval l table.csv --labels kind --json 2>/dev/null | check_json.py
$ isthmus sample l -n 3 -o x.csv
$ isthmus train bits.csv --labels kind --model naive_bayes -o m -q; isthmus encode m bits.csv -o c.csv -q; head -1 c.csv
$ isthmus train table.csv --exclude kind --model naive_bayes -o x
$ awk -F, 'NR == 1 || /long/' table.csv > one.csv; isthmus train one.csv --labels kind --model logistic_regression -o x
$ isthmus train table.csv --labels kind --model naive_bayes --sigma 2 -o x
$ isthmus train bits.csv --labels kind --model naive_bayes --latent 2 -o x
