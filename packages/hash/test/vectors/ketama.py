"""Asks the real libmemcached where its weighted ketama places keys; writes ketama.json beside itself.

    python3 ketama.py [libmemcached.so.11]

No server runs: the library computes the placement from the list of servers alone.
"""

import ctypes
import json
import pathlib
import sys

KETAMA_WEIGHTED = 16  # MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED

LISTS = [
    # (node name, host or path, port or None for a socket, weight)
    [(f"10.0.0.{i}:11211", f"10.0.0.{i}", 11211, 1) for i in (1, 2, 3)],
    [(f"127.0.0.1:{port}", "127.0.0.1", port, 1) for port in (11311, 11312, 11313, 11314, 11315)],
    [
        ("cache.example.com:11211", "cache.example.com", 11211, 1),
        ("cache.example.com:11212", "cache.example.com", 11212, 1),
        ("::1:11211", "::1", 11211, 1),
        ("/run/memcached.sock", "/run/memcached.sock", None, 1),
    ],
    [(f"10.0.0.{i}:11211", f"10.0.0.{i}", 11211, weight) for i, weight in ((1, 1), (2, 3), (3, 2))],
    [(f"w{weight}:11212", f"w{weight}", 11212, weight) for weight in (1, 10, 100, 700, 33, 7)],
    [(f"cache-{i:02}:11211", f"cache-{i:02}", 11211, 1) for i in range(10)],
    [("alone:11211", "alone", 11211, 5)],
    # Of 25 equal shares, single precision loses the last digest.
    [(f"10.0.1.{i}:11211", f"10.0.1.{i}", 11211, 1) for i in range(25)],
]
KEYS = [f"key{i}" for i in range(500)] + ["a", "user:1000", "café", "キー", "😀", "x" * 250]


def placements(library, servers):
    client = ctypes.c_void_p(library.memcached_create(None))
    assert library.memcached_behavior_set(client, KETAMA_WEIGHTED, ctypes.c_uint64(1)) == 0
    for _, host, port, weight in servers:
        if port is None:
            added = library.memcached_server_add_unix_socket_with_weight(client, host.encode(), weight)
        else:
            added = library.memcached_server_add_with_weight(client, host.encode(), port, weight)
        assert added == 0
    keys = [key.encode() for key in KEYS]
    chosen = [library.memcached_generate_hash(client, key, ctypes.c_size_t(len(key))) for key in keys]
    library.memcached_free(client)
    return chosen


library = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libmemcached.so.11")
library.memcached_create.restype = ctypes.c_void_p
library.memcached_lib_version.restype = ctypes.c_char_p
vectors = {
    "source": f"libmemcached {library.memcached_lib_version().decode()}, weighted ketama with md5, by ketama.py",
    "keys": KEYS,
    "lists": [
        {
            "nodes": [name for name, *_ in servers],
            "weights": {name: weight for name, _, _, weight in servers},
            "placements": placements(library, servers),
        }
        for servers in LISTS
    ],
}
target = pathlib.Path(__file__).with_name("ketama.json")
target.write_text(json.dumps(vectors, ensure_ascii=False, separators=(",", ":")) + "\n")
