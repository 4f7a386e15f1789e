#!/bin/sh
# Measures the road engine beside plain Dijkstra on the Manhattan graph: run.sh [NODES EDGES]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${DOORSTEP_SHARED:-$root/../shared}/data/nyc_hour_2013_11_18
if [ ! -d "$shared" ]; then
    shared=$root/demo/manhattan
fi
nodes=${1:-$shared/road_nodes.csv.gz}
edges=${2:-$shared/road_edges.csv.gz}
cd "$root"
exec cargo run --quiet --profile profiling -p doorstep-roads --example routing_bench -- "$nodes" "$edges"
