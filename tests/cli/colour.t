# Pictures in colour from arrays and folders to samples, reconstructions and paths; grey against colour; alpha; axes
# that may be read in two ways.

$ npy() { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%c", 32 + (i * i + 7 * int(i / 72)) % 90 }'; }; npy "40, 6, 4, 3" 2880 > rgb.npy; npy "40, 3, 6, 4" 2880 > nchw.npy; npy "40, 6, 4" 960 > grey.npy; npy "40, 3, 6, 3" 2160 > both.npy; npy "40, 6, 4, 4" 3840 > rgba.npy
$ isthmus inspect rgb.npy | grep -e ^data -e ^note
data     rgb.npy: 40, 6x4 rgb, u8, 2.8 KiB in memory
note     items of 6x4x3 were read with channels last, as 6x4 rgb
$ isthmus inspect nchw.npy | grep -e ^data -e ^note
data     nchw.npy: 40, 6x4 rgb, u8, 2.8 KiB in memory
note     items of 3x6x4 were read with channels first, as 6x4 rgb
$ isthmus train rgb.npy --epochs 2 --latent 3 -o m -q; for f in m/samples.png m/reconstructions.png m/interpolation.png; do isthmus inspect $f | head -1; done
data     m/samples.png: 1, 318x218 rgb, u8, 203 KiB in memory
data     m/reconstructions.png: 1, 30x180 rgb, u8, 16 KiB in memory
data     m/interpolation.png: 1, 62x218 rgb, u8, 40 KiB in memory
$ mkdir photos; isthmus sample m -n 12 -o photos/a/ -q; isthmus sample m -n 12 --seed 1 -o photos/b/ -q; isthmus inspect photos | grep -e ^data -e ^classes
data     photos: 24, 6x4 rgb, u8, 1.7 KiB in memory
classes  2
$ isthmus reconstruct m photos -o pairs.png -q; isthmus interpolate m photos --pairs 0:12 -o path.png -q; isthmus superresolve m photos --factor 2 -o large.png --steps 4 --draws 2 -q; isthmus denoise m photos --noise gaussian --noise-level 0.1 -o clean.png -q; for f in pairs path large clean; do isthmus inspect $f.png | head -1; done
data     pairs.png: 1, 158x224 rgb, u8, 104 KiB in memory
data     path.png: 1, 30x218 rgb, u8, 19 KiB in memory
data     large.png: 1, 222x218 rgb, u8, 142 KiB in memory
data     clean.png: 1, 158x224 rgb, u8, 104 KiB in memory
$ isthmus train photos --epochs 2 --latent 3 -o n -q && isthmus eval n nchw.npy -q

# Grey and colour.
$ isthmus eval m grey.npy
model    m/model.safetensors: vae 72-128-(3,3)-3-128-72, relu, gaussian (sigma learned), 19,919 parameters
error[E3501]: grey.npy: the images are grey, the model was trained on 6x4 rgb
  hint: --channels 3 gives grey to all three channels
[3]
$ isthmus eval m grey.npy --channels 3 2>&1 | grep ^data
data     grey.npy: 40, 6x4 rgb, u8 (40 images of 6x4 grey were converted to 6x4 rgb)
$ isthmus train grey.npy --epochs 2 --latent 3 -o g -q; isthmus reconstruct g photos -o r.png
model    g/model.safetensors: vae 24-128-(3,3)-3-128-24, relu, bernoulli on grey values (a score: isthmus help auto), 7,582 parameters
error[E3501]: photos/a/00000.png: the images are rgb, the model was trained on 6x4 grey
  hint: --channels 1 takes their luma, 0.299 r + 0.587 g + 0.114 b
[3]
$ isthmus encode g photos --channels 1 -o codes.csv 2>&1 | grep ^data
data     photos: 24, 6x4 grey, u8 (24 images of 6x4 rgb were converted to 6x4 grey)
$ isthmus train photos --channels 1 --epochs 2 --latent 3 -o luma 2>/dev/null | grep next
next     isthmus sample luma -n 100 -o more.png
$ isthmus superresolve m grey.npy -o r.png
model    m/model.safetensors: vae 72-128-(3,3)-3-128-72, relu, gaussian (sigma learned), 19,919 parameters
error[E3501]: grey.npy: the images are grey, the model was trained on 6x4 rgb
  hint: --channels 3 gives grey to all three channels
[3]

# Axes and alpha.
$ isthmus train both.npy --epochs 2
error[E3306]: both.npy: items of 3x6x3 may be 3x6 rgb or 6x3 rgb
  hint: say which: --layout nhwc has channels last, --layout nchw first; --as table for other numbers
[3]
$ isthmus inspect both.npy --layout nchw | grep ^data
data     both.npy: 40, 6x3 rgb, u8, 2.1 KiB in memory
$ isthmus inspect both.npy --layout nhwc | grep ^data
data     both.npy: 40, 3x6 rgb, u8, 2.1 KiB in memory
$ isthmus inspect rgba.npy | grep -e ^data -e ^note
data     rgba.npy: 40, 6x4x4 values, u8, 3.8 KiB in memory
note     if the 4 channels are RGBA: --channels 3 lays them over white
$ isthmus inspect rgba.npy --channels 3 | grep -e ^data -e ^note
data     rgba.npy: 40, 6x4 rgb, u8, 2.8 KiB in memory
note     items of 6x4x4 were read with channels last, as 6x4 rgba; the fourth channel was read as alpha (opaque: 255) and laid over white
$ cp "$SOURCE_DIR/isthmus/data/testdata/rgba8.png" .; isthmus inspect rgba8.png | grep -e ^data -e ^note
data     rgba8.png: 1, 7x5 rgb, u8, 105 B in memory
note     alpha was laid over white
$ { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 72), }"; tail -c 2880 nchw.npy; } > flat.npy; isthmus train flat.npy --shape 3x6x4 --epochs 2 --latent 3 -o f -q; for d in flat.npy nchw.npy; do isthmus eval f $d 2> /dev/null | grep elbo; done | sort -u | wc -l
2
$ isthmus eval f flat.npy 2>&1 | grep ^data
data     flat.npy: 40, 6x4 rgb, u8 (72 columns were read as 6x4 rgb with channels first, as in the model)
$ isthmus sample f -n 2 -o drawn.csv -q; isthmus sample f -n 2 -o drawn.npy -q; for d in csv npy; do isthmus eval f drawn.$d 2> /dev/null | grep elbo; done | sort -u | wc -l
2
$ isthmus eval m flat.npy
model    m/model.safetensors: vae 72-128-(3,3)-3-128-72, relu, gaussian (sigma learned), 19,919 parameters
error[E3306]: flat.npy: 72 columns may be 6x4 rgb with channels last or first
  hint: say which: --layout nhwc has channels last, as isthmus writes them, --layout nchw first
[3]
$ isthmus eval f nchw.npy --layout nhwc 2>&1 | grep error
error[E3501]: nchw.npy: the items are 3x6x4 values, the model was trained on 6x4 rgb
