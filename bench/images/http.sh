#!/usr/bin/env bash
# Pictures over HTTP: one 12-megapixel photo under 64 names to 512 pixels, JPEG q80, beside nginx's image_filter (GD),
# thumbor (Pillow), oximg (jpegli) and a process of vipsthumbnail for each picture, each alone on the machine's processors, nothing
# cached. http.sh [SECONDS]
# Needs the optional data folder. nginx, its module and vipsthumbnail are Debian's (apt-get install nginx
# libnginx-mod-http-image-filter libvips-tools), thumbor comes into .venv at the root, oximg from the crate registry
# (http.sh peers, some minutes; it needs cmake and nasm); what is not there is left out.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=${CARGO_TARGET_DIR:-$root/target}/bench/tools
if [ "${1:-}" = peers ]; then
  exec cargo install --quiet --root "$tools" oximg --version 0.18.1 --locked
fi
photo=${DOORSTEP_SHARED:-$root/../shared}/data/images/phone-12mp-s7edge.jpg
seconds=${1:-10}
[ -f "$photo" ] || { echo "bench/images: $photo is not there, nothing to measure" >&2; exit 0; }
cd "$root"
profile=${PROFILE:-profiling}
cargo build --quiet --profile "$profile" --workspace --example picture_server
folder=$profile; [ "$profile" = dev ] && folder=debug
ours=${CARGO_TARGET_DIR:-$root/target}/$folder/examples/picture_server
out=$(mktemp -d); chmod 755 "$out"; server=
stop() { # thumbor leaves its workers behind
  [ -n "$server" ] || return 0
  local workers; workers=$(pgrep -P "$server" || true)
  # shellcheck disable=SC2086 # one word each
  kill "$server" $workers 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}
trap 'stop; rm -rf "$out"' EXIT
mkdir -p "$out/photos"
# Different bytes behind the picture's end: no two are equal, and no two clients ask for the same one at a time.
for n in $(seq 64); do { cat "$photo"; echo "$n"; } > "$out/photos/$n.jpg"; done
chmod -R a+rX "$out"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { for _ in $(seq 100); do curl -sf -o /dev/null "$1" && return 0; sleep 0.2; done; echo "$1 does not answer" >&2; return 1; }
measure() { # NAME URL_BEFORE URL_AFTER
  local urls=() n
  for n in $(seq 64); do urls+=("$2$n.jpg$3"); done
  answers "${urls[0]}" || return 0
  # As many clients as can be served at once; then far more.
  python3 bench/images/ask.py "$1" "$server" "$seconds" 4 "${urls[@]}"
  python3 bench/images/ask.py "$1" "$server" "$seconds" 64 "${urls[@]}"
}

"$ours" "$out/photos" 2 > "$out/address" & server=$!
for _ in $(seq 100); do [ -s "$out/address" ] && break; sleep 0.1; done
measure doorstep "http://$(cat "$out/address")/photos/" '?iopcmd=thumbnail&type=4&width=512%7Ciopcmd=convert&dst=jpg&Q=80'
stop

module=/usr/lib/nginx/modules/ngx_http_image_filter_module.so
if command -v nginx >/dev/null && [ -f $module ]; then
  port=$(free_port)
  cat > "$out/nginx.conf" <<CONF
load_module $module;
daemon off; worker_processes 2; pid $out/nginx.pid; error_log $out/nginx.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path $out/t1; proxy_temp_path $out/t2; fastcgi_temp_path $out/t3; uwsgi_temp_path $out/t4; scgi_temp_path $out/t5;
  server { listen 127.0.0.1:$port; root $out; location /photos/ { image_filter resize 512 -; image_filter_jpeg_quality 80; image_filter_buffer 20M; } }
}
CONF
  nginx -c "$out/nginx.conf" 2>/dev/null & server=$!
  measure "nginx image_filter" "http://127.0.0.1:$port/photos/" ''
  stop
fi

if [ -x .venv/bin/thumbor ]; then
  port=$(free_port)
  printf 'LOADER = "thumbor.loaders.file_loader"\nFILE_LOADER_ROOT_PATH = "%s"\nQUALITY = 80\nRESULT_STORAGE = None\nSTORAGE = "thumbor.storages.no_storage"\n' "$out/photos" > "$out/thumbor.conf"
  .venv/bin/thumbor --port "$port" --ip 127.0.0.1 --conf "$out/thumbor.conf" --processes 2 >"$out/thumbor.log" 2>&1 & server=$!
  measure thumbor "http://127.0.0.1:$port/unsafe/512x0/" ''
  stop
fi

if [ -x "$tools/bin/oximg" ]; then
  for way in "jpegli oximg" "fast oximg, its fast preset"; do # as it comes, and the quickest encoder that it has
    port=$(free_port)
    PORT=$port OXIMG_BIND=127.0.0.1 IMAGES_DIR=$out/photos QUALITY=80 PRESET=${way%% *} \
      "$tools/bin/oximg" >"$out/oximg.log" 2>&1 & server=$!
    measure "${way#* }" "http://127.0.0.1:$port/resize/512/0/" ''
    stop
  done
fi

if command -v vipsthumbnail >/dev/null; then
  port=$(free_port)
  python3 bench/images/vips_server.py "$port" "$out/photos" & server=$!
  measure "vipsthumbnail, a process each" "http://127.0.0.1:$port/" ''
  stop
fi
