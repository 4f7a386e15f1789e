# Sourced by the tests that real clients run against the real binary; they set `binary`.
# `serve ARGUMENTS…` starts it in a folder of its own, $scratch, and waits until it is ready: $scratch/ready.json says
# where it listens and with which key. It ends, and the folder goes, when the test does.

scratch=$(mktemp -d)
server=
quit() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; fi; }
stop() { quit; rm -rf "$scratch"; }
trap stop EXIT
# Ends it and forgets what it kept, for another one.
leave() { quit; rm -rf "$scratch/data" "$scratch/ready.json"; }

# The API wants a city: two corners and a street, in $scratch/city.
small_city() {
  printf 'node,lon,lat\n1,-74.00,40.70\n2,-74.01,40.70\n' > "$scratch/nodes.csv"
  printf 'from,to,length,speed\n1,2,0.85,30\n2,1,0.85,30\n' > "$scratch/edges.csv"
  "$binary" city import --nodes "$scratch/nodes.csv" --edges "$scratch/edges.csv" --out "$scratch/city" >/dev/null
}

serve() {
  "$binary" up --ephemeral --data "$scratch/data" --ready-file "$scratch/ready.json" --log warn "$@" 2>"$scratch/log" &
  server=$!
  for _ in $(seq 300); do
    [ -s "$scratch/ready.json" ] && return
    kill -0 "$server" 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
    sleep 0.1
  done
  echo "It did not become ready within 30 s:" >&2
  cat "$scratch/log" >&2
  exit 1
}
