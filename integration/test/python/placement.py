"""Writes 1,000 keys over servers by pymemcache's HashClient, or reads them: placement.py write|read host:port…"""

import json
import sys

from pymemcache.client.hash import HashClient

servers = [(host, int(port)) for host, port in (name.split(":") for name in sys.argv[2:])]
client = HashClient(servers, default_noreply=False, timeout=10)
keys = [f"placed:{index}" for index in range(1000)]
if sys.argv[1] == "write":
    for key in keys:
        client.set(key, f"python {key}")
    print("{}")
else:
    found = client.get_many(keys)
    print(json.dumps({key: value.decode() for key, value in found.items()}))
