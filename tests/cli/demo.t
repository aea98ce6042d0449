# label: slow
# The first result; needs Fashion-MNIST.

$ isthmus demo --limit 600 --epochs 2
data     fashion-mnist (Debian package dataset-fashion-mnist): 600 train + 600 test, 28x28 grey, u8
model    vae 784-128-(20,20)-20-128-784, relu, bernoulli on grey values (a score: isthmus help auto), 209,464 parameters
device   cpu, ..., fp32        memory about ...
warning[W6003]: the model is worse than independent columns: elbo ..., theirs ...
  hint: train longer (--epochs), lower --lr, or look for outliers: isthmus inspect DATA
done in 0:00:0...  2 epochs  test elbo -... +- ... = -(reconstruction ... + kl ...), floor of the data 191.1, ... of 20 latents active
wrote    runs/demo/  report.html  samples.png  reconstructions.png  interpolation.png  model.safetensors (...)
next     isthmus sample runs/demo -n 100 -o more.png
         isthmus eval runs/demo fashion-mnist --iwae 1000
$ isthmus demo --limit 600 --epochs 2 --json 2>/dev/null | check_json.py
valid isthmus.train/1 x 1
$ ls runs
demo
demo-2
$ isthmus report runs/demo
wrote    runs/demo/report.html (...)
$ grep -c '<svg' runs/demo/report.html
2
$ mkdir empty; isthmus report empty
error[E3001]: empty: there is no run.json: this is no run folder
  hint: give the folder that train has printed
[3]
