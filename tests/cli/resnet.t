# Residual networks; which network is chosen by itself, and what becomes of it on resume; what networks over images
# cannot take.

$ npy() { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%c", 32 + (i * i + 7 * int(i / 72)) % 90 }'; }; npy "40, 11, 13, 3" 17160 > rgb.npy; npy "40, 11, 13" 5720 > grey.npy; npy "40, 37, 41" 60680 > large.npy; npy "130, 64, 64, 3" 1597440 > photos.npy
$ isthmus train rgb.npy --arch resnet --stages 4,8 --blocks 2 --hidden 12 --latent 3 --epochs 2 -o m -q --json | grep -o '"arch":"[a-z]*"'
"arch":"resnet"
$ isthmus inspect m/model.safetensors | grep -e ^model -e decoder/2/
model    vae 429-resnet(4,8; 2 blocks)-12-(3,3)-3-12-resnet(4,8; 2 blocks)-429, relu, gaussian (sigma learned), 10,038 parameters
         decoder/2/0/scale            F32 (8)
         decoder/2/0/shift            F32 (8)
         decoder/2/1/bias             F32 (8)
         decoder/2/1/weight           F32 (3, 3, 8, 8)
         decoder/2/2/scale            F32 (8)
         decoder/2/2/shift            F32 (8)
         decoder/2/3/bias             F32 (8)
         decoder/2/3/weight           F32 (3, 3, 8, 8)
$ isthmus eval m rgb.npy -q --json | grep -o '"arch":"[a-z]*"'
"arch":"resnet"
$ isthmus sample m -n 4 -o s.npy -q && isthmus inspect s.npy | head -1
data     s.npy: 4, 11x13 rgb, u8, 1.7 KiB in memory
$ isthmus reconstruct m rgb.npy -o r.png -q && isthmus interpolate m rgb.npy --pairs 0:1 -o i.png -q && isthmus encode m rgb.npy -o z.csv -q && wc -l < z.csv
41
$ isthmus train grey.npy --arch resnet --norm layer --stages 4 --model ae --precision bf16 --epochs 1 -o a -q --json | grep -o '"shape":\[11,13\]' | head -1
"shape":[11,13]

# Chosen by itself.
$ for data in grey large rgb; do isthmus train $data.npy --dry-run 2>&1 | grep -e model.arch -e stages; done
         model.arch mlp (small images: dense layers are faster here; try --arch conv)
         model.arch conv (images of 32 pixels and more)
         model.stages 32,64,64 (images of 37 x 41, halved until 7 pixels or fewer are left)
         model.arch conv (images in colour)
         model.stages 64 (images of 11 x 13, halved until 7 pixels or fewer are left)
$ isthmus train rgb.npy --arch mlp --dry-run 2>&1 | grep -e model.arch -e stages
         model.arch mlp (flag)
$ isthmus train rgb.npy --model ppca --dry-run 2>&1 | grep -c model.arch
0
[1]
$ isthmus train rgb.npy --preset conv-64 --dry-run 2>&1 | grep -e model.arch
         model.arch conv (conv-64)
$ isthmus train rgb.npy --preset vae-784-128-20 --dry-run 2>&1 | grep -e model.arch
         model.arch mlp (vae-784-128-20)
$ isthmus train large.npy --hidden 8 --latent 2 --epochs 1 -o c -q && isthmus train --resume c --epochs 2 -q && isthmus inspect c/model.safetensors | grep ^model
model    vae 1517-conv(32,64,64)-8-(2,2)-2-8-conv(32,64,64)-1517, relu, bernoulli on grey values (a score: isthmus help auto), 230,597 parameters
$ isthmus train --resume c --arch mlp --epochs 3 -q
error[E4403]: model.arch is conv in the run, mlp was asked for
  hint: leave it out to go on as before, or start a new run
[4]

# What does not go.
$ isthmus train rgb.npy --arch resnet --stages 4,4,4,4,4 -o x -q
error[E2005]: model.stages has 5 stages, but images of 11 x 13 are halved 4 times at most
  hint: give fewer stages
[2]
$ isthmus train rgb.npy --arch resnet --stages 4,4,4,1 --norm layer -o x -q
error[E2005]: model.norm layer has a single value to normalize behind the stage of 1 x 1 pixels and 1 channel
  hint: give that stage more channels (--stages), or use --norm none
[2]
$ isthmus train rgb.npy --blocks 2 -o x -q
error[E2005]: model.blocks has no effect on network conv; it belongs to resnet
  hint: leave it out, or add --arch resnet
[2]
$ isthmus eval m grey.npy -q
error[E3501]: grey.npy: the images are grey, the model was trained on 11x13 rgb
  hint: --channels 3 gives grey to all three channels
[3]
$ isthmus eval c rgb.npy -q
error[E3501]: rgb.npy: the images are rgb, the model was trained on 37x41 grey
  hint: --channels 1 takes their luma, 0.299 r + 0.587 g + 0.114 b
[3]
$ { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 8, 8), }"; printf '\0\0\0\077%.0s' $(seq 700); printf '\0\0\300\177%.0s' $(seq 580); } > nan.npy; isthmus train nan.npy --arch resnet -o x -q
error[E3401]: nan.npy:row 10: NaN in item 10 at row 7, column 4 (580 values of all are not finite)
  hint: Remove or replace the printed cell.
[3]
$ isthmus train photos.npy --arch resnet --stages 16,16 --hidden 16 --batch 130 --val 0 --threads 1 --memory 60MiB -o x -q 2>&1 | tee error.txt | sed 's/[0-9][0-9]* \(MiB\|fits\)/N \1/g'
error[E5201]: training needs about N MiB, the limit is N MiB
  hint: --batch N fits; or lower --hidden 16, --stages 16,16; or smaller images (--resize HxW)
$ isthmus train photos.npy --arch resnet --stages 16,16 --hidden 16 --val 0 --threads 1 --memory 60MiB --batch $(sed -n 's/.*--batch \([0-9]*\) fits.*/\1/p' error.txt) --epochs 1 --samples-every none -o fits -q; ls fits/model.safetensors
fits/model.safetensors
$ ls x 2>/dev/null
[2]
