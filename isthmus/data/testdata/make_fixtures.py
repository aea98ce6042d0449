#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the PNG and NPY fixtures of the data tests into the folder of this script.

PNG files are put together chunk by chunk here, independently of any image library, each with the
pixels that decoding must give as <name>.npy, written by numpy. NPY files x_<type>.npy hold the same
numbers in every type. JPEG files and
resized images come from PIL, NPZ from numpy.savez. Needs numpy and PIL.
"""
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]


def chunk(kind, body):
    return (struct.pack(">I", len(body)) + kind + body +
            struct.pack(">I", zlib.crc32(kind + body)))


def pack_rows(samples, depth):
    """Rows of (height, width * channels) samples as filtered scan lines (filter 0)."""
    out = b""
    for row in samples:
        if depth == 16:
            line = b"".join(struct.pack(">H", int(v)) for v in row)
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            line = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + line
    return out


def png(samples, depth, colour_type, interlaced=False, extra=()):
    """samples: (H, W, channels) integers."""
    height, width, channels = samples.shape
    flat = lambda part: part.reshape(part.shape[0], -1)
    if interlaced:
        raw = b""
        for x0, y0, dx, dy in ADAM7:
            part = samples[y0::dy, x0::dx]
            if part.size:
                raw += pack_rows(flat(part), depth)
    else:
        raw = pack_rows(flat(samples), depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    for kind, content in extra:
        body += chunk(kind, content)
    return body + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def write(name, data, pixels):
    with open(os.path.join(HERE, name + ".png"), "wb") as file:
        file.write(data)
    np.save(os.path.join(HERE, name + ".npy"), pixels.astype(np.uint8 if pixels.max() < 256 else np.uint16))


def over_white(colour, alpha, most):
    """Whole numbers, rounded to nearest, halves up."""
    colour, alpha = colour.astype(object), alpha.astype(object)[..., None]
    return ((2 * (colour * alpha + most * (most - alpha)) + most) // (2 * most)).astype(int)


def write_transparent(rng):
    """One value that is transparent, of a kind of its own in each depth, among others."""
    for depth in (4, 8, 16):
        v = rng.integers(0, 2 ** depth, (7, 5, 1))
        hole = int(v[2, 3, 0])
        most = 2 ** depth - 1
        white = np.where(v == hole, most, v)[:, :, 0]
        write(f"grey{depth}_transparent", png(v, depth, 0, False, [(b"tRNS", struct.pack(">H", hole))]),
              white if depth == 16 else white * 255 // most)
    v = rng.integers(0, 256, (7, 5, 4))
    v[:, :, 3] = 255
    write("rgba8_opaque", png(v, 8, 6), v[:, :, :3])
    for depth in (8, 16):
        v = rng.integers(0, 2 ** depth, (7, 5, 3))
        hole = v[4, 1]
        v[6, 0] = [hole[0], hole[1], hole[2] ^ 1]
        white = np.where((v == hole).all(-1, keepdims=True), 2 ** depth - 1, v)
        trns = (b"tRNS", struct.pack(">HHH", *(int(x) for x in hole)))
        write(f"rgb{depth}_transparent", png(v, depth, 2, False, [trns]), white)


def grey_image(rng, name, depth, interlaced=False, extra=()):
    v = rng.integers(0, 2 ** depth, (7, 5, 1))
    eight = v if depth == 16 else v * 255 // (2 ** depth - 1)
    write(name, png(v, depth, 0, interlaced, extra), eight[:, :, 0])


def write_jpegs(rng):
    """Pixels by PIL, which uses the same library: what is tested is the way through it."""
    smooth = np.add.outer(np.arange(16) * 9, np.arange(24) * 4)
    colour = np.stack([smooth, 255 - smooth, smooth // 2], -1).clip(0, 255).astype(np.uint8)
    for name, mode, options in (("grey", "L", {}), ("rgb", "RGB", {}), ("cmyk", "CMYK", {}),
                                ("progressive", "RGB", {"progressive": True})):
        path = os.path.join(HERE, f"jpeg_{name}.jpg")
        Image.fromarray(colour).convert(mode).save(path, quality=90, **options)
        if mode != "CMYK":
            np.save(os.path.join(HERE, f"jpeg_{name}.npy"), np.asarray(Image.open(path)))
    for turn in range(1, 9):
        path = os.path.join(HERE, f"jpeg_turn{turn}.jpg")
        exif = Image.Exif()
        exif[0x0112] = turn
        Image.fromarray(colour).convert("L").save(path, quality=90, exif=exif)
        np.save(os.path.join(HERE, f"jpeg_turn{turn}.npy"),
                np.asarray(ImageOps.exif_transpose(Image.open(path))))


def write_resized(rng):
    image = rng.integers(0, 256, (13, 9, 3)).astype(np.uint8)
    np.save(os.path.join(HERE, "resize_from.npy"), image[None])
    np.save(os.path.join(HERE, "resize_grey.npy"), np.asarray(Image.fromarray(image).convert("L"))[None])
    for height, width in ((5, 7), (3, 2), (26, 20), (13, 4), (1, 1)):
        made = Image.fromarray(image).resize((width, height), Image.BILINEAR)
        np.save(os.path.join(HERE, f"resize_{height}x{width}.npy"), np.asarray(made)[None])


def write_npz(rng):
    x = rng.integers(0, 256, (6, 2, 3)).astype(np.uint8)
    y = np.array([3, 1, 3, 2, 1, 1])
    np.savez(os.path.join(HERE, "stored.npz"), X=x, y=y)
    np.savez_compressed(os.path.join(HERE, "deflated.npz"), X=x, y=y)
    np.savez(os.path.join(HERE, "one.npz"), x.astype("f4"))
    np.savez_compressed(os.path.join(HERE, "several.npz"), x_train=x, y_train=y, x_test=x[:2], y_test=y[:2],
                        names=np.array(["a", "b"]))
    np.savez(os.path.join(HERE, "sparse.npz"), indices=y, indptr=y, data=y, shape=y[:2],
             format=np.array(b"csr"))


def main():
    rng = np.random.default_rng(1)
    for depth in (1, 2, 4, 8, 16):
        grey_image(rng, f"grey{depth}", depth)
    grey_image(rng, "grey8_interlaced", 8, True)
    rng.integers(0, 2 ** 8, (7, 5, 1))  # a fixture that was here: those below keep their numbers
    for depth in (8, 16):
        v = rng.integers(0, 2 ** depth, (7, 5, 2))
        write(f"grey_alpha{depth}", png(v, depth, 4),
              over_white(v[:, :, :1], v[:, :, 1], 2 ** depth - 1)[:, :, 0])
        v = rng.integers(0, 2 ** depth, (7, 5, 3))
        write(f"rgb{depth}", png(v, depth, 2), v)
        v = rng.integers(0, 2 ** depth, (7, 5, 4))
        write(f"rgba{depth}", png(v, depth, 6),
              over_white(v[:, :, :3], v[:, :, 3], 2 ** depth - 1))
    v = rng.integers(0, 256, (7, 5, 3))
    write("rgb8_interlaced", png(v, 8, 2, True), v)
    for depth in (1, 2, 4, 8):
        size = min(2 ** depth, 20)
        palette = rng.integers(0, 256, (size, 3))
        plte = (b"PLTE", bytes(int(x) for x in palette.reshape(-1)))
        v = rng.integers(0, size, (7, 5, 1))
        write(f"palette{depth}", png(v, depth, 3, False, [plte]), palette[v[:, :, 0]])
        if depth == 4:
            trns = (b"tRNS", bytes([0, 128]))
            alpha = np.array([0, 128] + [255] * (size - 2))[v[:, :, 0]]
            write("palette4_transparent", png(v, depth, 3, True, [plte, trns]),
                  over_white(palette[v[:, :, 0]], alpha, 255))
    numbers = np.array([[0, 1, 2], [3, 100, 127]])
    for code in ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "|u1", "|i1", "<u2", ">u2", "<i2",
                 ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8"]:
        name = code.replace("<", "little_").replace(">", "big_").replace("|", "")
        np.save(os.path.join(HERE, f"x_{name}.npy"), numbers.astype(code))
    np.save(os.path.join(HERE, "x_fortran.npy"),
            np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
    np.save(os.path.join(HERE, "x_bool.npy"), np.array([[True, False], [False, True]]))
    write_jpegs(rng)
    write_resized(rng)
    write_npz(rng)
    write_transparent(rng)


if __name__ == "__main__":
    main()
