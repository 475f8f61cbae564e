#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""What the suite makes of a program's ending, above all of a bad one: nothing that failed counts as passed."""
import json
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import suite


def counted(reader, status, text):
    count = suite.judge(suite.Part("part", ["program"], reader), status, text)
    return count.passed, count.failed, count.skipped


DOCTEST = "[doctest] test cases: 11 | 10 passed | 1 failed | 2 skipped\n[doctest] assertions: 40 | 39 passed | 1 failed |\n"


class Doctest(unittest.TestCase):
    def test_cases_are_counted_not_assertions(self):
        self.assertEqual(counted(suite.read_doctest, 1, DOCTEST), (10, 1, 2))

    def test_colours_do_not_matter(self):
        text = "[doctest] test cases: 3 | \x1b[0;32m3 passed\x1b[0m | 0 failed | 0 skipped\n"
        self.assertEqual(counted(suite.read_doctest, 0, text), (3, 0, 0))

    def test_a_crash_without_a_summary_is_a_failure(self):
        self.assertEqual(counted(suite.read_doctest, -11, "[doctest] run with\n"), (0, 1, 0))

    def test_a_crash_after_the_summary_is_a_failure(self):
        self.assertEqual(counted(suite.read_doctest, -6, "[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped\n"), (3, 1, 0))

    def test_a_program_without_tests_is_a_failure(self):
        self.assertEqual(counted(suite.read_doctest, 0, "[doctest] test cases: 0 | 0 passed | 0 failed | 0 skipped\n"), (0, 1, 0))


class Unittest(unittest.TestCase):
    def test_passed_is_what_is_left(self):
        text = "Ran 10 tests in 1.0s\n\nFAILED (failures=1, errors=2, skipped=3)\n"
        self.assertEqual(counted(suite.read_unittest, 1, text), (4, 3, 3))

    def test_all_passed(self):
        self.assertEqual(counted(suite.read_unittest, 0, "Ran 1 test in 0.0s\n\nOK\n"), (1, 0, 0))

    def test_a_class_that_was_skipped_whole_is_skipped(self):
        self.assertEqual(counted(suite.read_unittest, 0, "Ran 0 tests in 0.0s\n\nOK (skipped=1)\n"), (0, 0, 1))

    def test_a_class_that_could_not_begin_is_a_failure(self):
        self.assertEqual(counted(suite.read_unittest, 1, "Ran 0 tests in 0.0s\n\nFAILED (errors=1)\n"), (0, 1, 0))

    def test_an_unexpected_success_is_a_failure_an_expected_failure_is_none(self):
        text = "Ran 3 tests in 0.0s\n\nFAILED (expected failures=1, unexpected successes=1)\n"
        self.assertEqual(counted(suite.read_unittest, 1, text), (2, 1, 0))


class Others(unittest.TestCase):
    def test_a_shell_runner_says_it_itself(self):
        self.assertEqual(counted(suite.read_shell, 1, "x\n4 passed, 1 failed\n"), (4, 1, 0))
        self.assertEqual(counted(suite.read_shell, 0, "4 passed, 0 failed, 2 skipped\n"), (4, 0, 2))

    def test_a_shell_runner_that_lies_about_failures_is_caught_by_its_status(self):
        self.assertEqual(counted(suite.read_shell, 1, "4 passed, 0 failed\n"), (4, 1, 0))

    def test_a_fuzzer_passes_that_ran_and_found_nothing(self):
        self.assertEqual(counted(suite.read_fuzzer, 0, "7 inputs\n"), (1, 0, 0))
        self.assertEqual(counted(suite.read_fuzzer, -6, "does not hold: x\n"), (0, 1, 0))
        self.assertEqual(counted(suite.read_fuzzer, 1, "0 inputs\n"), (0, 1, 0))

    def test_a_build_counts_only_when_it_fails(self):
        self.assertEqual(counted(suite.read_build, 0, ""), (0, 0, 0))
        self.assertEqual(counted(suite.read_build, 1, ""), (0, 1, 0))

    def test_what_did_not_end_in_time_is_a_failure_beside_what_it_had_done(self):
        self.assertEqual(counted(suite.read_unittest, None, "no summary"), (0, 1, 0))

    def test_a_part_that_hangs_is_ended(self):
        os.makedirs(suite.LOGS, exist_ok=True)
        part = suite.Part("suite_test hang", [sys.executable, "-c", "import signal; signal.pause()"], suite.read_shell, 0.3)
        count, seconds, log = suite.run_part(part)
        os.unlink(log)
        self.assertEqual(count.failed, 1)
        self.assertLess(seconds, 10)

    def test_a_part_that_is_not_there_is_a_failure(self):
        os.makedirs(suite.LOGS, exist_ok=True)
        count, _, log = suite.run_part(suite.Part("suite_test absent", ["build/absent"], suite.read_doctest))
        os.unlink(log)
        self.assertEqual(count.failed, 1)


class Reasons(unittest.TestCase):
    def test_a_failing_test_is_named_with_its_assertion(self):
        text = "ERROR:  talk of a test that passed\n" + "=" * 70 + "\nFAIL: test_x (Case)\n" + "-" * 70 + \
               "\nTraceback:\n  line\nAssertionError: 1 != 2\n"
        self.assertEqual(suite.reasons(text), ["FAIL: test_x (Case)", "AssertionError: 1 != 2"])

    def test_a_sanitizer_and_doctest_are_understood(self):
        self.assertEqual(suite.reasons("TEST CASE:  a thing\n\na_test.cpp:3: ERROR: CHECK( false ) is NOT correct!\nfine\n"),
                         ["TEST CASE:  a thing", "a_test.cpp:3: ERROR: CHECK( false ) is NOT correct!"])
        self.assertEqual(suite.reasons("fine\nWARNING: ThreadSanitizer: data race (pid=1)\n"),
                         ["WARNING: ThreadSanitizer: data race (pid=1)"])

    def test_no_more_than_a_dozen(self):
        self.assertEqual(len(suite.reasons("".join(f"FAIL: test_{i}\n" for i in range(100)))), 12)


class TheRecord(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for name in ("build/release/pgseal", "tests/lab/a_test.py"):
            os.makedirs(os.path.dirname(f"{self.root}/{name}"), exist_ok=True)
            self.put(name, "before")
        suite.Record(self.root).write(suite.Count(passed=3, skipped=1))

    def put(self, name, text):
        with open(f"{self.root}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def test_what_passed_is_taken_over(self):
        count, minutes = suite.Record(self.root).passed()
        self.assertEqual((count.passed, count.failed, count.skipped), (3, 0, 1))
        self.assertLess(minutes, 5)

    def test_not_for_another_program_another_test_or_a_new_test(self):
        for name in ("build/release/pgseal", "tests/lab/a_test.py", "tests/lab/b_test.py"):
            self.put(name, "after")
            self.assertIsNone(suite.Record(self.root).passed(), name)
            if name.endswith("b_test.py"):
                os.unlink(f"{self.root}/{name}")
            else:
                self.put(name, "before")
        self.assertIsNotNone(suite.Record(self.root).passed())

    def test_not_after_hours_nor_from_a_clock_that_was_ahead(self):
        record = suite.Record(self.root)
        with open(record.path, encoding="utf-8") as file:
            kept = json.load(file)
        for shift in (-3 * 3600, 3600):
            with open(record.path, "w", encoding="utf-8") as file:
                json.dump({**kept, "at": kept["at"] + shift}, file)
            self.assertIsNone(record.passed())

    def test_not_from_a_broken_record(self):
        for text in ("", "[]", "{}", '{"of": 1, "at": "x"}'):
            self.put("build/passed.json", text)
            self.assertIsNone(suite.Record(self.root).passed())


if __name__ == "__main__":
    unittest.main()
