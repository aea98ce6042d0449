# What commands say to models that are damaged, foreign or do not fit the data.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus train table.csv --epochs 2 -o m -q
$ isthmus eval none table.csv
error[E3001]: none: no such file or folder
  hint: Check the path.
[3]
$ isthmus eval table.csv table.csv
error[E4101]: table.csv: a table or other text, not a model
  hint: the order is MODEL DATA, such as: isthmus eval runs/a test.csv
[4]
$ cp m/model.safetensors bad.safetensors; printf 'XX' | dd of=bad.safetensors bs=1 seek=9000 conv=notrunc 2>/dev/null; isthmus eval bad.safetensors table.csv
error[E4201]: bad.safetensors: the file says xxh3-128:..., but its content has xxh3-128:...
  hint: The file is damaged: copy it again.
[4]
$ head -c 5000 m/model.safetensors > cut.safetensors; isthmus eval cut.safetensors table.csv
error[E4011]: cut.safetensors: the tensors end after 7208 bytes of data, but the file has ...
  hint: The file is damaged.
[4]
$ printf '\031\0\0\0\0\0\0\0{"__metadata__":{"a":""}}' > foreign.safetensors; isthmus eval foreign.safetensors table.csv
error[E4505]: foreign.safetensors: this is a safetensors file, but isthmus did not write it
  hint: isthmus inspect shows its tensors.
[4]
$ printf '\200\004\225.........' > w.pt; isthmus eval w.pt table.csv
error[E4501]: w.pt: this is a pickle, which can run code when it is opened; isthmus never opens one
  hint: isthmus opens only models that it wrote; to look at the weights, convert them in Python with safetensors.torch.save_file(torch.load(path, weights_only=True), "weights.safetensors") and run isthmus inspect weights.safetensors
[4]
$ printf 'a,b\n1,2\n3,4\n' > other.csv; isthmus eval m other.csv
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
error[E3501]: other.csv: the table lacks 3 of the 3 columns of the model: length, width, weight
  hint: the table has a, b
[3]
$ printf '1,2,3\n3,4,5\n' > z.csv; isthmus decode m z.csv -o x.npy
model    m/model.safetensors: vae 3-128-(2,2)-2-128-3, relu, gaussian (sigma per_dimension), 1,802 parameters
warning[W3102]: z.csv: the first row (1, 2, 3) is taken as data
  hint: --header yes if it names the columns
error[E3501]: latents of shape (2, 3) do not fit a model of latent size 2
  hint: give an array of shape (N, 2)
[3]
$ isthmus inspect bad.safetensors; isthmus inspect foreign.safetensors
error[E4201]: bad.safetensors: the file says xxh3-128:..., but its content has xxh3-128:...
  hint: The file is damaged: copy it again.
file     safetensors, not written by isthmus
$ isthmus inspect bad.safetensors --json 2>/dev/null | check_json.py
valid isthmus.inspect/1 x 1

# An ae has learned no distribution of its codes: it cannot be sampled. The rest works.

$ isthmus train table.csv --model ae --epochs 1 -o ae -q
$ isthmus sample ae -n 3 -o s.csv -q
error[E2202]: ae cannot be sampled: it has learned no distribution of its codes, so no draw of a code is worth more than another
  hint: fit one to its codes: isthmus fit-sampler MODEL DATA; or train a model that has one: isthmus train DATA --model vae
[2]
$ isthmus encode ae table.csv -o codes.csv -q && isthmus decode ae codes.csv -o d.csv -q && isthmus reconstruct ae table.csv -o r.csv -q && cmp d.csv r.csv
$ isthmus interpolate ae table.csv --pairs 0:1 -o p.csv -q; wc -l < p.csv
11
