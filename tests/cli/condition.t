# Models that are told the class of an item, or some columns of its row.

$ awk 'BEGIN { print "x,y,size,kind"; for (i = 0; i < 300; i++) { k = i % 3; printf "%.4f,%.4f,%.3f,%s\n", 3 * k + sin(0.7 * i), k + sin(78 * i) / 5, 10 + sin(i), substr("redgrnblu", 3 * k + 1, 3) } }' > table.csv
$ isthmus train table.csv --labels kind --condition label --epochs 3 -o m -q
$ isthmus sample m --class grn -n 4 -o a.csv -q; head -1 a.csv; wc -l < a.csv
x,y,size
5
$ isthmus sample m --class grn -n 4 --json -o b.csv 2>/dev/null | check_json.py
valid isthmus.sample/1 x 1
$ isthmus sample m --class green -o c.csv -q
error[E2003]: "green" is no condition of this model
  hint: the classes are blu, grn, red, or their numbers from 0
[2]
$ isthmus sample m --given x=1 -o c.csv -q
error[E2003]: "x=1" is no condition of this model
  hint: the classes are blu, grn, red, or their numbers from 0
[2]
$ isthmus eval m table.csv -q
error[E3501]: table.csv: the model was trained with the class of an item as its condition, and the data have no labels
  hint: name them: --labels FILE, or a column of the table
[3]
$ isthmus eval m table.csv --labels kind -q
$ sed s/blu/vio/ table.csv > other.csv; isthmus encode m other.csv --labels kind -o c.npy -q
error[E3501]: other.csv: classes that training did not have: "vio" (100 items)
  hint: the model knows blu, grn, red
[3]
$ isthmus train table.csv --exclude kind --condition size --epochs 3 -o s -q
$ isthmus sample s --given size=9.5 -n 3 -o d.csv -q; head -1 d.csv
x,y
$ isthmus sample s --given weight=2 -o e.csv -q
error[E2003]: "weight=2" is no condition of this model
  hint: say NAME=VALUE for size
[2]
$ isthmus train table.csv --exclude kind --condition 3 --epochs 3 -o n -q; cmp s/model.safetensors n/model.safetensors
$ isthmus train table.csv --exclude kind --condition 4 -o u -q
error[E2003]: data.condition = "4": there is no column "kind"
  hint: label, or columns of a table by name or number
[2]
$ cut -d, -f1,2 table.csv > less.csv; isthmus eval s less.csv -q
error[E3501]: less.csv: the table lacks 1 of the 3 columns of the model: size
  hint: the table has x, y
[3]
$ isthmus train table.csv --exclude kind --condition label -o t -q
error[E2005]: data.condition = label, but the data have no labels
  hint: name them: --labels FILE, or a column of the table
[2]
$ isthmus train table.csv --exclude kind --condition sizes -o t -q
error[E2003]: data.condition = "sizes": there is no column "sizes"
  hint: did you mean "size"?
[2]
