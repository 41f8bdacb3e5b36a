"""Fills the given servers as a service on pymemcache would: move.py host:port…"""

import json
import sys

from pymemcache.client.hash import HashClient
from pymemcache.serde import pickle_serde

client = HashClient(sys.argv[1:], serde=pickle_serde)
for i in range(200):
    client.set(f"pymemcache:{i}", [{"id": i, "tags": {"a"}}, i, f"text {i}", None][i % 4])
client.close()
json.dump("done", sys.stdout)
