"""Asks one server for pictures and tells what they cost it.

    ask.py NAME PID SECONDS CLIENTS URL...

Each client asks for one URL after the other. CPU is that of the process PID and all of its children, from /proc.
Prints one line of JSON.
"""

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

NAME, PID, SECONDS, CLIENTS, URLS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    known = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry) as file:
                fields = file.read().rsplit(")", 1)[1].split()
            known[int(entry)] = (int(fields[1]), fields)
        except OSError:
            pass
    def belongs(one):
        while one in known:
            if one == pid:
                return True
            one = known[one][0]
        return False
    return {one: fields for one, (_, fields) in known.items() if belongs(one)}


def cpu(pid):
    # utime, stime and those of children that have ended.
    return sum(sum(int(x) for x in fields[11:15]) for fields in family(pid).values()) / TICK


def memory(pid):
    peak = 0
    for one in family(pid):
        try:
            with open("/proc/%d/status" % one) as file:
                peak += sum(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        except OSError:
            pass
    return peak // 1024


lock, waits, kinds, sizes = threading.Lock(), [], {}, []


def client(number, until):
    parts = urlsplit(URLS[0])
    there = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    turn = number
    while time.monotonic() < until:
        url = urlsplit(URLS[turn % len(URLS)])
        turn += CLIENTS
        began = time.monotonic()
        try:
            there.request("GET", url.path + ("?" + url.query if url.query else ""))
            answer = there.getresponse()
            body = answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            there.close()
            status, body = 0, b""
        took = time.monotonic() - began
        with lock:
            kinds[status] = kinds.get(status, 0) + 1
            waits.append(took)
            if status == 200:
                sizes.append(len(body))
        if status == 503:
            time.sleep(0.05)


before, began = cpu(PID), time.monotonic()
threads = [threading.Thread(target=client, args=(n, began + SECONDS)) for n in range(CLIENTS)]
[t.start() for t in threads]
[t.join() for t in threads]
took, used = time.monotonic() - began, cpu(PID) - before
waits.sort()
at = lambda part: round(waits[min(len(waits) - 1, int(len(waits) * part))] * 1000)
made = kinds.get(200, 0)
print(json.dumps({
    "server": NAME, "clients": CLIENTS, "pictures": made, "per_cpu_s": round(made / used, 1) if used else None,
    "cpu_ms": round(used * 1000 / made, 1) if made else None, "per_s": round(made / took, 1), "p50_ms": at(0.5), "p99_ms": at(0.99),
    "peak_mb": memory(PID), "bytes": round(sum(sizes) / len(sizes)) if sizes else None, "answers": kinds,
}))
