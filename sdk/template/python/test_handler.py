import unittest

from handler import handle
from lessee.testing import run


class Handle(unittest.TestCase):
    def test_greets_by_name(self):
        self.assertEqual(run(handle, {"name": "world"}).output, {"greeting": "Hello, world"})

    def test_fails_for_good_without_a_name(self):
        result = run(handle, {"name": ""}).result
        self.assertEqual((result["status"], result["error"]["code"]), ("fail", "no_name"))


if __name__ == "__main__":
    unittest.main()
