"""Writes or reads values of every type that pymemcache shares with us: values.py write|read host:port."""

import json
import sys
import zlib

from pymemcache.client.base import Client
from pymemcache.serde import PickleSerde

COMPRESSED = 8


class CompressedSerde:
    """As pymemcache 4 has it: 400 bytes and less stay as they are."""

    def __init__(self):
        self.inner = PickleSerde()

    def serialize(self, key, value):
        data, flags = self.inner.serialize(key, value)
        if isinstance(data, str):
            data = data.encode()
        if len(data) > 400:
            packed = zlib.compress(data)
            if len(packed) <= len(data):
                return packed, flags | COMPRESSED
        return data, flags

    def deserialize(self, key, data, flags):
        if flags & COMPRESSED:
            data = zlib.decompress(data)
        return self.inner.deserialize(key, data, flags)


VALUES = {
    "text": "grüße 😀\r\nEND",
    "empty": "",
    "bytes": bytes(range(256)),
    "int": 42,
    "negative": -7,
    "big": 2**70,
    "long text": "compress me " * 100,
    "long bytes": b"\x00\x01" * 1000,
}

host, port = sys.argv[2].split(":")
client = Client((host, int(port)), serde=CompressedSerde(), default_noreply=False, timeout=10)
if sys.argv[1] == "write":
    for index, value in enumerate(VALUES.values()):
        client.set(f"python{index}", value)
    client.set("pickled", {"a": 1})
    print("{}")
else:
    answer = {}
    for index, (name, value) in enumerate(VALUES.items()):
        got = client.get(f"node{index}")
        answer[name] = type(got).__name__ if got == value else f"{got!r}"
    answer["json"] = client.get("node-json").decode()
    print(json.dumps(answer))
