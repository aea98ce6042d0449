# Texts from files stay texts: on the terminal, in the page, in tables and in JSON.

$ printf 'a,\302\233red\n1,2\n4,5.5\n' > control.csv; isthmus inspect control.csv
error[E3103]: control.csv:1:2: the name of column 2 (\xc2\x9bred) has control bytes
  hint: rename it, or leave the column out: --exclude 2
[3]
$ printf '=cmd,b,<script>alert(1)</script>\n1,2,3\n4,5.5,6\n3,1,2\n9,9,9\n1,3,3\n2,2,5\n' > evil.csv
$ isthmus inspect evil.csv | grep -A2 columns
data     evil.csv: 6, 3 columns, f32, 72 B in memory
range    1 .. 9, mean 3.9167
doubles  0.0 % of the items occur before
columns  =cmd                 integer  1 .. 9, mean 3.333, 5 distinct
         b                    real     1 .. 9, mean 3.750, 5 distinct
         <script>alert(1)</script> integer  2 .. 9, mean 4.667, 5 distinct
$ isthmus train evil.csv --epochs 2 -o '<b>m' -q; mv '<b>m' m
$ grep -c -e '<script' -e '<b>m' m/report.html
0
[1]
$ isthmus sample m -n 2 -o - -q | head -1
=cmd,b,<script>alert(1)</script>
$ isthmus sample m -n 2 -o - -q --csv-safe | head -1
'=cmd,b,<script>alert(1)</script>
$ isthmus inspect evil.csv --json | check_json.py
valid isthmus.inspect/1 x 1
$ cp -r m "$(printf 'm\377')"; isthmus eval "$(printf 'm\377')" evil.csv --json 2>/dev/null | check_json.py
valid isthmus.eval/1 x 1
