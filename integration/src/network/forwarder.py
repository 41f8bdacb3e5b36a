"""A network of two network namespaces without names, which the kernel removes when the last process in them ends.

Runs in the namespace of the clients, makes that of the servers, and carries packets between a TUN device in each.
What happens to packets on their way is set by lines of JSON on standard input, {"requests": PATH, "replies": PATH},
where PATH has "loss" and "swap" (the part of packets) and "delay" (milliseconds). Each line is answered by one with
what has happened so far. The first line of output has the process id of the servers' namespace. The end of the input
ends it. With --check, it only tries whether all that may be made.
"""

import collections
import fcntl
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLIENT_ADDRESS = "192.0.2.1"
SERVER_ADDRESS = "192.0.2.2"
# That of jumbo frames: large values in few packets leave the forwarder time for the next.
MTU = "9000"
LARGEST_PACKET = 65536


def open_tun(name):
    # A TUN device has packets as they are on a wire, with all checksums: nothing is left to hardware.
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return file


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Path:
    """One direction of the link.

    No packet overtakes one of another connection. If it could, a packet of a connection that was reset might arrive
    behind the writes of the next, which no client can prevent.
    """

    def __init__(self, source, target, chance):
        self.source = source
        self.target = target
        self.chance = chance
        self.loss = self.swap = self.delay = 0
        self.counts = {"passed": 0, "lost": 0, "swapped": 0}
        self.queue = collections.deque()

    def set(self, loss=0, swap=0, delay=0):
        self.loss, self.swap, self.delay = loss, swap, delay

    def take(self, now):
        while True:
            try:
                packet = os.read(self.source, LARGEST_PACKET)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4:
                continue
            if self.chance.random() < self.loss:
                self.counts["lost"] += 1
                continue
            due = now + self.delay / 1000
            if self.queue:
                due = max(due, self.queue[-1][0])
            self.queue.append((due, packet))
            if len(self.queue) > 1 and self.chance.random() < self.swap:
                self.swap_last()

    def swap_last(self):
        (earlier, one), (later, other) = self.queue[-2], self.queue[-1]
        if ports(one) == ports(other):
            self.queue[-2], self.queue[-1] = (earlier, other), (later, one)
            self.counts["swapped"] += 1

    def give(self, now):
        """Sends what is due; returns when the next will be."""
        while self.queue:
            due, packet = self.queue[0]
            if due > now:
                return due
            self.queue.popleft()
            os.write(self.target, packet)
            self.counts["passed"] += 1
        return None


def ports(packet):
    start = (packet[0] & 0x0F) * 4
    return packet[start : start + 4]


def say(message):
    print(json.dumps(message), flush=True)


def make_network():
    client, server = open_tun("mc-client"), open_tun("mc-server")
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo ready; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if holder.stdout.readline() != b"ready\n":
        raise RuntimeError("no second network namespace")
    # The device goes, its other end stays here.
    run("ip", "link", "set", "mc-server", "netns", str(holder.pid))
    inside = ("nsenter", "--target", str(holder.pid), "--net", "ip")
    for ip, device, own, other in (
        (("ip",), "mc-client", CLIENT_ADDRESS, SERVER_ADDRESS),
        (inside, "mc-server", SERVER_ADDRESS, CLIENT_ADDRESS),
    ):
        run(*ip, "link", "set", "lo", "up")
        run(*ip, "address", "add", own, "peer", other, "dev", device)
        run(*ip, "link", "set", device, "mtu", MTU, "up")
    return client, server, holder


def main():
    client, server, holder = make_network()
    if "--check" in sys.argv:
        return
    chance = random.Random(1)
    paths = {"requests": Path(client, server, chance), "replies": Path(server, client, chance)}
    say({"client": os.getpid(), "server": holder.pid, "address": SERVER_ADDRESS})
    commands = b""
    while True:
        now = time.monotonic()
        due = [next for next in (path.give(now) for path in paths.values()) if next is not None]
        wait = max(0, min(due) - time.monotonic()) if due else None
        readable, _, _ = select.select([client, server, sys.stdin], [], [], wait)
        now = time.monotonic()
        for path in paths.values():
            if path.source in readable:
                path.take(now)
        if sys.stdin not in readable:
            continue
        data = os.read(sys.stdin.fileno(), LARGEST_PACKET)
        if not data:
            return
        *lines, commands = (commands + data).split(b"\n")
        for line in lines:
            for name, settings in json.loads(line).items():
                paths[name].set(**settings)
            say({name: path.counts for name, path in paths.items()})


main()
