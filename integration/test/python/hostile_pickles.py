"""Prints [what, class, protocol, pickle in base64] of pickles that call, import or hold more than data."""

import array
import base64
import collections
import datetime
import enum
import fractions
import functools
import json
import os
import pickle
import re
import sys
import types


class Calls:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


class Plain:
    def __init__(self):
        self.member = 1


class Color(enum.Enum):
    RED = 1


class Dict(dict):
    pass


class List(list):
    pass


Pair = collections.namedtuple("Pair", "a b")
system = Calls(os.system, "touch " + sys.argv[1])
HOSTILE = [
    ("a call of os.system", "posix.system", system),
    ("a call deep inside", "posix.system", {"a": [(system,)]}),
    ("a call as an argument", "posix.system", Calls(set, [system])),
    ("eval", "builtins.eval", Calls(eval, "1")),
    ("exec", "builtins.exec", Calls(exec, "1")),
    ("getattr", "builtins.getattr", Calls(getattr, "a", "b")),
    ("an import", "builtins.__import__", Calls(__import__, "os")),
    ("a function", "posix.system", os.system),
    ("a class", "__main__.Plain", Plain),
    ("an instance", "__main__.Plain", Plain()),
    ("an enum", "getattr", Color.RED),
    ("a kind of dict", "__main__.Dict", Dict(a=1)),
    ("a kind of list", "__main__.List", List([1])),
    ("a named tuple", "__main__.Pair", Pair(1, 2)),
    ("an OrderedDict", "collections.OrderedDict", collections.OrderedDict(a=1)),
    ("a defaultdict", "collections.defaultdict", collections.defaultdict(list, a=[1])),
    ("a Counter", "collections.Counter", collections.Counter("aab")),
    ("a deque", "collections.deque", collections.deque([1])),
    ("a complex", "builtins.complex", 1j),
    ("a range", "range", range(3)),
    ("a slice", "builtins.slice", slice(1)),
    ("an exception", "ValueError", ValueError("x")),
    ("an ellipsis", "builtins.Ellipsis", ...),
    ("a partial function", "functools.partial", functools.partial(print)),
    ("an array", "array.", array.array("i", [1])),
    ("a fraction", "fractions.Fraction", fractions.Fraction(1, 2)),
    ("a time", "datetime.time", datetime.time(1)),
    ("a pattern", "re._compile", re.compile("a")),
    ("a namespace", "types.SimpleNamespace", types.SimpleNamespace(a=1)),
]

json.dump(
    [
        [what, name, protocol, base64.b64encode(pickle.dumps(value, protocol)).decode()]
        for what, name, value in HOSTILE
        for protocol in range(6)
    ],
    sys.stdout,
)
