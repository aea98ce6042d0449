#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom.

    check_layers.py [ROOT]

Three facts are compared: the line of rooms below (drawn in docs/architecture.md), the USES of each
room's CMakeLists.txt, and the #include lines. A room may include itself, base, tensor and the rooms
in its USES, all of which stand to its left. Test files may also include isthmus/testing and the
rooms in TEST_USES. Headers of other projects may be included only where VENDORS says.
"""
import pathlib
import re
import sys

# Rooms in one group are strangers to each other.
LINE = [["base"], ["tensor"], ["graph"], ["exec"],
        ["cpu", "data", "checkpoint", "nn", "prob"],
        ["runtime", "losses", "metrics"], ["optim"], ["models"], ["model_file"], ["verbs"], ["train"], ["report"], ["cli"]]
PLACE = {room: place for place, group in enumerate(LINE) for room in group}
FOR_ALL = {"base", "tensor"}

# Start of a header's name -> folders below isthmus/ that may include it.
VENDORS = {
    "hwy/": ["cpu/kernels/"],
    "nlohmann/": ["base/"],
    "spng.h": ["data/"],
    "turbojpeg.h": ["data/"],
    "zlib.h": ["data/"],
    "xxh": ["base/"],
    "toml++/": ["base/", "cli/"],
    "CLI/": ["cli/"],
    "gtest/": [""],
    "Random123/": ["base/rng_key_test.cc"],
}
SYSTEM_HEADER = re.compile(r"[a-z0-9_]+|(sys|linux|netinet|arpa|net)/[a-z0-9_]+\.h|[a-z0-9_]+\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def read_cmake(text, keyword):
    """The words after KEYWORD in the isthmus_room(...) call of a CMakeLists.txt."""
    call = re.search(r"isthmus_room\(([^)]*)\)", re.sub(r"#.*", "", text))
    words = call.group(1).split() if call else []
    found, taking = [], False
    for word in words:
        if word.isupper():
            taking = word == keyword
        elif taking:
            found.append(word)
    return set(found)


def check_line(room, uses):
    for used in sorted(uses):
        if used not in PLACE:
            yield f"isthmus/{room}/CMakeLists.txt: USES names the unknown room {used}"
        elif PLACE[used] >= PLACE[room]:
            yield f"isthmus/{room}/CMakeLists.txt: USES {used}, which does not stand to its left"


def check_vendor(where, inside, header):
    for start, folders in VENDORS.items():
        if header.startswith(start):
            if not any(inside.startswith(folder) for folder in folders):
                places = " ".join("isthmus/" + folder for folder in folders)
                yield f"{where}: <{header}> belongs only in {places}"
            return
    if not SYSTEM_HEADER.fullmatch(header):
        yield f"{where}: <{header}> is no known dependency (docs/dependencies.md, tools/check_layers.py)"


def check_file(root, path, room, allowed):
    inside = path.relative_to(root / "isthmus").as_posix()
    text = path.read_text(encoding="utf-8")
    for found in INCLUDE.finditer(text):
        header = found.group(2)
        where = f"isthmus/{inside}:{text.count(chr(10), 0, found.start(2)) + 1}"
        if not header.startswith("isthmus/"):
            if found.group(1) == '"' and not header.startswith(tuple(VENDORS)):
                yield f'{where}: "{header}" is not rooted: write "isthmus/..."'
            else:
                yield from check_vendor(where, inside, header)
            continue
        target = header.split("/")[1]
        if target.endswith((".h", ".inc")) or target in allowed:  # generated headers have no room
            continue
        if target in PLACE and PLACE[target] < PLACE[room]:
            yield f"{where}: includes {target}, which is not in the USES of {room}"
        else:
            yield f"{where}: {room} may not include {target}, which does not stand to its left"


def check_room(root, room):
    folder = root / "isthmus" / room
    text = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    uses = read_cmake(text, "USES")
    yield from check_line(room, uses)
    left = {name for name in FOR_ALL if PLACE[name] < PLACE[room]}
    allowed = uses | left | {room}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        extra = read_cmake(text, "TEST_USES") | {"testing"} if path.stem.endswith("_test") else set()
        yield from check_file(root, path, room, allowed | extra)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    rooms = sorted(path.parent.name for path in root.glob("isthmus/*/CMakeLists.txt"))
    faults = [f"isthmus/{room}: not on the line in tools/check_layers.py" for room in rooms if room not in PLACE]
    for room in rooms:
        if room in PLACE:
            faults.extend(check_room(root, room))
    for fault in faults:
        print(fault)
    print(f"layers: {len(rooms)} rooms, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
