import tempfile
import unittest

from lessee.boringssl import holds_boringssl


class BoringSSL(unittest.TestCase):
    def test_is_known_by_its_messages(self):
        for content, holds in ((b"\x7fELF..." + b"error:%s:OPENSSL_internal:%s", True), (b"\x7fELF... error:%s:%s", False)):
            with tempfile.NamedTemporaryFile() as library:
                library.write(content)
                library.flush()
                self.assertEqual(holds_boringssl(library.name), holds)


if __name__ == "__main__":
    unittest.main()
