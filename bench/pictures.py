# SPDX-License-Identifier: Apache-2.0
"""Folders of IDX files that isthmus and every peer read: so many Fashion-MNIST images, repeated
pixels where they are enlarged. What is timed depends on their size, hardly on what they show."""
import gzip
import operator
import os
import struct

SOURCE = "/usr/share/datasets/fashion-mnist"
FILES = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")


def images_of(path, count, side):
    """Yields the bytes of the first images of an IDX file, at side x side."""
    with gzip.open(path) as file:
        magic, stored, height, width = struct.unpack(">4i", file.read(16))
        if magic != 0x803 or stored < count:
            raise SystemExit(f"{path} does not hold {count} images")
        rows = [y * height // side for y in range(side)]
        columns = operator.itemgetter(*(x * width // side for x in range(side)))
        for _ in range(count):
            image = file.read(height * width)
            lines = [bytes(columns(image[y * width:(y + 1) * width])) for y in range(height)]
            yield b"".join(lines[y] for y in rows)


def folder_of(parent, side, train, test, source=SOURCE):
    """Returns the folder below `parent` that holds them; made when it is not there."""
    folder = os.path.join(parent, f"fashion-{side}-{train}-{test}")
    for name, count in zip(FILES, (train, test)):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            continue
        os.makedirs(folder, exist_ok=True)
        with gzip.open(path + ".part", "wb", compresslevel=1) as file:
            file.write(struct.pack(">4i", 0x803, count, side, side))
            for image in images_of(os.path.join(source, name), count, side):
                file.write(image)
        os.replace(path + ".part", path)
    return folder
