# The two commands: `make up` builds Doorstep and starts the demo city, `make test` runs everything that judges it.
.PHONY: up test build console bench conformance clean
SHELL := /bin/bash

up: build
	exec target/release/doorstep up --demo

build: console
	cargo build --release --locked -p doorstep

console:
	@scripts/setup.sh up
	@scripts/console.sh

test:
	@scripts/test.sh

bench: build
	@bench/run.sh

# ceph's s3-tests: make conformance S3_TESTS=<a clone of https://github.com/ceph/s3-tests>
conformance:
	@test -n "$(S3_TESTS)" || { echo "Name a clone of https://github.com/ceph/s3-tests: make conformance S3_TESTS=<folder>" >&2; exit 2; }
	cargo build --locked -p doorstep
	@tests/s3/conformance.sh $(S3_TESTS) target/debug/doorstep

clean:
	cargo clean
	rm -rf web/dist web/node_modules
