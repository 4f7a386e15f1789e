#!/usr/bin/env bash
# A private PostgreSQL cluster for tests, on a free port of the loopback address.
#   scripts/postgres.sh start DIR    makes and starts it, prints its URL
#   scripts/postgres.sh stop DIR     stops it and removes DIR
set -euo pipefail
action=$1 dir=$2
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
as=(); [ "$(id -u)" != 0 ] || as=(runuser -u postgres --)   # PostgreSQL refuses to run as root
case $action in
start)
  mkdir -p "$dir"; [ "$(id -u)" != 0 ] || chown postgres "$dir"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cd /
  "${as[@]}" "$bin/initdb" -D "$dir/db" -U doorstep --auth=trust --encoding=UTF8 --no-instructions >"$dir/init.log" 2>&1 || { cat "$dir/init.log" >&2; exit 1; }
  "${as[@]}" "$bin/pg_ctl" -D "$dir/db" -l "$dir/db/log.txt" -w -t 60 \
    -o "-p $port -h 127.0.0.1 -k $dir -c max_connections=300" start >/dev/null
  echo "postgres://doorstep@127.0.0.1:$port/postgres" ;;
stop)
  cd /
  [ ! -d "$dir/db" ] || "${as[@]}" "$bin/pg_ctl" -D "$dir/db" -m immediate stop >/dev/null || true
  rm -rf "$dir" ;;
*) echo "usage: scripts/postgres.sh start|stop DIR" >&2; exit 2 ;;
esac
