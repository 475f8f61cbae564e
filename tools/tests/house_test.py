#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Each rule of the house, broken on purpose, in trees of a few lines."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import house
from cpp_text import includes

with open(os.path.join(house.ROOT, "tools", "house.toml"), "rb") as source:
    SETTINGS = house.tomllib.load(source)
LAYERS = "# floors\ncli\nlink probe\nx509 settings # side by side\nbase\n"
HEAD = "// SPDX-License-Identifier: PostgreSQL\n// What it is.\n"


def tree(files, executable=()):
    return house.Tree({"LAYERS": LAYERS, **files}, set(executable), SETTINGS)


def texts(rule, files, executable=()):
    return [f"{m.path}:{m.line}: {m.text}" for m in rule(tree(files, executable))]


class Includes(unittest.TestCase):
    def names(self, text):
        return [(found.line, found.name) for found in includes(text)]

    def test_both_forms_are_found_with_their_lines(self):
        self.assertEqual(self.names('#include "a/b.h"\n\n #  include <vector>\n'), [(1, "a/b.h"), (3, "vector")])

    def test_comments_hide_an_include(self):
        self.assertEqual(self.names('// #include "a.h"\n/*\n#include "b.h"\n*/\n// x \\\n#include "c.h"\n'), [])

    def test_strings_hide_an_include(self):
        self.assertEqual(self.names('auto a = R"x(\n#include "a.h"\n)x";\nauto b = "\\"\\\n#include";\n'), [])

    def test_a_quote_in_a_number_opens_no_character(self):
        self.assertEqual(self.names("int a = 1'000;\nint b = '\\'';\n#include <map>\n"), [(3, "map")])

    def test_a_comment_in_a_string_hides_nothing(self):
        self.assertEqual(self.names('auto a = "/*";\n#include <map>\n'), [(2, "map")])

    def test_an_unfinished_comment_ends_with_the_file(self):
        self.assertEqual(self.names("/* \n#include <map>\n"), [])


class Floors(unittest.TestCase):
    def test_down_is_allowed_up_and_sideways_are_not(self):
        files = {"src/base/a.h": "", "src/x509/a.h": '#include "base/a.h"\n#include "x509/b.h"\n', "src/x509/b.h": ""}
        self.assertEqual(texts(house.floors, files), [])
        self.assertIn("above", texts(house.floors, {**files, "src/base/b.h": '#include "x509/a.h"\n'})[0])
        self.assertIn("beside", texts(house.floors, {**files, "src/settings/b.h": '\n#include "x509/a.h"\n'})[0])

    def test_a_folder_without_a_floor_is_named(self):
        self.assertEqual(texts(house.floors, {"src/odd/a.h": ""}), ["src/odd/a.h:1: odd/ is on no floor"])

    def test_an_include_that_is_not_there_is_named(self):
        self.assertEqual(texts(house.floors, {"src/base/a.h": '#include "b.h"\n'}), ["src/base/a.h:1: there is no src/b.h"])

    def test_main_may_include_every_floor(self):
        self.assertEqual(texts(house.floors, {"src/main.cpp": '#include "cli/a.h"\n', "src/cli/a.h": ""}), [])


class Headers(unittest.TestCase):
    def test_openssl_stays_in_three_folders(self):
        self.assertEqual(texts(house.headers, {"src/x509/a.h": "#include <openssl/x509.h>\n"}), [])
        self.assertEqual(len(texts(house.headers, {"src/base/a.h": "#include <openssl/x509.h>\n"})), 1)

    def test_regex_is_nowhere(self):
        self.assertEqual(len(texts(house.headers, {"src/cli/a.cpp": "#include <regex>\n"})), 1)

    def test_the_ninth_file_with_json_is_one_too_many(self):
        files = {f"src/cli/{n}.cpp": "#include <nlohmann/json.hpp>\n" for n in range(8)}
        self.assertEqual(texts(house.headers, files), [])
        self.assertEqual(len(texts(house.headers, {**files, "src/link/a.cpp": "#include <nlohmann/json.hpp>\n"})), 1)


class Sizes(unittest.TestCase):
    def test_a_file_of_601_lines_is_too_long(self):
        self.assertEqual(texts(house.sizes, {"src/base/a.cpp": "\n" * 600}), [])
        self.assertEqual(len(texts(house.sizes, {"src/base/a.cpp": "\n" * 601})), 1)

    def test_a_composition_root_stays_below_80(self):
        self.assertEqual(len(texts(house.sizes, {"src/main.cpp": "\n" * 80})), 1)

    def test_a_python_function_is_measured(self):
        long = "def f():\n" + "    pass\n" * 70
        self.assertEqual(len(texts(house.sizes, {"tools/a.py": long})), 1)
        self.assertEqual(len(texts(house.sizes, {"tools/a.py": "def f(a, b, c, d, e, f): pass\n"})), 1)
        self.assertEqual(texts(house.sizes, {"tools/a.py": "def f(self, b, c, d, e, f): pass\n"}), [])

    def test_a_crowded_folder_is_only_a_warning(self):
        files = {f"src/base/{n}.{end}": "" for n in range(13) for end in ("h", "cpp")}
        self.assertEqual([m.warning for m in house.crowds(tree(files))], [True])


class Beginnings(unittest.TestCase):
    def test_a_header_begins_with_licence_thesis_and_guard(self):
        self.assertEqual(texts(house.beginnings, {"src/base/a.h": HEAD + "#pragma once\n"}), [])
        self.assertEqual(len(texts(house.beginnings, {"src/base/a.h": HEAD})), 1)
        self.assertEqual(len(texts(house.beginnings, {"src/base/a.h": "#pragma once\n"})), 1)
        bare = "// SPDX-License-Identifier: PostgreSQL\n#pragma once\n"
        self.assertEqual(len(texts(house.beginnings, {"src/base/a.h": bare})), 1)

    def test_a_source_with_a_header_has_its_thesis_there(self):
        bare = "// SPDX-License-Identifier: PostgreSQL\n#include <map>\n"
        header = {"src/base/a.h": HEAD + "#pragma once\n"}
        self.assertEqual(texts(house.beginnings, {**header, "src/base/a.cpp": bare}), [])
        self.assertEqual(len(texts(house.beginnings, {**header, "src/base/b.cpp": bare})), 1)

    def test_a_script_has_its_licence_after_the_interpreter(self):
        self.assertEqual(texts(house.beginnings, {"run": "#!/bin/bash\n# SPDX-License-Identifier: PostgreSQL\n# It is.\n"}), [])
        self.assertEqual(len(texts(house.beginnings, {"run": "#!/bin/bash\necho\n"})), 1)

    def test_a_lab_test_that_cannot_be_run_is_named(self):
        files = {"tests/lab/a_test.py": "#!/usr/bin/env python3\n"}
        self.assertEqual(len(texts(house.executables, files)), 1)
        self.assertEqual(texts(house.executables, files, executable=files), [])


class PlacesAndWords(unittest.TestCase):
    def test_a_new_thing_at_the_top_is_named(self):
        self.assertEqual(len(texts(house.places, {"notes.txt": ""})), 1)

    def test_a_name_that_says_nothing_is_named(self):
        self.assertEqual(len(texts(house.places, {"src/base/file_util.h": ""})), 1)
        self.assertEqual(texts(house.places, {"src/base/utility.h": ""}), [])

    def test_a_note_to_oneself_is_named(self):
        self.assertEqual(len(texts(house.words, {"src/base/a.h": "// TO" + "DO later\n"})), 1)

    def test_a_sleep_in_a_test_needs_its_deadline(self):
        call = "    time.sle" + "ep(1)\n"
        self.assertEqual(len(texts(house.words, {"tests/lab/a.py": call})), 1)
        self.assertEqual(texts(house.words, {"tests/lab/a.py": "    # polls until the deadline\n" + call}), [])
        self.assertEqual(len(texts(house.words, {"tests/lab/a.sh": "while true; do sle" + "ep 1; done\n"})), 1)

    def test_a_path_of_one_machine_is_named(self):
        self.assertEqual(len(texts(house.words, {"docs/a.md": "see /wo" + "rk/notes\n"})), 1)


class Documents(unittest.TestCase):
    FILES = {"src/x509/name.h": "", "docs/a.md": ""}

    def judged(self, text):
        return texts(house.documents, {**self.FILES, "docs/a.md": text})

    def test_a_path_that_is_there_passes(self):
        self.assertEqual(self.judged("`src/x509/name.h`, `x509/name.h`, `src/x509/`, `x509/`, `src/*/name.h`\n"), [])

    def test_a_path_that_is_gone_is_named_with_its_line(self):
        self.assertEqual(self.judged("\n`src/x509/gone.h`\n"), ["docs/a.md:2: there is no `src/x509/gone.h`"])
        self.assertEqual(len(self.judged("`x509/gone.h`\n")), 1)

    def test_placeholders_commands_and_blocks_are_left_alone(self):
        self.assertEqual(self.judged("`src/NAME/x.h` `./run lint` `/etc/pgseal/mark` `a/b`\n```\n`src/gone.h`\n```\n"), [])


class ThisTree(unittest.TestCase):
    def test_every_message_has_a_way_out(self):
        files = {"src/odd/a.h": "", "notes.txt": "", "src/base/b.h": '#include "x.h"\n#include <regex>\n'}
        messages = house.check(tree(files))
        self.assertGreater(len(messages), 4)
        self.assertTrue(all(message.way_out and message.rule for message in messages))


if __name__ == "__main__":
    unittest.main()
