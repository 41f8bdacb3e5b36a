"""Runs pymemcache's commands on one server and prints what each answers: commands.py host:port or path."""

import json
import sys

from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient

address = sys.argv[1]
if ":" in address:
    host, port = address.split(":")
    address = (host, int(port))


def shown(value):
    """What JSON can hold: bytes as b'...', long texts by their length."""
    if isinstance(value, dict):
        return {shown(key): shown(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    return repr(value) if len(value) < 2000 else f"{len(value)} long"


def run(client, answers):
    """Calls every command that the client has, and notes what it answers."""

    def call(name, *args, **kwargs):
        if not hasattr(client, name):
            return None
        try:
            answer = getattr(client, name)(*args, **kwargs)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        answers.append([name, shown(args), shown(answer)])
        return answer

    call("flush_all")
    call("get", "a")
    call("set", "a", "1")
    call("get", "a")
    call("set", "bytes", bytes(range(256)))
    call("get", "bytes")
    call("set", "empty", "")
    call("get", "empty")
    call("set", "flagged", "x", flags=4_294_967_295)
    call("set", "big", "v" * 1_000_000)
    call("get", "big")
    call("set", "large", "v" * 1_048_576)
    call("add", "a", "2")
    call("add", "new", "2")
    call("replace", "a", "3")
    call("replace", "nothing", "3")
    call("append", "a", "4")
    call("prepend", "a", "2")
    call("append", "nothing", "4")
    call("get", "a")
    _, token = call("gets", "a")
    call("cas", "a", "5", b"1")
    call("cas", "a", "6", token)
    call("cas", "nothing", "5", b"1")
    call("gets_many", ["a", "nothing"])
    call("incr", "a", 5)
    call("decr", "a", 100)
    call("incr", "nothing", 1)
    call("incr", "bytes", 1)
    call("incr", "a", 2**64 - 1)
    call("incr", "a", 1)
    call("touch", "a", 100)
    call("touch", "nothing", 100)
    call("set_many", {"x": "1", "y": "2", "z": "3"})
    call("get_many", ["x", "y", "none", "z"])
    call("set", "brief", "gone", expire=-1)
    call("get", "brief")
    call("delete", "x")
    call("delete", "x")
    call("delete_many", ["y", "none"])
    call("get_many", ["x", "y", "z"])
    call("set", "quiet", "1", noreply=True)
    call("incr", "quiet", 1, noreply=True)
    call("append", "quiet", "!", noreply=True)
    call("get", "quiet")
    call("delete", "quiet", noreply=True)
    call("get", "quiet")
    call("version")
    call("cache_memlimit", 128)
    call("get", "k" * 251)
    call("shutdown")
    call("get", "a")
    if hasattr(client, "stats"):
        stats = client.stats()
        names = (b"version", b"curr_items", b"cmd_get", b"get_misses", b"cas_badval")
        answers.append(["stats", [], shown({name: stats[name] for name in names})])
    call("flush_all")
    call("get", "a")
    call("quit")


options = {"default_noreply": False, "timeout": 20, "connect_timeout": 20}
answers = []
run(Client(address, **options), answers)
run(PooledClient(address, max_pool_size=2, **options), answers)
run(HashClient([address], use_pooling=True, max_pool_size=2, **options), answers)
print(json.dumps(answers))
