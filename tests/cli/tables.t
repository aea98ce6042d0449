# A model reads its own columns from any table that has them; faulty columns are told at once.

$ awk 'BEGIN { print "a,day,species,b,c"; for (i = 0; i < 90; i++) print sin(i) "," "2024-01-" 10 + i % 20 ",s" i % 3 "," cos(i) + i % 3 "," i % 7 / 2 + 0.25 }' > t.csv
$ isthmus inspect t.csv 2>&1 | grep -c 'text in 90 of 90 rows, first "s0" in line 2 (3 different)'
1
$ isthmus inspect t.csv 2>&1 | tr '\n' ' ' | tr -s ' ' | sed 's/.*hint: //'
leave out what is listed: --exclude day,species; or keep classes as labels: --labels species --exclude day 
$ isthmus train t.csv --labels species --exclude day --epochs 1 -o m -q
$ isthmus eval m t.csv --json -q | grep -c isthmus.eval/1
1
$ isthmus encode m t.csv -o z.csv -q; wc -l < z.csv
91
$ isthmus reconstruct m t.csv -o r.csv -q; head -1 r.csv
a,b,c
$ isthmus reconstruct m t.csv --columns a,b,c -o r2.csv -q; cmp r.csv r2.csv
$ isthmus train t.csv --columns c,a --epochs 1 -o m2 -q; isthmus eval m2 t.csv --json -q | grep -c isthmus.eval/1
1
$ awk -F, -v OFS=, '{ print NR - 2 < 0 ? "" : NR - 2, $5, "x" NR, $4, $1 }' t.csv > other.csv; isthmus encode m other.csv -o z2.csv -q; cmp z.csv z2.csv
$ tail -n +2 t.csv | cut -d, -f1,4,5 > bare.csv; isthmus encode m bare.csv -o z3.csv -q; cmp z.csv z3.csv
$ cut -d, -f1-4 t.csv > less.csv; isthmus eval m less.csv 2>&1 | grep -c 'the table lacks 1 of the 3 columns of the model: c'
1
$ isthmus eval m t.csv --exclude a 2>&1 | grep -c E3501
1
$ tail -n +2 t.csv > headless.csv; isthmus train headless.csv --exclude 2 --labels 3 --epochs 1 -o m4 -q; isthmus eval m4 headless.csv --json -q | grep -c isthmus.eval/1
1
$ printf '2019,2020\n.5,.25\n.125,.75\n.3,.4\n' > years.csv; isthmus inspect years.csv --header no --json -q | grep -o '"n":4'
"n":4
$ isthmus inspect years.csv --json -q 2>/dev/null | grep -o 'W3102\|"n":3' | sort
"n":3
W3102
$ (printf 'a,b\n'; yes 1,2 | head -n 3000; printf 'x,"\n') | gzip > long.csv.gz; isthmus inspect long.csv.gz --limit 5 --json -q | grep -o '"n":5'
"n":5
$ printf 'a,b,y\n0,0,-1\n1,1,-2\n2,4,2147483647\n' > labels.csv; isthmus inspect labels.csv --labels y --json -q | grep -o '"label":"[^"]*"'
"label":"-2"
"label":"-1"
"label":"2147483647"
