# Data on stdout are alone there, and a stdout that does not take them is an error.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --epochs 2 -o m -q

# Every writer: as many lines as rows (and a header), nothing else; what is for people is on stderr.

$ isthmus reconstruct m table.csv -n 3 -o - 2>people | wc -l; grep -c '^errors ' people
4
1
$ isthmus reconstruct m table.csv -n 3 -o - --stdout-format jsonl 2>/dev/null | wc -l
3
$ isthmus reconstruct m table.csv -n 3 -o - --stdout-format npy 2>/dev/null | wc -c
164
$ isthmus sample m -n 3 -o - 2>/dev/null | wc -l
4
$ isthmus interpolate m table.csv --pairs 0:1 --steps 3 -o - 2>/dev/null | wc -l
4
$ isthmus encode m table.csv --limit 3 -o - 2>/dev/null > z.csv; wc -l < z.csv
4
$ isthmus decode m z.csv -o - 2>/dev/null | wc -l
4
$ isthmus report m -o - 2>/dev/null | tail -1
</main></body></html>
$ isthmus report m -o - --json 2>/dev/null | check_json.py
valid isthmus.error/1 x 1

# A reader that leaves early ends the work without a word, but not with success.

$ { isthmus sample m -n 100000 -o - -q 2>words; echo "status $?" > status; } | head -1; cat words status
length,width,weight
status 5

# No stdout at all, or one on a full disk.

$ isthmus sample m -n 3 -o - -q >&-
error[E5112]: standard output is closed
  hint: Start isthmus with standard output open; writers take -o FILE, too.
[5]
$ isthmus sample m -n 3 -o - -q > /dev/full
error[E5101]: standard output: No space left on device
  hint: Free the printed number of bytes or choose another folder.
[5]
$ isthmus eval m table.csv --json -q >&-
error[E5112]: standard output is closed
  hint: Start isthmus with standard output open; writers take -o FILE, too.
[5]
$ isthmus eval m table.csv --json -q > /dev/full
error[E5101]: standard output: No space left on device
  hint: Free the printed number of bytes or choose another folder.
[5]
$ for c in "eval m table.csv" "inspect table.csv" datasets doctor; do isthmus $c 2>/dev/null >&-; echo "status $?"; done
status 5
status 5
status 5
status 5

# Lines for people are no data: training ends well without a reader.

$ isthmus train table.csv --epochs 1 -o n 2>/dev/null >&-; ls n/report.html
n/report.html
