# Images that people have: archives of numpy, JPEG, mixed sizes, channels first, flat rows; and what is printed as
# next works.

$ cp -r "$SOURCE_DIR/isthmus/data/testdata" t; cp t/*.npz .
$ isthmus inspect several.npz 2>&1 | sed 's/names.*/.../'
error[E3212]: several.npz: the file holds several arrays: x_train (6, 2, 3), y_train (6), x_test (2, 2, 3), y_test (2), ...
  hint: name one behind the file: FILE::x_train
$ isthmus inspect several.npz::x_train --labels several.npz::y_train | grep -e ^data -e ^classes
data     several.npz::x_train: 6, 2x3 grey, u8, 36 B in memory
range    1 .. 248, mean 136.3333
doubles  0.0 % of the items occur before
classes  3
suggest  data.scale unit (bytes / 255)
$ isthmus inspect stored.npz | grep -e ^data -e ^note
data     stored.npz: 6, 2x3 grey, u8, 36 B in memory
note     "y" may be labels: --labels FILE::y
suggest  data.scale unit (bytes / 255)
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
$ isthmus train photos --resize 8x6 --epochs 2 -o m 2>&1 | grep -e warning -e next
warning[W3310]: 1 image beside the class folders were left out
  hint: move them into a class folder, or name them as DATA
warning[W3313]: 1 image is of a kind that is not read and were left out
  hint: convert them to PNG or JPEG
  hint: only regular files of a folder are read
data     photos (1 images were turned upright (EXIF); 4 images of other sizes or channels were converted to 8x6 rgb; 1 files that are no images were passed over): 3 train + 1 validation, 8x6 rgb, u8
choice   data.resize 8x6 (flag)
         data.scale unit (bytes / 255)
         model.hidden 128 (144 values per item)
         model.latent_dim 20 (images)
         model.init glorot_uniform (even steps in narrow tables and wide images alike)
         model.likelihood gaussian (neither binary, grey bytes, nor reals in [0, 1])
         model.sigma learned (images)
         train.batch_size 1 (3 items, at most a tenth of them)
         run.out m (flag)
model    vae 144-128-(20,20)-20-128-144, relu, gaussian (sigma learned), 44,985 parameters
layers   likelihood  parameter  (1)                            1
         encoder/0   linear     144 -> 128    relu        18,560
         encoder/1   linear     128 -> 40                  5,160
         decoder/0   linear     20 -> 128     relu         2,688
         decoder/1   linear     128 -> 144                18,576
warning[W3310]: 1 image beside the class folders were left out
  hint: move them into a class folder, or name them as DATA
warning[W3313]: 1 image is of a kind that is not read and were left out
  hint: convert them to PNG or JPEG
  hint: only regular files of a folder are read
wrote    m/  report.html  samples.png  reconstructions.png  model.safetensors (178 KiB)
next     isthmus sample m -n 100 -o more.png   |   isthmus eval m photos --iwae 1000
$ isthmus eval m photos -q; isthmus reconstruct m photos -o r.png 2>&1 | grep -e warning -e data -e wrote
warning[W3310]: 1 image beside the class folders were left out
warning[W3313]: 1 image is of a kind that is not read and were left out
warning[W3314]: 1 pipe, socket or device was passed over
warning[W3312]: 4 images of other sizes or channels were converted to 8x6 rgb, which the model was trained on
data     photos: 4, 8x6 rgb, u8 (1 images were turned upright (EXIF); 4 images of other sizes or channels were converted to 8x6 rgb; 1 files that are no images were passed over)
wrote    r.png (1.1 KiB)
$ isthmus sample m -n 4 -o more.png -q && isthmus inspect more.png | head -1
data     more.png: 1, 8x24 rgb, u8, 576 B in memory
$ (printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 1, 4, 4), }"; awk 'BEGIN { for (i = 0; i < 640; i++) printf "%c", 32 + (i * i + 7 * int(i / 16)) % 90 }') > nchw.npy; isthmus inspect nchw.npy | grep -e ^data -e ^note
data     nchw.npy: 40, 4x4 grey, u8, 640 B in memory
note     items of 1x4x4 were read with channels first, as 4x4 grey
suggest  data.scale unit (bytes / 255)
$ isthmus train nchw.npy --epochs 2 -o nchw 2>/dev/null | grep next
next     isthmus sample nchw -n 100 -o more.png   |   isthmus eval nchw nchw.npy --iwae 1000
$ isthmus sample nchw -n 100 -o grid.png -q && isthmus eval nchw nchw.npy -q && ls grid.png
grid.png
$ awk 'BEGIN { for (i = 0; i < 40; i++) { printf "%d", i % 3; for (k = 0; k < 16; k++) printf ",%d", (i * i * k + 7 * k) % 200; print "" } }' > digits.csv
$ isthmus train digits.csv --shape 4x4 --epochs 2
error[E3306]: digits.csv: --shape 4x4 has 16 values, the items have 17 (17 columns)
  hint: leave out columns that are no pixels (--exclude, --labels)
[3]
$ isthmus train digits.csv --labels 1 --shape 4x4 --epochs 2 -o flat -q && isthmus eval flat digits.csv --labels 1 2>&1 | grep data
data     digits.csv: 40, 4x4 grey, f32 (16 columns were read as 4x4 grey, as in the model)
$ isthmus reconstruct flat nchw.npy -o flat.png -q
$ isthmus train digits.csv --resize 2x2
error[E3306]: digits.csv: --resize and --channels are for images; the items are 17 columns
  hint: flat pixels become images with --shape HxW
[3]
