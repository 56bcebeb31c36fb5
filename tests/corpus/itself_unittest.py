import io
import re
import sys
import unittest


class Checks(unittest.TestCase):
    def setUp(self):
        self.number = 1

    def test_good(self):
        self.assertEqual(self.number, 1)

    def test_bad(self):
        self.assertEqual({"a": [1, 2]}, {"a": [1, 3]})

    def test_error(self):
        self.number / 0

    @unittest.skip("later")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("as expected")

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

    def test_logs_and_warnings(self):
        with self.assertWarnsRegex(UserWarning, "w"), self.assertRaises(ValueError):
            __import__("warnings").warn("w")
            int("x")


stream = io.StringIO()
try:
    unittest.main(testRunner=unittest.TextTestRunner(stream=stream, verbosity=2), argv=["prog"])
except SystemExit as end:
    print(re.sub(r"in [\d.]+s", "in a while", stream.getvalue()))
    sys.exit(end.code)
