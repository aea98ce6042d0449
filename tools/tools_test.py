# SPDX-License-Identifier: Apache-2.0
"""Facts about the tools: they find what they claim to find."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent


def run_tool(name, files, *arguments):
    """Runs a tool on a small tree; returns (exit status, output)."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {"tools/budget_allowed.txt": "", **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, TOOLS / name, *(arguments or [folder])], cwd=folder,
                              check=False, capture_output=True, text=True)
        return done.returncode, done.stdout


ROOMS = {"isthmus/base/CMakeLists.txt": "isthmus_room(base)",
         "isthmus/tensor/CMakeLists.txt": "isthmus_room(tensor USES base)",
         "isthmus/graph/CMakeLists.txt": "isthmus_room(graph USES tensor)",
         "isthmus/nn/CMakeLists.txt": "isthmus_room(nn USES graph TEST_USES optim)",
         "isthmus/optim/CMakeLists.txt": "isthmus_room(optim USES graph)"}


class Layers(unittest.TestCase):
    def check(self, path, line):
        return run_tool("check_layers.py", {**ROOMS, path: line + "\n"})

    def test_left_is_allowed(self):
        status, output = self.check("isthmus/nn/a.cc", '#include "isthmus/graph/graph.h"\n'
                                    '#include "isthmus/base/error.h"\n#include <vector>')
        self.assertEqual(status, 0, output)

    def test_right_is_refused(self):
        status, output = self.check("isthmus/graph/a.h", '#include "isthmus/nn/linear.h"')
        self.assertEqual(status, 1)
        self.assertIn("isthmus/graph/a.h:1: graph may not include nn", output)

    def test_strangers_meet_in_tests_only(self):
        self.assertEqual(self.check("isthmus/nn/a.cc", '#include "isthmus/optim/a.h"')[0], 1)
        self.assertEqual(self.check("isthmus/nn/a_test.cc", '#include "isthmus/optim/a.h"')[0], 0)

    def test_testing_is_for_tests(self):
        line = '#include "isthmus/testing/tolerance.h"'
        self.assertEqual(self.check("isthmus/nn/a.cc", line)[0], 1)
        self.assertEqual(self.check("isthmus/nn/a_test.cc", line)[0], 0)

    def test_uses_stand_to_the_left(self):
        status, output = self.check("isthmus/nn/CMakeLists.txt", "isthmus_room(nn USES optim)")
        self.assertEqual(status, 1)
        self.assertIn("does not stand to its left", output)

    def test_vendors_keep_to_their_place(self):
        status, output = self.check("isthmus/nn/a.cc", "#include <hwy/highway.h>")
        self.assertEqual(status, 1)
        self.assertIn("isthmus/cpu/kernels/", output)
        self.assertEqual(self.check("isthmus/base/a.cc", "#include <nlohmann/json.hpp>")[0], 0)

    def test_unknown_vendor(self):
        self.assertEqual(self.check("isthmus/base/a.cc", "#include <boost/any.hpp>")[0], 1)


class Budget(unittest.TestCase):
    def check(self, lines, allowed=""):
        body = "int f(int x) {\n" + "  x += '{';  // }\n" * (lines - 3) + "  return x;\n}\n"
        return run_tool("check_budget.py", {
            "isthmus/a.cc": "namespace isthmus {\n" + body + "}  // namespace isthmus\n",
            "tools/budget_allowed.txt": allowed})

    def test_function_limit(self):
        self.assertEqual(self.check(80)[0], 0)
        status, output = self.check(81)
        self.assertEqual(status, 1)
        self.assertIn("isthmus/a.cc:2: f: 81 lines", output)

    def test_file_limit(self):
        long_file = {"isthmus/a.cc": "int a;\n" * 801}
        self.assertEqual(run_tool("check_budget.py", long_file)[0], 1)

    def test_exceptions_may_only_shrink(self):
        self.assertEqual(self.check(90, "isthmus/a.cc:f 90\n")[0], 0)
        self.assertEqual(self.check(91, "isthmus/a.cc:f 90\n")[0], 1)
        self.assertEqual(self.check(89, "isthmus/a.cc:f 90\n")[0], 1)
        self.assertEqual(self.check(80, "isthmus/a.cc:f 90\n")[0], 1)
        self.assertEqual(self.check(80, "isthmus/b.cc 900\n")[0], 1)


CASE = '<testcase name="{}" status="{}">{}<system-out>{}</system-out></testcase>'


class Summary(unittest.TestCase):
    def check(self, *cases):
        text = "<testsuite>" + "".join(CASE.format(*case) for case in cases) + "</testsuite>"
        return run_tool("test_summary.py", {"a.xml": text}, "a.xml")

    def test_all_kinds(self):
        status, output = self.check(
            ("a", "run", "", ""), ("b", "fail", '<failure message=""/>', ""),
            ("c", "notrun", '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>',
             "[ RUN ]\na.cc:3: Skipped\nno strace\n\n[  SKIPPED ] C"),
            ("d", "notrun", '<skipped message="Unable to find executable"/>', ""))
        self.assertEqual(status, 1)
        self.assertIn("skipped  c: no strace\n", output)
        self.assertEqual(output.splitlines()[-1], "1 passed, 2 failed, 1 skipped")

    def test_good(self):
        status, output = self.check(("a", "run", "", ""))
        self.assertEqual((status, output.splitlines()[-1]), (0, "1 passed, 0 failed"))

    def test_nothing_ran(self):
        self.assertEqual(self.check()[0], 1)



class Zoo(unittest.TestCase):
    """isthmus_zoo: the list and the folder say the same, or configuring fails."""

    @staticmethod
    def configure(listed, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "zoo").mkdir()
            for name in files:
                (root / "zoo" / f"{name}.cc").write_text("", encoding="utf-8")
            (root / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.20)\nproject(zoo NONE)\n"
                f"include({TOOLS.parent}/cmake/isthmus_room.cmake)\n"
                f"isthmus_zoo(zoo animals {listed})\n", encoding="utf-8")
            done = subprocess.run(["cmake", "-S", root, "-B", root / "build"], check=False,
                                  capture_output=True, text=True)
            return done.returncode, " ".join(done.stderr.split())

    def test_a_listed_name_without_a_file_stops(self):
        status, text = self.configure("ape bear", ["ape"])
        self.assertNotEqual(status, 0)
        self.assertIn("animals: listed 'bear', but zoo/bear.cc does not exist", text)

    def test_a_file_that_is_not_listed_stops(self):
        status, text = self.configure("ape", ["ape", "bear"])
        self.assertNotEqual(status, 0)
        self.assertIn("zoo/bear.cc is not listed", text)

    def test_equal_lists_pass(self):
        self.assertEqual(self.configure("ape", ["ape"])[0], 0)


if __name__ == "__main__":
    unittest.main()
