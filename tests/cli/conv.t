# Convolutional networks: from images of an odd size to samples; what they are called; what they cannot take.

$ npy() { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%c", 32 + (i * i + 7 * int(i / 72)) % 90 }'; }; npy "40, 9, 11" 3960 > odd.npy; npy "40, 6, 7" 1680 > small.npy; npy "40, 9, 11, 3" 11880 > rgb.npy
$ isthmus train odd.npy --arch conv --stages 3,4 --hidden 12 --latent 3 --epochs 2 -o m -q --json | grep -o '"arch":"[a-z]*"'
"arch":"conv"
$ isthmus inspect m/model.safetensors | grep -e ^model -e encoder
model    vae 99-conv(3,4)-12-(3,3)-3-12-conv(3,4)-99, relu, bernoulli on grey values (a score: isthmus help auto), 1,529 parameters
         encoder/0/bias               F32 (3)
         encoder/0/weight             F32 (4, 4, 1, 3)
         encoder/1/bias               F32 (4)
         encoder/1/weight             F32 (4, 4, 3, 4)
         encoder/2/bias               F32 (12)
         encoder/2/weight             F32 (36, 12)
         encoder/3/bias               F32 (6)
         encoder/3/weight             F32 (12, 6)
$ isthmus sample m -n 4 -o s.npy -q && isthmus inspect s.npy | head -1
data     s.npy: 4, 9x11 grey, u8, 396 B in memory
$ isthmus reconstruct m odd.npy -o r.npy -q && isthmus encode m odd.npy -o z.csv -q && wc -l < z.csv
41
$ isthmus eval m odd.npy --json -q | grep -o '"arch":"[a-z]*"'
"arch":"conv"
$ isthmus train odd.npy --model pca --latent 3 -o p -q --json | grep -o '"arch":"[a-z]*"'
"arch":"none"
$ isthmus train rgb.npy --arch conv --model iwae --prior mog --latent 3 --hidden none --epochs 1 -o c -q --json | grep -o '"shape":\[9,11,3\]' | head -1
"shape":[9,11,3]
$ isthmus train odd.npy --arch conv --dry-run 2>&1 | grep stages
         model.stages 64 (images of 9 x 11, halved until 7 pixels or fewer are left)
$ isthmus doctor --plan m | grep -c -e patches -e fold
7
$ isthmus train small.npy --arch conv -o x -q
error[E2005]: model.arch: network conv takes images from 8 x 8 to 256 x 256, these are 6 x 7
  hint: use --arch mlp
[2]
$ printf 'a,b\n1,2\n2,3\n4,4\n5,7\n' > t.csv; isthmus train t.csv --arch conv -o x -q
error[E2005]: model.arch: network conv needs images, and an item has 1 axis
  hint: use --arch mlp, or give images (H, W) or (H, W, C)
[2]
$ isthmus train odd.npy --stages 3 -o x -q
error[E2005]: model.stages has no effect on network mlp; it belongs to conv, resnet
  hint: leave it out, or add --arch conv
[2]
$ isthmus train odd.npy --arch conv --stages 4,4,4,4,4 -o x -q
error[E2005]: model.stages has 5 stages, but images of 9 x 11 are halved 4 times at most
  hint: give fewer stages
[2]
$ isthmus train odd.npy --arch convnet -o x -q
error[E2003]: --arch "convnet" is not an allowed word
  hint: expected one of auto, mlp, conv, resnet (default auto)
[2]
$ ls x 2>/dev/null
[2]
