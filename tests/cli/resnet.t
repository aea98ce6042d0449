# Residual networks; which network is chosen by itself, and what becomes of it on resume; what networks over images
# cannot take.

$ npy() { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%c", 32 + (i * i + 7 * int(i / 72)) % 90 }'; }; npy "40, 11, 13, 3" 17160 > rgb.npy; npy "40, 11, 13" 5720 > grey.npy; npy "40, 37, 41" 60680 > large.npy; npy "130, 64, 64, 3" 1597440 > photos.npy
$ isthmus train rgb.npy --arch resnet --stages 4,8 --blocks 2 --hidden 12 --latent 3 --epochs 2 -o m -q --json | grep -o '"arch":"[a-z]*"'
$ isthmus inspect m/model.safetensors | grep -e ^model -e encoder/[0-2]
$ isthmus eval m rgb.npy -q --json | grep -o '"arch":"[a-z]*"'
$ isthmus sample m -n 4 -o s.npy -q && isthmus inspect s.npy | head -1
$ isthmus reconstruct m rgb.npy -o r.png -q && isthmus interpolate m rgb.npy --pairs 0:1 -o i.png -q && isthmus encode m rgb.npy -o z.csv -q && wc -l < z.csv
$ isthmus train grey.npy --arch resnet --norm layer --stages 4 --model ae --precision bf16 --epochs 1 -o a -q --json | grep -o '"shape":\[11,13\]' | head -1

# Chosen by itself.
$ for data in grey large rgb; do isthmus train $data.npy --dry-run 2>&1 | grep -e model.arch -e stages; done
$ isthmus train rgb.npy --arch mlp --dry-run 2>&1 | grep -e model.arch -e stages
$ isthmus train rgb.npy --model ppca --dry-run 2>&1 | grep -c model.arch
$ isthmus train rgb.npy --preset conv-64 --dry-run 2>&1 | grep -e model.arch
$ isthmus train rgb.npy --preset vae-784-128-20 --dry-run 2>&1 | grep -e model.arch
$ isthmus train large.npy --hidden 8 --latent 2 --epochs 1 -o c -q && isthmus train --resume c --epochs 2 -q && isthmus inspect c/model.safetensors | grep ^model
$ isthmus train --resume c --arch mlp --epochs 3 -q

# What does not go.
$ isthmus train rgb.npy --arch resnet --stages 4,4,4,4,4 -o x -q
$ isthmus train rgb.npy --arch resnet --stages 4,4,4,1 --norm layer -o x -q
$ isthmus train rgb.npy --blocks 2 -o x -q
$ isthmus eval m grey.npy -q
$ isthmus eval c rgb.npy -q
$ isthmus eval m photos.npy -q
$ { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 8, 8), }"; printf '\0\0\0\077%.0s' $(seq 700); printf '\0\0\300\177%.0s' $(seq 580); } > nan.npy; isthmus train nan.npy --arch resnet -o x -q
$ isthmus train photos.npy --preset resnet-64 --val 0 --memory 60MiB -o x -q
$ ls x 2>/dev/null
