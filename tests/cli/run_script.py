#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Facts about ./run: where it builds, what it says meanwhile, by which name it calls isthmus.

The tools that it calls are stand-ins, because a real build takes minutes.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = {
    # Everything is installed.
    "dpkg-query": 'for word; do echo "$word installed"; done',
    "cmake": 'while [ $# -gt 0 ]; do [ "$1" = -B ] && folder=$2; shift; done\n'
             'mkdir -p "$folder" && : >"$folder/build.ninja"',
    "ninja": 'folder=$2; shift 2\n'
             'binary=$folder/isthmus/cli/isthmus\n'
             'case $1 in\n'
             '  --quiet) exit 0 ;;\n'
             '  -n) [ -e "$binary" ] || echo "[1/2] isthmus"; exit 0 ;;\n'
             'esac\n'
             'echo "[1/2] Building a"; sleep "${STAND_IN_SECONDS:-0}"\n'
             '[ -z "${STAND_IN_FAILS:-}" ] || { echo "a.cc:1: error: no"; exit 1; }\n'
             'echo "[2/2] Building b"\n'
             'mkdir -p "${binary%/*}"\n'
             "printf '#!/bin/sh\\necho \"$0\" \"$@\"\\n' >\"$binary\"; chmod +x \"$binary\"",
}


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.checkout = self.folder / "checkout"
        (self.checkout / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "run", self.checkout)
        shutil.copy(ROOT / "tools" / "packages.txt", self.checkout / "tools")
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name, script in TOOLS.items():
            (self.bin / name).write_text("#!/bin/sh\n" + script + "\n")
            (self.bin / name).chmod(0o755)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home)}

    def run_word(self, *words, cwd=None, before=(), **environment):
        return subprocess.run([*before, str(self.checkout / "run"), *words], cwd=cwd or self.checkout,
                              env={**self.environment, **environment}, capture_output=True, text=True)

    def test_demo_is_called_by_a_name_that_works_here(self):
        self.assertEqual(self.run_word("demo", "-q").stdout, "build/release/isthmus/cli/isthmus demo -q\n")
        binary = self.checkout / "build/release/isthmus/cli/isthmus"
        self.assertEqual(self.run_word("demo", cwd=self.home).stdout, f"{binary} demo\n")
        (self.bin / "isthmus").symlink_to(binary)
        self.assertEqual(self.run_word("demo").stdout, f"{self.bin}/isthmus demo\n")

    def test_isthmus_build_names_the_build_folder(self):
        elsewhere = self.folder / "else where"
        printed = self.run_word("demo", ISTHMUS_BUILD=str(elsewhere)).stdout
        self.assertEqual(printed, f"{elsewhere}/release/isthmus/cli/isthmus demo\n")
        self.assertFalse((self.checkout / "build").exists())

    def test_a_checkout_that_cannot_be_written_to_is_built_elsewhere(self):
        before = []
        if os.getuid() == 0:  # root may write anywhere
            before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chown(self.home, 65534, 65534)
        self.checkout.chmod(0o555)
        self.addCleanup(self.checkout.chmod, 0o755)
        printed = self.run_word("demo", before=before)
        self.assertIn(f"{self.home}/.cache/isthmus/build-", printed.stdout, printed.stderr)

    def test_clean_removes_what_run_made_and_nothing_else(self):
        own = self.folder / "own"
        self.run_word("build", ISTHMUS_BUILD=str(own))
        (own / "mine.txt").write_text("")
        self.run_word("clean", ISTHMUS_BUILD=str(own))
        self.assertEqual([path.name for path in own.iterdir()], ["mine.txt"])

    def test_a_long_build_says_how_far_it_is(self):
        script = self.checkout / "run"
        script.write_text(script.read_text().replace("now_and_then 20", "now_and_then 1"))
        printed = self.run_word("build", STAND_IN_SECONDS="2")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertIn("  [2/2]\n", printed.stderr)
        self.assertNotIn("Building a", printed.stderr)

    def test_a_build_that_fails_shows_why(self):
        printed = self.run_word("build", STAND_IN_FAILS="1")
        self.assertEqual(printed.returncode, 1)
        self.assertIn("a.cc:1: error: no\n", printed.stderr)
        self.assertIn("run: the build failed\n", printed.stderr)


if __name__ == "__main__":
    unittest.main()
