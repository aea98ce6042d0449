#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates JSON objects against docs/schema/.

    check_json.py [--lines] [FILE]      (standard input without a FILE)
    check_json.py --complete            is there a schema for all that docs/formats/json.md names,
                                        and a transcript that checks it?

An object's field `schema` names its schema: isthmus.eval/1 is docs/schema/eval-1.schema.json. With
--lines every line is an object. Prints each fault with its path and exits with 1. Knows the part of
JSON Schema 2020-12 that docs/schema/ uses, and refuses any other keyword.
"""
import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
TYPES = {"string": str, "boolean": bool, "null": type(None), "array": list, "object": dict}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def has_type(value, name):
    if name in ("integer", "number"):
        kinds = int if name == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults_of_members(value, schema, path):
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                yield f"{path}: {key} is missing"
        for key, member in value.items():
            rule = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if rule is not None:
                yield from faults(member, rule, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{index}]")


def faults(value, schema, path):
    known = ANNOTATIONS | {"$ref", "anyOf", "type", "const", "enum", "pattern", "minimum", "required",
                           "properties", "additionalProperties", "items"}
    assert set(schema) <= known, f"schema keywords not supported here: {set(schema) - known}"
    if "$ref" in schema:
        file, _, name = schema["$ref"].partition("#/$defs/")
        yield from faults(value, load(file)["$defs"][name], path)
    if "anyOf" in schema:
        results = [list(faults(value, choice, path)) for choice in schema["anyOf"]]
        if all(results):
            yield from results[0]
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(has_type(value, name) for name in names):
        yield f"{path}: {json.dumps(value)[:60]} is not of type {' or '.join(names)}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not one of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not look like {schema['pattern']}"
    if "minimum" in schema and has_type(value, "number") and value < schema["minimum"]:
        yield f"{path}: {value} is below {schema['minimum']}"
    yield from faults_of_members(value, schema, path)


def no_doubles(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"doubled key in {keys}"
    return dict(pairs)


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def check(text):
    """Faults of one JSON text; the first word is the schema's name."""
    try:
        value = json.loads(text, object_pairs_hook=no_doubles, parse_constant=refuse)
    except (ValueError, AssertionError) as error:
        return "?", [f"not one JSON object: {error}"]
    name = value.get("schema") if isinstance(value, dict) else None
    found = re.fullmatch(r"isthmus\.([a-z]+)/([0-9]+)", name or "")
    if not found:
        return "?", [f"the field schema is {name!r}"]
    kind = "metrics" if found.group(1) == "progress" else found.group(1)
    return name, list(faults(value, load(f"{kind}-{found.group(2)}.schema.json"), "$"))


def check_completeness():
    """Faults: schemas that are named and missing, there and not named, or never checked."""
    page = (FOLDER.parent / "formats" / "json.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`isthmus\.([a-z]+/[0-9]+)`", page))
    there = {path.name.removesuffix(".schema.json").replace("-", "/")
             for path in FOLDER.glob("*-*.schema.json")}
    there.add("progress/1")  # the schema of metrics
    transcripts = "".join(path.read_text(encoding="utf-8")
                          for path in pathlib.Path(__file__).parent.glob("*.t"))
    for name in sorted(named ^ there):
        yield f"isthmus.{name} has no {'schema' if name in named else 'line in json.md'}"
    for name in sorted(named - {"peers/1"}):  # checked where PyTorch is: the test cli.peer_json
        if f"valid isthmus.{name} x" not in transcripts:
            yield f"isthmus.{name} is checked by no transcript"


def main():
    arguments = sys.argv[1:]
    if arguments == ["--complete"]:
        found = list(check_completeness())
        print("\n".join(found) if found else "complete")
        return 1 if found else 0
    lines = "--lines" in arguments
    files = [argument for argument in arguments if argument != "--lines"]
    text = pathlib.Path(files[0]).read_text(encoding="utf-8") if files else sys.stdin.read()
    texts = text.splitlines() if lines else [text]
    names, bad = {}, 0
    for number, part in enumerate(texts, 1):
        name, found = check(part)
        names[name] = names.get(name, 0) + 1
        bad += len(found)
        for fault in found:
            print(f"line {number}: {fault}" if lines else fault)
    counted = ", ".join(f"{name} x {count}" for name, count in names.items())
    print(f"{bad} faults in {counted}" if bad else f"valid {counted}")
    return 1 if bad or not texts else 0


if __name__ == "__main__":
    sys.exit(main())
