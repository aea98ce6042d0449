# Files that are something else than was hoped for are named, with the way on.

$ printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n' > lfs.npy; isthmus train lfs.npy
error[E3003]: lfs.npy: a Git LFS pointer in place of the file is not read as data
  hint: fetch the file: git lfs pull
[3]
$ printf '(lp0\nI1\naI2\na.' > p0.pkl; isthmus train p0.pkl
error[E4501]: p0.pkl: a pickle: it can run code and is never opened
  hint: save the array with numpy.save(file, array)
[4]
$ printf 'cnumpy\narray\np0\n.' > p0.csv; isthmus train p0.csv
error[E4501]: p0.csv: a pickle: it can run code and is never opened
  hint: save the array with numpy.save(file, array)
[4]
$ printf 'PK\003\004%018d\023\000\000\000[Content_Types].xml' 0 | tr 0 '\000' > t.xlsx; isthmus train t.xlsx
error[E3003]: t.xlsx: an office document (such as XLSX) is not read as data
  hint: save the sheet as CSV
[3]
$ printf 'PK\003\004\024\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\005\000\000\000x.csv' > t.zip; isthmus train t.zip
error[E3003]: t.zip: a zip archive that does not hold arrays of numpy
  hint: unpack it first; NPZ files are read: numpy.savez(file, x=array)
[3]
$ printf 'PAR1.......' > t.parquet; isthmus train t.parquet
error[E3003]: t.parquet: a Parquet file is not read as data
  hint: save it as CSV, such as pandas.read_parquet(...).to_csv
[3]
$ printf '1,2\n3,4\n5,6\n1,3\n' > x.csv; isthmus train x.csv --epochs 1 -o m -q --val 0
$ isthmus eval x.csv m
error[E4101]: x.csv: a table or other text, not a model
  hint: the order is MODEL DATA, such as: isthmus eval runs/a test.csv
[4]
$ cp "$SOURCE_DIR/isthmus/data/testdata/x_u1.npy" .; isthmus eval x_u1.npy m
error[E4101]: x_u1.npy: an NPY array, not a model
  hint: the order is MODEL DATA, such as: isthmus eval runs/a test.csv
[4]
$ isthmus encode fashion-mnist m -o z.csv
error[E4101]: fashion-mnist: a known data set, not a model
  hint: the order is MODEL DATA, such as: isthmus eval runs/a test.csv
[4]
$ isthmus eval m m/model.safetensors
model    m/model.safetensors: vae 2-128-(2,2)-2-128-2, relu, gaussian (sigma per_dimension), 1,544 parameters
error[E3003]: m/model.safetensors: a model (safetensors), not data
  hint: a MODEL stands in front of DATA, such as: isthmus eval runs/a test.csv
[3]
$ isthmus eval m /dev/zero
model    m/model.safetensors: vae 2-128-(2,2)-2-128-2, relu, gaussian (sigma per_dimension), 1,544 parameters
error[E3003]: /dev/zero: the content is of no known format (idx, npy, npz, png, jpeg, csv)
  hint: isthmus help formats lists the known ones.
[3]
$ isthmus train /dev/full; isthmus train x.csv --labels /dev/zero
error[E3003]: /dev/full: the content is of no known format (idx, npy, npz, png, jpeg, csv)
  hint: isthmus help formats lists the known ones.
error[E3003]: /dev/zero: the content is of no known format (idx, npy, npz, png, jpeg, csv)
  hint: isthmus help formats lists the known ones.
[3]
$ yes 1,2 | head -c 2000000 | gzip > bomb.csv.gz; isthmus train bomb.csv.gz --memory 1MiB
error[E5201]: bomb.csv.gz: machine.memory: the first 65,536 rows of the table fill the memory limit, 1 MiB
  hint: use fewer items (--limit), or raise --memory
[5]
$ isthmus eval m bomb.csv.gz --memory 1MiB; isthmus inspect bomb.csv.gz --limit 3 --memory 1MiB | head -1
model    m/model.safetensors: vae 2-128-(2,2)-2-128-2, relu, gaussian (sigma per_dimension), 1,544 parameters
error[E5201]: bomb.csv.gz: machine.memory: the first 65,536 rows of the table fill the memory limit, 1 MiB
  hint: use fewer items (--limit), or raise --memory
data     bomb.csv.gz: 3, 2 columns, u8, 6 B in memory
