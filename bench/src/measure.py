# pymemcache one call at a time, as measure.ts does it: argv is host:port, get or set, seconds.
import json
import resource
import sys
import time

from pymemcache.client.base import Client
from pymemcache.serde import pickle_serde

server, command, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
client = Client(server, serde=pickle_serde, no_delay=True)
values = [f"{i}:".ljust(100, "v") for i in range(100)]
for i, value in enumerate(values):
    client.set(f"key:{100 + i}", value)


def run(limit):
    latencies = []
    end = time.perf_counter() + limit
    turn = 0
    while True:
        index = turn % 100
        began = time.perf_counter()
        if command == "get":
            assert client.get(f"key:{100 + index}") == values[index]
        else:
            client.set(f"key:{100 + index}", values[index], noreply=False)
        ended = time.perf_counter()
        latencies.append((ended - began) * 1000)
        turn += 1
        if ended > end:
            return latencies


run(seconds / 2)
usage = resource.getrusage(resource.RUSAGE_SELF)
start = time.perf_counter()
latencies = run(seconds)
elapsed = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
latencies.sort()
count = len(latencies)
print(
    json.dumps(
        {
            "perSecond": count / elapsed,
            "cpu": cpu * 1e6 / count,
            "p50": latencies[count // 2],
            "p99": latencies[count * 99 // 100],
            "memory": after.ru_maxrss / 1e3,
        }
    )
)
