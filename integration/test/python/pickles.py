"""Pickles random values and reads pickles of ours: {seed, count, pickles: [{data, description}]} on stdin.

Prints {written: [{protocol, data, description}], unequal: [index]}. A description says what a value is, and where
containers are the same one, in a form that pickles.test.ts makes as well.
"""

import base64
import datetime
import decimal
import json
import math
import pickle
import random
import struct
import sys
import uuid

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def describe(value, seen):
    if value is None or isinstance(value, (bool, str)):
        return value if not isinstance(value, str) else ["str", value.encode("utf-16-be", "surrogatepass").hex()]
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > 2**53 - 1 or math.copysign(1, value) < 0 and value == 0:
            return ["float", "nan" if math.isnan(value) else struct.pack(">d", value).hex()]
        value = int(value)
    if isinstance(value, int):
        return ["int", hex(value)]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", value.hex()]
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return ["datetime", (value - EPOCH) // datetime.timedelta(milliseconds=1)]
    if isinstance(value, (datetime.date, decimal.Decimal, uuid.UUID)):
        return describe(str(value), seen)
    kind = {list: "list", tuple: "list", set: "set", frozenset: "set", dict: "dict"}[type(value)]
    # An empty tuple is the same one everywhere.
    if len(value) > 0:
        if id(value) in seen:
            return ["again", seen[id(value)]]
        seen[id(value)] = len(seen)
    if kind == "list":
        return [kind, [describe(item, seen) for item in value]]
    if kind == "set":
        # In no order; nothing in them is elsewhere too.
        return [kind, sorted((describe(item, {}) for item in value), key=lambda it: json.dumps(it, separators=(",", ":")))]
    entries = list(value.items())
    # Objects have members with names of digits first.
    if all(isinstance(key, str) for key in value):
        entries.sort(key=lambda entry: entry[0].encode("utf-16-be", "surrogatepass"))
    return [kind, [[describe(key, seen), describe(item, seen)] for key, item in entries]]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.containers = []

    def value(self):
        self.containers = []
        return self.any(self.random.randrange(5))

    def integer(self):
        bits = self.random.choice([3, 7, 8, 15, 16, 31, 32, 47, 48, 53, 54, 63, 64, 200, 2100, 3000])
        return self.random.choice([1, -1]) * (2**bits + self.random.choice([-1, 0, 1, self.random.getrandbits(bits)]))

    def text(self):
        parts = ["a", "\\", "\n", "\\u0041", "\0", "\r", "\x1a", "é", "ÿ", "€", "\ufffd", "😀", "'", "\ud800", " ", "__proto__", "7"]
        return "".join(self.random.choice(parts) for _ in range(self.random.choice([0, 1, 3, 9, 300])))

    def bytes(self):
        return self.random.randbytes(self.random.choice([0, 1, 5, 255, 256, 700]))

    def float(self):
        return self.random.choice([0.0, 1.5, -1.25, 1e300, 5e-324, math.inf, -math.inf, math.nan, 2.0**70, self.random.uniform(-1e9, 1e9)])

    def moment(self):
        zone = self.random.choice([None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(minutes=self.random.randrange(-700, 700)))])
        # UTC must stay within the years that both have.
        return datetime.datetime(self.random.randrange(2, 9998), self.random.randrange(1, 13), self.random.randrange(1, 29), self.random.randrange(24), 59, 58, self.random.randrange(10**6), zone, fold=self.random.randrange(2))

    def hashable(self, depth):
        makers = [lambda: None, lambda: self.random.random() < 0.5, self.integer, self.text, self.bytes, self.float, self.moment]
        if depth > 0:
            makers.append(lambda: tuple(self.hashable(depth - 1) for _ in range(self.random.randrange(5))))
            makers.append(lambda: frozenset(self.hashable(depth - 1) for _ in range(self.random.randrange(4))))
        return self.random.choice(makers)()

    def scalar(self):
        return self.random.choice([
            lambda: self.hashable(1),
            lambda: -0.0,
            lambda: bytearray(self.bytes()),
            lambda: decimal.Decimal(self.integer()) / 7,
            lambda: uuid.UUID(int=self.random.getrandbits(128)),
            lambda: datetime.date(self.random.randrange(1, 9999), 2, 28),
        ])()

    def any(self, depth):
        if depth == 0 or self.random.random() < 0.2:
            return self.scalar()
        if self.containers and self.random.random() < 0.15:
            return self.random.choice(self.containers)
        kind = self.random.randrange(5)
        size = self.random.choice([0, 1, 2, 3, 4, 8])
        if self.random.random() < 0.002:
            size = 1100
            depth = 1
        if kind == 0:
            container = []
            self.containers.append(container)
            container.extend(self.any(depth - 1) for _ in range(size))
        elif kind == 1:
            container = tuple(self.any(depth - 1) for _ in range(size))
            self.containers.append(container)
        elif kind == 2:
            container = set(self.hashable(depth - 1) for _ in range(size))
            self.containers.append(container)
        else:
            container = {}
            self.containers.append(container)
            for _ in range(size):
                container[self.text() if kind == 3 else self.hashable(depth - 1)] = self.any(depth - 1)
        return container


request = json.load(sys.stdin)
generator = Generator(request["seed"])
written = []
for count in range(request["count"]):
    value = generator.value()
    protocol = count % 6
    written.append({
        "protocol": protocol,
        "data": base64.b64encode(pickle.dumps(value, protocol)).decode(),
        "description": describe(value, {}),
    })
unequal = [
    index
    for index, item in enumerate(request["pickles"])
    if describe(pickle.loads(base64.b64decode(item["data"])), {}) != item["description"]
]
json.dump({"written": written, "unequal": unequal}, sys.stdout)
