#!/usr/bin/env python3
"""Makes the demo city from the recorded Manhattan hour (see NOTICE.md), with Python's standard library alone.

    demo/manhattan/make.py --from DIR      DIR holds requests, taxis, road_nodes and road_edges (.csv.gz)

Kept: the road network, origin and destination corners, times and party sizes, and where the taxis stood.
Left out: raw coordinates and the (already anonymised) taxi identifiers; a demo needs no person's trail.
Half of the recorded request times are whole minutes; they are spread inside their minute with a fixed seed,
so that a dispatcher does not meet a made-up burst at every full minute. The same input gives the same bytes.
"""
import argparse, csv, datetime as dt, gzip, io, pathlib, random

SEED = 20131118


def rows(path):
    with gzip.open(path, "rt", newline="") as f:
        yield from csv.DictReader(f)


def write(path, header, lines):
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(lines)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as z:  # no name, no time: stable bytes
        z.write(text.getvalue().encode())


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--from", dest="src", required=True, type=pathlib.Path)
    src, here = a.parse_args().src, pathlib.Path(__file__).parent
    rng = random.Random(SEED)

    write(here / "road_nodes.csv.gz", ["node", "lon", "lat"],
          ([r["node"], r["lon"], r["lat"]] for r in rows(src / "road_nodes.csv.gz")))
    write(here / "road_edges.csv.gz", ["from", "to", "length", "speed"],
          ([r["from"], r["to"], r["length"], f'{float(r["speed"]):.3f}'] for r in rows(src / "road_edges.csv.gz")))

    requests = []
    for r in rows(src / "requests.csv.gz"):
        t = dt.datetime.fromisoformat(r["request_time"])
        if t.second == 0:
            t += dt.timedelta(milliseconds=rng.randrange(60_000))
        ends = [r[k] for k in ("pu_node_lon", "pu_node_lat", "do_node_lon", "do_node_lat")]
        if ends[:2] != ends[2:]:
            requests.append([t.isoformat(timespec="milliseconds"), *ends, r["passengers"]])
    requests.sort()
    write(here / "requests.csv.gz",
          ["request_time", "pu_node_lon", "pu_node_lat", "do_node_lon", "do_node_lat", "passengers"], requests)

    taxis = [[r["first_free_time"], r["node_lon"], r["node_lat"], r["capacity"]] for r in rows(src / "taxis.csv.gz")]
    write(here / "taxis.csv.gz", ["first_free_time", "node_lon", "node_lat", "capacity"], taxis)
    print(f"{len(requests)} requests, {len(taxis)} taxis written to {here}")


main()
