# One transcript per error of the command line, the environment and TOML files.

$ isthmus trian
error[E2001]: unknown command trian
  hint: did you mean train?
[2]
$ isthmus train photos/ --latnet 32
error[E2002]: unknown option --latnet
  hint: did you mean --latent?
[2]
$ isthmus --latent 3 train x
error[E2002]: unknown option --latent
  hint: options of a command stand behind it
[2]
$ isthmus train a.csv --lr 0
error[E2003]: --lr "0" is out of range
  hint: expected a number, greater than 0 (default 0.001)
[2]
$ isthmus train a.csv --model vea
error[E2003]: --model "vea" is not an allowed word
  hint: did you mean "vae"? expected one of ae, ... (default vae)
[2]
$ isthmus train a.csv --latent
error[E2004]: --latent needs a value
  hint: --latent N   Size of the latent; auto: 20, fewer for narrow and for short tables.
[2]
$ isthmus eval runs/x
error[E2004]: eval needs DATA...
  hint: isthmus eval MODEL DATA... [OPTIONS]
[2]
$ isthmus datasets more
error[E2003]: unexpected argument "more" of datasets
  hint: isthmus datasets [OPTIONS]
[2]
$ isthmus train --threads two
error[E2004]: train needs DATA
  hint: a file, a folder or a known name: isthmus train fashion-mnist
[2]
$ isthmus train a.csv --set limits.headr_bytes=3
error[E2002]: there is no option "limits.headr_bytes"
  hint: did you mean "limits.header_bytes"?
[2]
$ isthmus train a.csv --set nothing
error[E2003]: --set "nothing" is not KEY=VALUE
  hint: for example --set limits.header_bytes=8MiB
[2]
$ printf '[optimizer]\n\nlearning_rate = "fast"\n' > t.toml; isthmus train a.csv --config t.toml
error[E2103]: t.toml:3:17: optimizer.learning_rate = "fast" is not a number
  3 | learning_rate = "fast"
    |                 ^^^^^^ expected a number, greater than 0 (default 0.001)
[2]
$ printf '[optimizer]\nlearning_rat = 0.1\n' > t.toml; isthmus train a.csv --config t.toml
error[E2102]: t.toml:2:16: unknown key optimizer.learning_rat
  2 | learning_rat = 0.1
    |                ^^^ did you mean optimizer.learning_rate?
[2]
$ printf '[optimizer\n' > t.toml; isthmus train a.csv --config t.toml 2>&1 | tail -2
  1 | [optimizer
    |           ^ a line is key = value, with texts in quotes
$ isthmus train a.csv --config missing.toml
error[E3001]: missing.toml: no such file or folder
  hint: Check the path.
[3]
$ ISTHMUS_TRAIN_EPOCH=3 isthmus datasets
error[E2102]: unknown environment variable ISTHMUS_TRAIN_EPOCH
  hint: did you mean ISTHMUS_TRAIN_EPOCHS?
[2]
$ ISTHMUS_MODEL_BETA=x isthmus datasets
error[E2103]: ISTHMUS_MODEL_BETA: model.beta = "x" is not a number
  hint: expected a number, at least 0 (default 4)
[2]
$ isthmus train a.csv --latnet 3 --json 2>/dev/null | check_json.py
valid isthmus.error/1 x 1
$ isthmus train missing.csv --json 2>/dev/null | check_json.py
valid isthmus.error/1 x 1
$ isthmus -q train missing.csv
error[E3001]: missing.csv: no such file or folder, and no known data set
  hint: check the path; known data sets: fashion-mnist, mnist
[3]
