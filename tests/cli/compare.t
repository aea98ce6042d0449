# Several models on the same data: trained once, measured on the same items.

$ awk 'BEGIN { print "length,width,weight"; for (i = 0; i < 300; i++) { l = 5 + 2 * sin(0.7 * i); printf "%.4f,%.4f,%.4f\n", l, l / 2 + sin(78 * i) / 5, l * 0.7 } }' > table.csv
$ isthmus compare table.csv --models pca,ppca,vae --latent 1 --epochs 2 --beta1 0.8 -o c
train    pca: c/pca
train    ppca: c/ppca
train    vae: c/vae
warning[W6002]: the decoder ignores the code: kl is only ... nats per item
  hint: --kl-warmup 20 or --free-bits 0.1
measured 30 held-out items
         model             error     reconstruction       kl      elbo     log p  measure     seconds
         pca               ...
         ppca              ...
         vae               ...
wrote    compare.html
$ grep -c "c/ppca" c/compare.html
1
$ isthmus compare table.csv --models pca,ppca,vae --latent 1 --epochs 2 --beta1 0.8 -o c --json 2>/dev/null | check_json.py
valid isthmus.compare/1 x 1
$ isthmus compare table.csv --models pca,vae --latent 2 --epochs 2 -o c -q
error[E2006]: c/pca: this folder holds another run: other options, other data, or not finished
  hint: name another folder with -o, or remove it
[2]
$ isthmus compare table.csv --models pca,vea -o d -q
error[E2003]: model.name: there is no model "vea"
  hint: did you mean "vae"?
[2]
$ isthmus compare -q
error[E2004]: compare needs DATA
  hint: ...
[2]
