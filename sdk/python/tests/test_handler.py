import asyncio
import unittest
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Dict, List, Literal, Optional

import lessee
from lessee.testing import run


class Coded(Exception):
    code = "disk_full"


def raising(error):
    def handle(payload):
        raise error

    return handle


def returning(output):
    return lambda payload: output


class AnExceptionSaysWhatBecomesOfTheJob(unittest.TestCase):
    cases = {
        "a code": (Coded("no room"), {"status": "retry", "code": "disk_full", "message": "no room"}),
        "Permanent": (lessee.Permanent("never"), {"status": "fail", "code": "handler_error", "message": "never"}),
        "Permanent with a code": (lessee.Permanent("never", code="x", detail=None), {"status": "fail", "code": "x", "message": "never", "detail": None}),
        "Retry": (lessee.Retry("busy", after=1.5), {"status": "retry", "code": "handler_error", "message": "busy", "retry_after_ms": 1500}),
        "Retry with a timedelta": (lessee.Retry("busy", after=timedelta(minutes=1)), {"status": "retry", "code": "handler_error", "message": "busy", "retry_after_ms": 60000}),
        "a negative delay": (lessee.Retry("busy", after=-1), {"status": "retry", "code": "handler_error", "message": "busy"}),
        "words that Postgres can't store": (lessee.Permanent("a\0b\ud83d"), {"status": "fail", "code": "handler_error", "message": "a\ufffdb\ufffd"}),
    }

    def test_it_does(self):
        for name, (error, want) in self.cases.items():
            with self.subTest(name):
                got = run(raising(error), None).result
                told = {"status": got["status"], **got["error"], **{k: got[k] for k in ("retry_after_ms",) if k in got}}
                if not isinstance(error, (lessee.Permanent, lessee.Retry)):
                    told.pop("detail")  # the stack
                self.assertEqual(told, want)

    def test_any_other_tells_its_kind_and_place(self):
        error = run(lambda payload: payload["missing"], {}).result["error"]
        self.assertRegex(error["message"], r"^KeyError: 'missing', at test_handler\.py:\d+$")
        self.assertIn("test_handler.py", error["detail"]["stack"])
        self.assertNotIn("lessee/plugin.py", error["detail"]["stack"])

    def test_park_keeps_output_and_effects(self):
        def handle(payload, ctx):
            ctx.enqueue("remind")
            raise lessee.Park({"asked": "Ann"})

        self.assertEqual(run(handle).result, {"status": "park", "enqueue": [{"class": "remind"}], "output": {"asked": "Ann"}})

    def test_an_exit_is_no_way_out(self):
        self.assertEqual(run(raising(SystemExit(3))).result["status"], "retry")


class Effects(unittest.TestCase):
    def test_travel_as_they_were_when_they_were_asked_for(self):
        payload = {"n": 1}

        def handle(_, ctx):
            ctx.enqueue("next", payload, priority=-5, run_at=datetime.fromtimestamp(0, timezone.utc), idempotency_key="k")
            ctx.command("fn_x", {"a": 1})
            ctx.emit("thing.done", None, "key")
            payload["n"] = 2

        self.assertEqual(run(handle).result, {
            "status": "ok",
            "enqueue": [{"class": "next", "payload": {"n": 1}, "priority": -5, "run_at": "1970-01-01T00:00:00Z", "idempotency_key": "k"}],
            "commands": [{"name": "fn_x", "args": {"a": 1}}],
            "events": [{"type": "thing.done", "payload": None, "key": "key"}],
        })

    def test_are_dropped_when_the_attempt_fails(self):
        def handle(_, ctx):
            ctx.enqueue("next")
            raise lessee.Retry("too late")

        self.assertNotIn("enqueue", run(handle).result)

    def test_that_the_host_would_refuse_raise_where_they_are_asked_for(self):
        for bad in ({"class_name": ""}, {"class_name": "c", "priority": 40000}, {"class_name": "c", "payload": "\0"}, {"class_name": "c", "run_at": "soon"},
                    {"class_name": "c", "run_at": datetime(2026, 1, 1)}, {"class_name": "c", "payload": object()}):
            with self.subTest(bad):
                self.assertNotEqual(run(lambda _, ctx: ctx.enqueue(**bad)).result["status"], "ok")


class AnOutput(unittest.TestCase):
    def test_that_can_not_be_stored_fails_with_the_place_of_the_fault(self):
        cyclic: dict = {}
        cyclic["self"] = cyclic
        for output, words in ((object(), "object"), (cyclic, "JSON"), ({"a": ["\0"]}, '"/a/0"'), ({"a/b": "\ud83d"}, '"/a~1b"'),
                              (float("nan"), "JSON"), (10**1000, "digits"), ({"\0": 1}, "NUL")):
            with self.subTest(words):
                got = run(returning(output)).result
                self.assertEqual((got["status"], got["error"]["code"]), ("fail", "result_invalid"))
                self.assertIn(words, got["error"]["message"])

    def test_that_is_nested_deeper_than_postgres_takes_fails(self):
        def nested(depth):
            value: object = 1
            for _ in range(depth):
                value = [value]
            return value

        self.assertEqual(run(returning(nested(480))).result["status"], "ok")
        self.assertEqual(run(returning(nested(500))).result["error"]["code"], "result_invalid")
        self.assertEqual(run(returning(nested(100_000))).result["error"]["code"], "result_invalid")

    def test_that_only_looks_like_a_nul_character_is_fine(self):
        self.assertEqual(run(returning("\\u0000 and 😀")).output, "\\u0000 and 😀")

    def test_of_none_is_none_unless_the_handler_promises_one(self):
        def promising(payload) -> Optional[str]:
            return None

        self.assertEqual(run(returning(None)).result, {"status": "ok"})
        self.assertEqual(run(promising).result, {"status": "ok", "output": None})
        self.assertEqual(run(returning(lessee.NULL)).result, {"status": "ok", "output": None})


@dataclass
class Line:
    sku: str
    count: int = 1
    price: float = 0.0


@dataclass
class Order:
    order: int
    lines: List[Line]
    due: Optional[datetime] = None
    kind: Literal["new", "old"] = "new"
    labels: Dict[str, str] = field(default_factory=dict)
    secret: bytes = b""


class APayload(unittest.TestCase):
    good = {"order": 7, "lines": [{"sku": "a", "count": 2, "more": 1}], "due": "2026-01-02T03:04:05.5+01:00", "secret": "AAE="}

    def test_becomes_what_the_hint_says(self):
        taken = []

        def handle(payload: Order) -> Order:
            taken.append(payload)
            return payload

        got = run(handle, self.good)
        self.assertEqual(taken[0].lines, [Line("a", 2)])
        self.assertEqual(taken[0].due, datetime(2026, 1, 2, 2, 4, 5, 500000, timezone.utc))
        self.assertEqual(got.output, {"order": 7, "lines": [{"sku": "a", "count": 2, "price": 0.0}], "due": "2026-01-02T02:04:05.500000+00:00",
                                      "kind": "new", "labels": {}, "secret": "AAE="})

    def test_that_does_not_fit_is_refused_by_its_place(self):
        def handle(payload: Order):
            return None

        for bad, words in ((None, "it is null"), ({}, "/order is missing"), ({**self.good, "order": 1.5}, "/order is a number"), ({**self.good, "order": 2**63}, "/order"),
                           ({**self.good, "order": True}, "/order is a boolean"), ({**self.good, "lines": [{"sku": 1}]}, "/lines/0/sku is a number"),
                           ({**self.good, "due": "soon"}, "/due is a text"), ({**self.good, "kind": "odd"}, "/kind"), ({**self.good, "secret": "%"}, "/secret"),
                           ({**self.good, "labels": {"a/b": 1}}, "/labels/a~1b")):
            with self.subTest(words):
                error = run(handle, bad).result["error"]
                self.assertEqual(error["code"], "payload_invalid")
                self.assertIn(words, error["message"])

    def test_without_a_hint_is_as_it_came(self):
        self.assertEqual(run(lambda payload: payload, [1, {"a": None}]).output, [1, {"a": None}])


class AnAsyncHandler(unittest.TestCase):
    def test_answers(self):
        async def handle(payload: str) -> str:
            await asyncio.sleep(0)
            return payload + "!"

        self.assertEqual(run(handle, "a").output, "a!")

    def test_is_cancelled_with_the_hosts_words(self):
        async def handle(payload):
            await asyncio.sleep(60)

        error = run(handle, cancelled=True).result["error"]
        self.assertEqual((error["code"], error["message"]), ("cancelled", "the test cancelled it"))


class TheContext(unittest.TestCase):
    def test_knows_the_attempt(self):
        got = run(lambda _, ctx: [ctx.job.max_attempts, ctx.config["region"], ctx.cancelled(), 50 < ctx.remaining() <= 60], job={"max_attempts": 7}, config={"region": "eu"}, cancelled=True)
        self.assertEqual(got.output, [7, "eu", True, True])

    def test_quotes_log_lines_where_it_must(self):
        def handle(_, ctx):
            ctx.log.warning("two words", a=1, b="x=y", c=None)
            ctx.progress(500, "half")

        got = run(handle)
        self.assertEqual(got.log, [("warn", 'two words a=1 b="x=y" c=null')])
        self.assertEqual(got.progress, [(500, "half")])

    def test_takes_the_config_by_type(self):
        @dataclass
        class Config:
            region: str = "us"

        def handle(_, ctx):
            return ctx.config.region

        self.assertEqual(run(handle, config_type=Config).output, "us")
        self.assertEqual(run(handle, config={"region": "eu"}, config_type=Config).output, "eu")
        self.assertIn("/region", run(handle, config={"region": 1}, config_type=Config).result["error"]["message"])

    def test_sends_requests_through_the_host(self):
        def handle(_, ctx):
            answer = ctx.http("https://api.test/x", json={"a": 1}, credential="crm", timeout=2)
            return [answer.status, answer.ok, answer.json(), answer.header("X-A")]

        def answer(request):
            self.assertEqual((request.method, request.headers, request.body), ("POST", {"content-type": ["application/json"]}, b'{"a":1}'))
            return lessee.Response(418, {"x-a": ["1", "2"]}, "", b"[1]")

        self.assertEqual(run(handle, http=answer).output, [418, False, [1], "1"])


if __name__ == "__main__":
    unittest.main()
