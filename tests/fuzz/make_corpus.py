#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of all fuzz targets but safetensors into corpus/<name>/.

Standard library only; the same bytes on every run. The PNG and some NPY seeds are the fixtures of
the data room (isthmus/data/testdata).
"""
import gzip
import json
import os
import shutil
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "..", "isthmus", "data", "testdata")


def put(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def pack(data):
    return gzip.compress(data, 9, mtime=0)


def idx(kind, sizes, data):
    return bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + data


def npy(header, data=b"", version=1):
    text = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def write_texts():
    for name, text in {
            "small": '{"a":[1,-2.5e3,true,null,"x\\u00e9\\n"],"b":{}}', "deep": "[" * 31 + "]" * 31,
            "too_deep": "[" * 40 + "]" * 40, "doubled": '{"a":1,"a":2}', "huge": "[1e308,-1e-308,1e999]",
            "surrogate": '["\\ud83d\\ude00","\\ud83d"]', "int": "[9223372036854775807,-9223372036854775808]",
            "zeros": "[" + "0," * 40000 + "0]", "lists": "[" + "[]," * 30000 + "[]]",
            "trailing": "{} {}", "open": '{"a":"b'}.items():
        put("json", name, text.encode())
    for name, text in {
            "sections": '[model]\nlatent_dim = 20\nhidden = [256, 128]\n[optimizer]\nlearning_rate = 1e-3\n',
            "dotted": 'loop.epochs = "20"\nrun.seed = 7\n"run".keep = 2\n', "types": "a = 1979-05-27\n",
            "nested": "a = [[1], {b = 2}]\n", "text": 'a = """\nx\n"""\nb = \'c\'\n', "broken": "a = \n= b\n[c",
            "numbers": "a = 0x7f\nb = 1_000\nc = nan\nd = -inf\n",
            "deep_key": "a." * 20000 + "a = 1\n", "deep_header": "[" + "a." * 20000 + "a]\n",
            "deep_list": "a = " + "[" * 20000, "deep_table": "a = " + "{a=" * 20000,
            "deep_mixed": "a = " + "[{a.a=" * 9000}.items():
        put("config", name, text.encode())
    values = ["20", "-1", "1e-3", "nan", "auto", "none", "256,128", "10m", "1.5h", "512MiB", "1TB", "true",
              "0.1", "9223372036854775807", "1e400", "", " 3 ", "adam", "bernoulli", "elbo>-250"]
    for number, value in enumerate(values):
        put("options", f"value_{number}", bytes([7 * number % 60]) + value.encode())


def write_model():
    spec = {"kind": "image", "item_shape": [4, 4], "dtype": "u8",
            "fields": [{"name": "", "min": 0.0, "max": 255.0, "mean": 72.9, "standard_deviation": 90.0,
                        "binary": False, "constant": False, "integer": True}],
            "scaling": {"kind": "unit", "shift": [0.0], "scale": [0.00392156862745098]}}
    options = {"name": "vae", "preset": "none", "hidden": "6", "latent_dim": "2", "activation": "relu",
               "init": "he_normal", "likelihood": "bernoulli", "sigma": "auto", "prior": "normal", "beta": None}
    provenance = {"version": "0.1.0", "data": "d", "data_fingerprint": "xxh3-128:0f58c9ee9335b2e5dd52fcdda586978f",
                  "num_items": 60, "epochs": 2, "steps": 23, "seed": 0,
                  "terms": {"objective": 1.5, "elbo": -1.5, "elbo_se": None, "reconstruction": 1.0, "kl": 0.5}}
    objective = {"estimator": "sgvb_b", "samples": 1, "kl_warmup": 0, "free_bits": 0}
    changes = {"vae": {}, "ae": {"name": "ae"}, "beta": {"name": "beta_vae", "beta": 4.0},
               "gaussian": {"likelihood": "gaussian", "sigma": "learned"}, "linear": {"hidden": "none"},
               "wide": {"hidden": "1000000000"}, "deep": {"hidden": ",".join(["2"] * 80)},
               "unresolved": {"hidden": "auto"}, "continuous": {"likelihood": "continuous_bernoulli"}}
    for name, change in changes.items():
        config = {"model": {**options, **change}, "objective": objective, "data": spec, "provenance": provenance}
        put("model", name, json.dumps(config, separators=(",", ":")).encode())


def write_state():
    terms = {"objective": 9.5, "elbo": -9.5, "elbo_se": None, "reconstruction": 9.0, "kl": 0.5}
    step = {"step": 6, "epoch": 2, "position": 20, "halvings": 1, "rollbacks": 1,
            "sums": {"objective": 180.5, "reconstruction": 170.0, "kl": 10.5, "items": 20}, "last_train": terms,
            "active_units": 2, "elapsed_seconds": 0.5, "trained_items": 60, "trained_seconds": 0.25, "first_loss": 12.0}
    start = {**step, "step": 4, "position": 0, "trained_items": 40,
             "sums": {"objective": 0.0, "reconstruction": 0.0, "kl": 0.0, "items": 0}}
    state = {**step, "rewind": start, "early_stopping": {"best_epoch": 1, "best_step": 4, "without_gain": 0, "best": terms},
             "metrics_bytes": 700, "data_fingerprint": "xxh3-128:0", "config_hash": "0", "arithmetic": "a"}
    put("model", "state", json.dumps(state, separators=(",", ":")).encode())
    put("model", "state_max", json.dumps({**state, "trained_items": 2 ** 63 - 1}).encode())


def write_idx():
    put("idx", "images", idx(8, [2, 2, 3], bytes(range(12))))
    put("idx", "images_gz", pack(idx(8, [2, 2, 3], bytes(range(12)))))
    put("idx", "labels", idx(8, [4], b"\1\2\3\4"))
    for kind, code in ((9, "b"), (11, "h"), (12, "i"), (13, "f"), (14, "d")):
        put("idx", f"type{kind}", idx(kind, [2, 1], struct.pack(f">2{code}", 1, 2)))
    put("idx", "overflow", idx(14, [0xffffffff] * 4, b""))
    put("idx", "long", idx(8, [2], b"\1\2\3"))
    put("idx", "empty", idx(8, [0, 28, 28], b""))
    put("idx", "rank9", idx(8, [1] * 9, b"\1"))


def write_npy():
    good = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"
    put("npy", "u1", npy(good % ("|u1", "False", "(2, 3)"), b"abcdef"))
    put("npy", "version2", npy(good % ("|u1", "False", "(2, 3)"), b"abcdef", 2))
    put("npy", "fortran", npy(good % (">f4", "True", "(2, 3)"), struct.pack(">6f", *range(6))))
    put("npy", "f2", npy(good % ("<f2", "False", "(3,)"), b"\0\x3c\0\x7c\1\0"))
    put("npy", "i8", npy(good % ("<i8", "False", "(1, 1)"), struct.pack("<q", 2 ** 60)))
    put("npy", "object", npy(good % ("|O", "False", "(1,)"), b"\x80\x04N."))
    put("npy", "scalar", npy(good % ("<f8", "False", "()"), bytes(8)))
    put("npy", "huge", npy(good % ("|u1", "False", "(4294967296, 4294967296)")))
    put("npy", "structured", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"))
    put("npy", "u1_gz", pack(npy(good % ("|u1", "False", "(2, 3)"), b"abcdef")))


def write_csv():
    """The first byte chooses the columns, see fuzz_csv.cc."""
    texts = {
        "plain": (0, b"1,2\n3,4\n"), "header": (1, b"a,b\n1,2\n3,4\n"), "semicolon": (2, b"a;b\n1;2\n"),
        "tab": (3, b"a\tb\r\n1\t2\r\n"), "bom": (0, b"\xef\xbb\xbfa,b\n1,2\n"),
        "quoted": (1, b'"a","b ""c"""\n"1",2\n'), "newline": (2, b'a,b\n"1\n",2\n'),
        "ragged": (3, b"1,2\n3\n"), "open": (0, b'a,b\n1,"2\n3,4\n'), "after": (1, b'a,b\n"1"x,2\n'),
        "text": (2, b"a,b\n1,N/A?\n2,N/A?\n"), "nan": (3, b"a,b\n1,nan\n1,inf\n"),
        "range": (0, b"1e309,1e-400\n"), "nul": (1, b"1,2\n\0,3\n"), "utf16": (2, b"\xff\xfe1\0"),
        "labels": (2, b"a,b\n1,cat\n2,dog\n"), "doubled": (0, b"a,a\n1,2\n"), "cr": (1, b"1,2\r3,4\r"),
        "gz": (0, pack(b"a,b\n1,2\n")),
        "labels_far": (2, b"a,b\n1,-16000000\n2,2147483647\n3,-1\n4,1e300\n"),
        "labels_first": (2 + 32, b"y,a\n-1,0\n-2,1\n0x5,3\n"),
        "blanks": (0, b"  1.0   2.0\n3.0\t4.0 \n"), "bars": (0, b"a|b\n1|2\n"),
        "comments": (0, b"# by X\n#a,b\n1,2\n# half\n3,4\n#5,6\n"),
        "comment_header": (0, b"# a b\n1 2\n3 4\n"), "decimals": (0, b"a;b\n1,5;2\n1.234,5;1,234\n"),
        "index": (0, b",a,b\n0,1,2\n1,3,4\n"), "row_names": (0, b'"a" "b"\n"x" 1 2\n"y" 3 4\n'),
        "trailing": (0, b"a,b,\n1,2,\n3,4,\n"), "units": (0, b"a,b\nm,kg\n1,2\n3,4\n"),
        "years": (4, b"2019,2020\n.5,.8\n.3,1.3\n.9,.4\n"), "years_yes": (4 + 8, b"2019,2020\n.5,.8\n"),
        "model": (16, b"day,b,a\n2024-01-01,x,1\n2024-01-02,y,2\n"),
        "model_number": (16 + 8, b"M,1.5\nB,2.5\n"), "limit": (64, b"a,b\n1,2\n3,4\nx,\"\n"),
        "latin1": (1, b"a,Gr\xf6\xdfe\n1,2\n"), "json": (0, b'{"a":1}\n'), "labels_negative": (2, b"a,b\n1,-16000000\n2,3\n3,9007199254740993\n"),
        "first_rows": (2 + 64, b"a,b\n1,x\n2,y\n3,1e999\nno table"),
        "money": (0, b"a,b\n$1,2%\n"),
    }
    for name, (choice, text) in texts.items():
        put("csv", name, bytes([choice]) + text)


def write_gzip():
    text = b"some text, some text, some text"
    put("gzip", "plain", b"no gzip")
    put("gzip", "one", pack(text))
    put("gzip", "two", pack(text) + pack(b"more"))
    put("gzip", "trailing", pack(text) + b"tail")
    put("gzip", "cut", pack(text)[:-9])
    put("gzip", "bomb", pack(bytes(2 << 20)))
    named = bytearray(pack(text))
    named[3] = 8
    put("gzip", "name", bytes(named[:10]) + b"file.txt\0" + bytes(named[10:]))


def copy_fixtures():
    targets = {".png": "png", ".jpg": "jpeg", ".npz": "npz"}
    for name in sorted(os.listdir(FIXTURES)):
        target = targets.get(os.path.splitext(name)[1])
        if target:
            folder = os.path.join(HERE, "corpus", target)
            os.makedirs(folder, exist_ok=True)
            shutil.copyfile(os.path.join(FIXTURES, name), os.path.join(folder, name))


def write_strange():
    texts = {"lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
             "pickle0_list": b"(lp0\nI1\naI2\na.", "pickle0_name": b"cnumpy\narray\np0\n.",
             "pickle0_value": b"I1\n.", "pickle1": b"]q\0.", "pickle2": b"\x80\x02]q\0.",
             "zip": b"PK\3\4" + bytes(22) + struct.pack("<HH", 5, 0) + b"x.txt",
             "xlsx": b"PK\3\4" + bytes(22) + struct.pack("<HH", 19, 0) + b"[Content_Types].xml",
             "model": struct.pack("<Q", 32) + b'{"__metadata__":{}}', "hdf5": b"\x89HDF\r\n\x1a\n",
             "parquet": b"PAR1\x15\x04", "table": b"I1,I2\n1,2\n"}
    for name, text in texts.items():
        put("strange", name, text)


if __name__ == "__main__":
    write_idx()
    write_npy()
    write_csv()
    write_gzip()
    copy_fixtures()
    write_strange()
    write_texts()
    write_model()
    write_state()
