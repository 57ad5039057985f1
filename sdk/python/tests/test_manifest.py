import json
import pathlib
import tempfile
import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, List, Optional, TypedDict, Union

from lessee.plugin import Plugin


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Tree:
    name: str = field(metadata={"doc": "what it is called"})
    children: List["Tree"] = field(default_factory=list)


class Partial(TypedDict, total=False):
    a: int


class Whole(Partial):
    colour: Colour
    either: Union[str, float]
    maybe: Optional[bool]
    anything: Any
    by_name: Dict[str, bytes]


def schema(hint):
    def handle(payload):
        return None

    handle.__annotations__["payload"] = hint
    return Plugin(handle, folder="").manifest()["schemas"].get("payload")


class TheManifest(unittest.TestCase):
    def test_has_schemas_of_the_hints(self):
        self.assertEqual(schema(Whole), {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
                "colour": {"enum": ["red", "blue"]},
                "either": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
                "anything": True,
                "by_name": {"type": "object", "additionalProperties": {"type": "string", "contentEncoding": "base64"}},
            },
            "required": ["colour", "either", "maybe", "anything", "by_name"],
        })

    def test_puts_what_occurs_in_itself_into_defs(self):
        self.assertEqual(schema(Tree), {
            "$ref": "#/$defs/Tree",
            "$defs": {"Tree": {
                "type": "object",
                "properties": {"name": {"type": "string", "description": "what it is called"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
                "required": ["name"],
            }},
        })

    def test_has_no_schema_of_anything(self):
        for hint in (Any, object):
            self.assertIsNone(schema(hint))

    def test_says_what_the_file_beside_the_program_says(self):
        project = {"name": "a", "version": "1", "language": "python", "wants": {"http": True}, "schemas": {"payload": {"type": "null"}}, "build": ["x"]}
        for files in ({"plugin.json": project}, {"plugin.json": {"command": ["python3", "main.py"]}, "lessee.manifest": project}):
            with tempfile.TemporaryDirectory() as folder:
                for name, value in files.items():
                    pathlib.Path(folder, name).write_text(json.dumps(value))
                self.assertEqual(manifest_in(folder), {
                    "name": "a", "version": "2", "abi": 1, "wants": {"http": True}, "schemas": {"payload": {"type": "null"}, "output": {"type": "string"}},
                })


def manifest_in(folder):
    def handle(payload: str) -> str:
        return payload

    return Plugin(handle, folder=folder, version="2").manifest()


if __name__ == "__main__":
    unittest.main()
