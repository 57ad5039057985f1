import random
import unittest

from lessee import wire


class Wire(unittest.TestCase):
    def test_reads_what_it_writes(self):
        for kind, message in (
            ("FromHost", {"start": {"envelope": b"\x00" * 300, "limits": {"wall_ms": 2**40, "events": -1}}}),
            ("FromPlugin", {"log": {"level": 2, "line": "héllo"}}),
            ("FromPlugin", {"result": b""}),
        ):
            self.assertEqual(wire.decode(kind, wire.encode(kind, message)), message)

    def test_passes_over_fields_of_a_later_version(self):
        later = b"\x08\x01" + b"\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\x7a\x02ab" + b"\x22\x03new"
        self.assertEqual(wire.decode("FromPlugin", later), {"result": b"new"})

    def test_fails_by_a_value_error_alone(self):
        source = random.Random(1)
        good = wire.encode("FromHost", {"start": {"envelope": b"{}", "limits": {"wall_ms": 1}}, "cancel": {"code": "x"}})
        for _ in range(5000):
            data = bytearray(good)
            for _ in range(source.randint(1, 4)):
                data[source.randrange(len(data))] = source.randrange(256)
            try:
                wire.decode("FromHost", bytes(data[: source.randint(0, len(data))]))
            except ValueError:
                pass


if __name__ == "__main__":
    unittest.main()
