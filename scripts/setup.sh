#!/usr/bin/env bash
# Installs what is missing, and says what and why before it does.
#   scripts/setup.sh up      what building and running needs
#   scripts/setup.sh test    what the tests need besides (PostgreSQL, Chromium, Python)
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=${1:-up}

packages=() reasons=()
need() { # PACKAGE REASON
  packages+=("$1"); reasons+=("  $1: $2")
}
command -v cargo >/dev/null || { echo "Doorstep is built with Rust, and cargo is not on the PATH: install Rust from https://rustup.rs and call again." >&2; exit 1; }
command -v cc >/dev/null || need gcc "the C compiler that builds SQLite into the binary"
[ -e /usr/include/stdlib.h ] || need libc6-dev "the C library's headers, for the same"
command -v c++ >/dev/null || need g++ "the C++ compiler that cmake asks for when it sets up libjpeg-turbo"
command -v cmake >/dev/null || need cmake "sets up the build of libjpeg-turbo, which reads and writes JPEG"
command -v make >/dev/null || need make "runs that build"
command -v nasm >/dev/null || need nasm "assembles the fast parts of libjpeg-turbo and of the AV1 coders (AVIF)"
command -v ffmpeg >/dev/null || need ffmpeg "reads HEIC and AVIF pictures, as a process of its own"
command -v node >/dev/null || need nodejs "builds the console (the web page of Doorstep)"
command -v npm >/dev/null || need npm "fetches what the console is built from"
if [ "$wanted" = test ]; then
  command -v chromium >/dev/null || need chromium "the browser test of the console"
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need postgresql "the store's tests run on PostgreSQL too"
  command -v python3 >/dev/null || need python3 "runs the independent checker of replays"
  python3 -c 'import ensurepip' 2>/dev/null || need python3-venv "keeps the checker's and the S3 clients' libraries out of the system"
  command -v java >/dev/null || need default-jre-headless "runs beeline, Hive's own client, and an HDFS that keeps objects' bytes"
  command -v curl >/dev/null || need curl "opens presigned addresses in the test of the AWS CLI"
fi
if [ ${#packages[@]} -gt 0 ]; then
  echo "These Debian packages are missing and will be installed:"
  printf '%s\n' "${reasons[@]}"
  command -v apt-get >/dev/null || { echo "This system has no apt-get: install them by its own means and call again." >&2; exit 1; }
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "You are not root and there is no sudo: run  apt-get install ${packages[*]}  as root and call again." >&2; exit 1; }
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
# Vite, which builds the console, runs on Node 18 and later; Debian's own is that new since bookworm.
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 18 ]; then
  echo "The node on the PATH is $(node --version), and the console is built with Node 18 or later: install a newer one and call again." >&2
  exit 1
fi
