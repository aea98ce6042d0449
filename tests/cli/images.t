# Images that people have: archives of numpy, JPEG, mixed sizes, channels first, flat rows; and what is printed as
# next works.

$ cp -r "$SOURCE_DIR/isthmus/data/testdata" t; cp t/*.npz .
$ isthmus inspect several.npz 2>&1 | sed 's/names.*/.../'
error[E3212]: several.npz: the file holds several arrays: x_train (6, 2, 3), y_train (6), x_test (2, 2, 3), y_test (2), ...
  hint: name one behind the file: FILE::x_train
$ isthmus inspect several.npz::x_train --labels several.npz::y_train | grep -e ^data -e ^classes
data     several.npz::x_train: 6, 2x3 grey, u8, 36 B in memory
classes  3
$ isthmus inspect stored.npz | grep -e ^data -e ^note
data     stored.npz: 6, 2x3 grey, u8, 36 B in memory
note     "y" may be labels: --labels FILE::y
$ isthmus train stored.npz --labels stored.npz::y --epochs 2 --val 0 -o npz -q && isthmus eval npz stored.npz::X -q && isthmus eval npz deflated.npz --labels deflated.npz::y -q
$ isthmus inspect t/x_u1.npy::a
error[E3212]: t/x_u1.npy: only NPZ files hold arrays with names, this is npy
  hint: leave out ::a
[3]
$ mkdir -p photos/a photos/b; cp t/jpeg_rgb.jpg photos/a/1.jpg; cp t/jpeg_turn6.jpg photos/a/2.jpg; cp t/rgb8.png photos/b/3.png; cp t/grey8.png photos/b/4.png; cp t/palette8.png photos/5.png; mkfifo photos/b/6.png; echo hello > photos/a/notes.txt; : > photos/b/7.gif
$ isthmus train photos --epochs 2
error[E3302]: photos/a/1.jpg is 16x24, but photos/a/2.jpg is 24x16
  hint: bring them to one size: --resize 16x16
[3]
$ isthmus train photos --resize 8x6 --epochs 2 -o m 2>&1 | grep -e W33 -e next
warning[W3310]: left out: 1 image beside the class folders
warning[W3313]: left out: 1 image of kinds that are not read
warning[W3314]: left out: 1 pipe, socket or device
next     isthmus sample m -n 100 -o ...
$ isthmus eval m photos -q; isthmus reconstruct m photos -o r.png 2>&1 | grep -e warning -e data -e wrote
warning[W3310]: left out: 1 image beside the class folders
warning[W3313]: left out: 1 image of kinds that are not read
warning[W3314]: left out: 1 pipe, socket or device
warning[W3312]: 4 images of other sizes or channels were converted to 8x6 rgb, 2 stretched, which the model was trained on
data     photos: 4, 8x6 rgb, u8 (1 images were turned upright (EXIF); 4 images of other sizes or channels were converted to 8x6 rgb, 2 stretched; 1 files that are no images were passed over)
wrote    r.png (...)
$ isthmus eval m photos --resize 16x16 2>&1 | grep -A 1 error
error[E3501]: photos: the items are 16x16 rgb, the model was trained on 8x6 rgb
  hint: --resize 8x6, or no --resize: images take the model's size by themselves
$ mkdir print; cp t/jpeg_cmyk.jpg print; isthmus inspect print
error[E3304]: print: 1 of 1 images are unreadable, 1.0 % are tolerated (print/jpeg_cmyk.jpg: not a readable JPEG image: four channels (CMYK))
  hint: save CMYK images as RGB or grey; mend or remove the others, or raise --max-bad
[3]
$ isthmus sample m -n 4 -o more.png -q && isthmus inspect more.png | head -1
data     more.png: 1, ... rgb, u8, ... in memory
$ (printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 1, 4, 4), }"; awk 'BEGIN { for (i = 0; i < 640; i++) printf "%c", 32 + (i * i + 7 * int(i / 16)) % 90 }') > nchw.npy; isthmus inspect nchw.npy | grep -e ^data -e ^note
data     nchw.npy: 40, 4x4 grey, u8, 640 B in memory
note     items of 1x4x4 were read with channels first, as 4x4 grey
$ isthmus train nchw.npy --epochs 2 -o nchw 2>/dev/null | grep next
next     isthmus sample nchw -n 100 -o ...
$ isthmus sample nchw -n 100 -o grid.png -q && isthmus eval nchw nchw.npy -q && ls grid.png
grid.png
$ awk 'BEGIN { for (i = 0; i < 40; i++) { printf "%d", i % 3; for (k = 0; k < 16; k++) printf ",%d", (i * i * k + 7 * k) % 200; print "" } }' > digits.csv
$ isthmus train digits.csv --shape 4x4 --epochs 2
error[E3306]: digits.csv: --shape 4x4 has 16 values, the items have 17 (17 columns)
  hint: leave out columns that are no pixels (--exclude, --labels)
[3]
$ isthmus train digits.csv --labels 1 --shape 4x4 --epochs 2 -o flat -q && isthmus eval flat digits.csv --labels 1 2>&1 | grep data
data     digits.csv: 40, 4x4 grey, u8 (16 columns were read as 4x4 grey, as in the model)
$ isthmus reconstruct flat nchw.npy -o flat.png -q
$ awk -F, '{ printf "%d", $1; for (k = 2; k <= NF; k++) printf ",%d", 257 * $k; print "" }' digits.csv > deep.csv; isthmus eval flat deep.csv --labels 1 2>&1 | grep -e data -e W3
data     deep.csv: 40, 4x4 grey, u8 (16 columns were read as 4x4 grey, as in the model; 40 images of 16 bits were divided by 257, the model was trained on 8 bits)
$ for f in digits deep; do isthmus eval flat $f.csv --labels 1 2>/dev/null | grep elbo; done | uniq | wc -l
1
$ isthmus train digits.csv --resize 2x2
error[E3306]: digits.csv: --resize and --channels are for images; the items are 17 columns
  hint: flat pixels become images with --shape HxW
[3]
$ isthmus train deep.csv --labels 1 --shape 4x4 --epochs 1 -o deep -q 2> /dev/null; isthmus sample deep -n 3 -o drawn/ -q && isthmus inspect drawn/ | grep data
data     drawn/: 3, 4x4 grey, f32, 192 B in memory
suggest  data.scale unit (whole levels / 65535)
$ for k in 1 257; do awk -v k=$k -F, '{ printf "%d", $1; for (c = 2; c < 6; c++) printf ",%d", k * $c; print "" }' digits.csv > small$k.csv; isthmus superresolve flat small$k.csv --labels 1 --shape 2x2 -n 2 --steps 4 --draws 2 -o s$k.npy 2>&1 | grep ^data; done; cmp s1.npy s257.npy && echo equal
data     small1.csv: 40, 2x2 grey
data     small257.csv: 40, 2x2 grey (40 images of 16 bits were divided by 257, the model was trained on 8 bits)
equal
