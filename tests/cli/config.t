# The options of train as a file.

$ isthmus config init > all.toml; isthmus config validate all.toml
valid    all.toml
$ sed 's/^# \([a-z_0-9]* = \)/\1/' all.toml > set.toml; isthmus config validate set.toml
valid    set.toml
$ printf '[model]\nlatent_dim = 3\n' > t.toml; ISTHMUS_TRAIN_EPOCHS=4 isthmus config show --config t.toml --lr 0.1 --origin | grep '#' | grep -v '= [an][uo][tn][oe]$'
# The options that train starts from, and where they were set.
latent_dim = "3"  # config t.toml:2
epochs = "4"  # env ISTHMUS_TRAIN_EPOCHS
learning_rate = 0.1  # flag
$ ISTHMUS_TRAIN_EPOCHS=4 isthmus config show --config t.toml --json | python3 -c 'import json,sys
> for o in json.load(sys.stdin)["options"]:
>     if o["origin"] != "built-in": print(o["key"], o["value"], o["origin"], o["file"], o["line"])'
model.latent_dim 3 config t.toml 2
train.epochs 4 env None None
$ for a in init show schema "validate t.toml"; do isthmus config $a --json | check_json.py; done
valid isthmus.config/1 x 1
valid isthmus.config/1 x 1
valid isthmus.config/1 x 1
valid isthmus.config/1 x 1
$ check_json.py --complete
complete
$ isthmus config show > defaults.toml; isthmus config validate defaults.toml
valid    defaults.toml
$ isthmus config schema | python3 -c 'import json,sys; print("hidden" in json.load(sys.stdin)["properties"]["model"]["properties"])'
True
$ isthmus config shwo
error[E2003]: config has no action "shwo"
  hint: did you mean show?
[2]
$ isthmus config validate
error[E2004]: config validate needs FILE
  hint: isthmus config validate FILE
[2]
$ printf '[model]\nlatnt = 3\n' > t.toml; isthmus config validate t.toml
error[E2102]: t.toml:2:9: unknown key model.latnt
  2 | latnt = 3
    |         ^ isthmus config init lists the keys
[2]
