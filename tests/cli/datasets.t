$ isthmus datasets --search-path nowhere
fashion-mnist   missing     70,000 articles of clothing in 10 classes, 28x28 grey
                             apt install dataset-fashion-mnist
mnist           missing     70,000 handwritten digits, 28x28 grey
                             put its four IDX files into a folder and pass --search-path FOLDER
$ isthmus datasets --json | check_json.py
valid isthmus.datasets/1 x 1
$ isthmus train fashion-mnist --search-path nowhere
error[E3008]: data set fashion-mnist is not installed (looked in nowhere)
  hint: apt install dataset-fashion-mnist
[3]
