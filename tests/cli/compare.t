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
wrote    c/  compare.html
$ grep -c "c/ppca" c/compare.html
1
$ isthmus compare table.csv --models pca,ppca,vae --latent 1 --epochs 2 --beta1 0.8 -o c --json 2>/dev/null | check_json.py
valid isthmus.compare/1 x 1
$ isthmus compare table.csv --models pca,vae --latent 2 --epochs 2 -o c -q
error[E2006]: c/pca: this folder holds another run: other options or other data
  hint: name another folder with -o, or remove it
[2]
$ isthmus compare table.csv --models pca,vea -o d -q
error[E2003]: model.name: there is no model "vea"
  hint: did you mean "vae"? there are ae, ...
[2]
$ isthmus compare -q
error[E2004]: compare needs DATA
  hint: ...
[2]

# All models are looked at before the first is trained.

$ isthmus compare table.csv --models '' -q
error[E2003]: compare.models: --models names no model
  hint: for example --models pca,vae
[2]
$ isthmus compare table.csv --models pca,vae,pca -o e -q
error[E2003]: compare.models: --models names pca twice
  hint: a model is trained once: leave one out
[2]
$ isthmus compare table.csv --models pca,ae --beta 3 -o e -q
error[E2005]: model.beta has no effect on pca, ae; it belongs to beta_vae
  hint: leave it out, or add a model to --models on which it has an effect
[2]
$ isthmus compare table.csv --models pca,ae --model vae -o e -q
error[E2005]: model.name has no effect on a comparison
  hint: name models with --models A,B
[2]
$ isthmus compare table.csv --models vae,logistic_pca --latent 1 -o e -q
error[E3404]: scaled (standardize) the data range from ... to ..., but likelihood bernoulli needs values from 0 to 1
  hint: scale them: --scale unit    or choose another model: --model vae
[3]
$ printf 'length,width\n1,2\n2,3\n4,4\n' > narrow.csv; isthmus compare table.csv --models pca,vae --latent 1 --test narrow.csv -o e -q
error[E3501]: narrow.csv: the table lacks 1 of the 3 columns of the model: weight
  hint: the table has length, width
[3]
$ ls e
ls: cannot access 'e': No such file or directory
[2]

# Options count for the models that they have an effect on; another number of epochs is another run.

$ isthmus compare table.csv --models pca,ae --latent 1 --epochs 1 --corruption masking -o f -q; grep '^corruption =' f/*/config.toml
f/ae/config.toml:corruption = "masking"  # flag
f/pca/config.toml:corruption = "none"
$ isthmus compare table.csv --models pca,ae --latent 1 --epochs 3 --corruption masking -o f -q
error[E2006]: f/ae: this folder holds another run: other options or other data
  hint: name another folder with -o, or remove it
[2]

# What was interrupted goes on, to the same bits.

$ isthmus compare table.csv --models pca,vae --latent 1 --epochs 40 -o g -q; cp -r g h; rm -r h/vae
$ isthmus train table.csv --model vae --latent 1 --epochs 40 -o h/vae --checkpoint-every 1ms -q & for i in $(seq 2000); do ls h/vae/checkpoints/step-*[1-9]*.safetensors >/dev/null 2>&1 && break; sleep 0.01; done; kill -KILL $! 2>/dev/null; wait $! 2>/dev/null; true
$ isthmus compare table.csv --models pca,vae --latent 1 --epochs 40 -o h -q; cmp g/vae/model.safetensors h/vae/model.safetensors
