# Latents and back, in files and through pipes.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --epochs 2 --latent 2 -o m -q
$ isthmus encode m table.csv -o z.csv 2>/dev/null
wrote    z.csv (...)
$ head -1 z.csv; wc -l < z.csv
z0,z1
301
$ isthmus encode m table.csv -o z.csv -q
error[E2006]: z.csv: the output exists already
  hint: Choose another output or pass --force.
[2]
$ isthmus encode m table.csv -o z.csv -q --force
$ isthmus encode m table.csv -o z.npy --quantity mean_and_log_var --json 2>/dev/null | check_json.py
valid isthmus.encode/1 x 1
$ isthmus encode m table.csv -o - -q --limit 2 --stdout-format jsonl | sed 's/:[-0-9.e]*/:N/g'
{"z0":N,"z1":N}
{"z0":N,"z1":N}
$ isthmus encode m table.csv -o - --json
error[E2005]: -o - and --json both want stdout
  hint: write to a file, or leave out --json
{"schema":"isthmus.error/1","version":"0.1.0","warnings":[],"seconds":...,"code":"E2005","name":"conflict","exit":2,"message":"-o - and --json both want stdout","where":{"file":null,"line":null,"column":null,"offset":null,"row":null,"field":null,"key":null},"hint":"write to a file, or leave out --json"}
[2]
$ isthmus encode m table.csv -o z.txt
error[E2007]: z.txt: "txt" is not a format that can be written here
  hint: known: .npy, .csv, .jsonl
[2]
$ isthmus encode m table.csv
error[E2004]: an output is needed: -o FILE
  hint: known: .npy, .csv, .jsonl
[2]
$ isthmus encode m table.csv -o no/such/z.csv
error[E5001]: no/such/z.csv: the folder no/such does not exist
  hint: Create the folder first.
[5]
$ isthmus decode m z.csv -o back.csv --json 2>/dev/null | check_json.py
valid isthmus.decode/1 x 1
$ head -1 back.csv; wc -l < back.csv
length,width,weight
301
$ isthmus decode m z.csv -o back.png
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
error[E2202]: back.png: there are no pictures of 3 columns
  hint: write .csv or .npy
[2]
$ isthmus reconstruct m table.csv -o r.csv -q && cmp r.csv back.csv

# Codes are columns with names: in any order the same items, and no name that is not one of them.

$ awk -F, '{ print $2 "," $1 }' z.csv > swapped.csv; head -1 swapped.csv; isthmus decode m swapped.csv -o s.csv -q && cmp s.csv back.csv
z1,z0
$ tail -n +2 z.csv > bare.csv; isthmus decode m bare.csv -o b.csv -q && cmp b.csv back.csv
$ sed '1 s/z1/z2/' z.csv > other.csv; isthmus decode m other.csv -o o.csv -q
error[E3501]: other.csv: the column "z2" is no code of this model
  hint: the columns of this model's codes are z0 to z1, as isthmus encode writes them; a table without a header is taken in order
[3]
$ cut -d, -f1 z.csv > lacking.csv; isthmus decode m lacking.csv -o o.csv -q
error[E3501]: lacking.csv: the column "z1" is missing
  hint: the columns of this model's codes are z0 to z1, as isthmus encode writes them; a table without a header is taken in order
[3]
$ sed '1 s/$/,row/; 2,$ s/$/,1/' z.csv > more.csv; isthmus decode m more.csv -o o.csv -q
error[E3501]: more.csv: the column "row" is no code of this model
  hint: the columns of this model's codes are z0 to z1, as isthmus encode writes them; a table without a header is taken in order
[3]
