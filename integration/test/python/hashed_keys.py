"""Reads 100 long keys under the names that hashKeys gives them: hashed_keys.py host:port…"""

import hashlib
import json
import sys

from pymemcache.client.hash import HashClient
from pymemcache.serde import pickle_serde

client = HashClient(sys.argv[1:], serde=pickle_serde, timeout=10)
keys = [f"{index}" * 251 for index in range(100)]
found = [client.get("sha256:" + hashlib.sha256(key.encode()).hexdigest()) for key in keys]
client.close()
json.dump(found, sys.stdout)
