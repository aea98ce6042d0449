# Bad data of every kind: what, where and what to do; exit status 3.

$ isthmus train missing.csv
error[E3001]: missing.csv: no such file or folder, and no known data set
  hint: check the path; known data sets: fashion-mnist, mnist
[3]
$ isthmus train fashon-mnist
error[E3001]: fashon-mnist: no such file or folder, and no known data set
  hint: did you mean fashion-mnist?
[3]
$ printf 'a,b\n1,2\n3\n4,5\n' > ragged.csv; isthmus train ragged.csv
error[E3101]: ragged.csv:3:1: 1 field, but the first row has 2 (delimiter ,)
  hint: Mend the row that is printed.
[3]
$ printf 'a,b\n1,2\n3,N/A?\n4,5\n' > text.csv; isthmus train text.csv
error[E3104]: text.csv:3:2:row 1: column "b" has text in 1 of 3 rows, first "N/A?" in line 3
  hint: leave out what is listed: --exclude b; or fill the cells or drop their rows
[3]
$ printf 'a,b\n1,2\n3,nan\n4,5\n' > nan.csv; isthmus train nan.csv
error[E3401]: nan.csv:3:2:row 1: column "b" has values that are not finite in 1 of 3 rows, first "nan" in line 3
  hint: leave out what is listed: --exclude b; or fill the cells or drop their rows
[3]
$ printf 'a,b\n1,2\n"3,4\n' > quote.csv; isthmus train quote.csv
error[E3102]: quote.csv:3:1: a quoted field is not closed
  hint: Mend the row that is printed.
[3]
$ printf 'a,a\n1,2\n' > header.csv; isthmus train header.csv
error[E3103]: header.csv:1:2: two columns are named "a" (1 and 2)
  hint: rename one of them, or leave one out by its number: --exclude 2
[3]
$ printf 'a,b\n' > empty.csv; isthmus train empty.csv
error[E3402]: empty.csv: the table has a header and no rows
  hint: Give data with at least two items.
[3]
$ : > nothing.csv; isthmus train nothing.csv
error[E3402]: nothing.csv: the file is empty
  hint: Give data with at least two items.
[3]
$ printf 'a,b\n1,2\n' > one.csv; isthmus train one.csv
error[E3403]: the data set has 1 items, at least 2 are needed
  hint: Give more items or another --val.
[3]
$ printf 'GIF89a.........' > picture.gif; isthmus train picture.gif
error[E3003]: picture.gif: a GIF image is not read as data
  hint: convert it to PNG or JPEG
[3]
$ printf '\0\0\010\003\0\0\0\002\0\0\0\002\0\0\0\002abc' > short.idx; isthmus train short.idx
error[E3005]: short.idx:offset 16: shape (2, 2, 2) of u8 needs 8 bytes, but only 3 follow the header
  hint: Copy or download the file again.
[3]
$ printf '\0\0\007\003\0\0\0\002' > type.idx; isthmus train type.idx
error[E3003]: type.idx: the content is of no known format (idx, npy, npz, png, jpeg, csv)
  hint: isthmus help formats lists the known ones.
[3]
$ printf '\0\0\010\001\0\0\0\144%0100d' 7 | gzip | head -c 30 > cut.gz; isthmus train cut.gz
error[E3005]: cut.gz:offset 30: the gzip data end after 30 bytes in the middle of a member
  hint: Copy or download the file again.
[3]
$ printf '\223NUMPY\001\000\020\000{nonsense}     \n' > bad.npy; isthmus train bad.npy
error[E3202]: bad.npy:offset 11: the NPY header is not valid: expected a key in quotes
  hint: Save the array again with numpy.save.
[3]
$ printf '\200\004\225pickle' > weights.pkl; isthmus train weights.pkl
error[E4501]: weights.pkl: a pickle: it can run code and is never opened
  hint: save the array with numpy.save(file, array)
[4]
$ mkdir folder; isthmus train folder
error[E3303]: folder: no PNG or JPEG images in the folder or its subfolders (0 other files)
  hint: give a folder of PNG or JPEG files, or name the data files: "folder/*.csv"
[3]
$ printf '1,2\n3,4\n5,6\n' > t.csv; isthmus train t.csv --exclude c9
error[E2003]: t.csv: data.exclude: there is no column "c9"
  hint: did you mean c1?
[2]
$ isthmus train t.csv --val 0.9999 --epochs 1 -q; echo "status $?"
error[E3403]: holding out 3 of 3 items leaves none to train on
  hint: give more items or a smaller --val
status 3
