#!/usr/bin/env bash
# One 12-megapixel photo to 512 pixels, beside sharp and vipsthumbnail in one run: CPU a picture, peak memory, and
# likeness to a full-size Lanczos reference (SSIMULACRA2). run.sh [ROUNDS]
# Needs the optional data folder; sharp (npm) and the Python packages go into .venv at the root, vipsthumbnail is
# Debian's libvips-tools and is left out when it is not installed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
photo=${DOORSTEP_SHARED:-$root/../shared}/data/images/phone-12mp-s7edge.jpg
rounds=${1:-20}
if [ ! -f "$photo" ]; then
  echo "bench/images: $photo is not there, nothing to measure" >&2
  exit 0
fi
cd "$root"
profile=${PROFILE:-profiling}
cargo build --quiet --profile "$profile" -p doorstep-images --example images_bench
folder=$profile; [ "$profile" = dev ] && folder=debug
ours=${CARGO_TARGET_DIR:-$root/target}/$folder/examples/images_bench
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -c 'import ssimulacra2' 2>/dev/null || .venv/bin/pip install --quiet ssimulacra2==0.3.0 pillow
[ -d .venv/sharp/node_modules/sharp ] || npm install --silent --no-fund --no-audit --prefix .venv/sharp sharp@0.35.5 >/dev/null

thumbnail='iopcmd=thumbnail&type=4&width=512|iopcmd=convert'
echo "ours, JPEG q80:  $("$ours" "$thumbnail&dst=jpg&Q=80" "$photo" "$rounds" "$out/ours.jpg")"
echo "sharp, JPEG q80: $(node bench/images/sharp.mjs "$root/.venv/sharp" "$photo" jpeg 80 "$rounds" "$out/sharp.jpg")"
echo "ours, WebP q75:  $("$ours" "$thumbnail&dst=webp&Q=75" "$photo" "$rounds" "$out/ours.webp")"
echo "sharp, WebP q75: $(node bench/images/sharp.mjs "$root/.venv/sharp" "$photo" webp 75 "$rounds" "$out/sharp.webp")"
if command -v vipsthumbnail >/dev/null; then
  copies=(); for ix in $(seq "$rounds"); do ln -s "$photo" "$out/v$ix.jpg"; copies+=("$out/v$ix.jpg"); done
  for kind in 'jpg[Q=80]' 'webp[Q=75]'; do
    name=${kind%%[*}
    # User and system seconds of the whole process, and its peak memory; one thread.
    VIPS_CONCURRENCY=1 .venv/bin/python - "$name" "$rounds" vipsthumbnail --size 512x -o "$out/vips-%s.$kind" "${copies[@]}" <<'PY'
import json, resource, subprocess, sys
name, rounds, *command = sys.argv[1:]
subprocess.run(command, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"vipsthumbnail, {name}: " + json.dumps({"cpu_ms": round((used.ru_utime + used.ru_stime) * 1000 / int(rounds), 2), "peak_kb": used.ru_maxrss}))
PY
  done
  mv "$out/vips-v1.jpg" "$out/vips.jpg"; mv "$out/vips-v1.webp" "$out/vips.webp"
fi
echo "Likeness to every pixel through Lanczos (100 is the same):"
files=(); for file in ours.jpg sharp.jpg vips.jpg ours.webp sharp.webp vips.webp; do [ -f "$out/$file" ] && files+=("$out/$file"); done
.venv/bin/python bench/images/quality.py "$photo" "${files[@]}"
