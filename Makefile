# The two commands: `make up` builds Doorstep and starts the demo city, `make test` runs everything that judges it.
.PHONY: up test build console bench clean
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

clean:
	cargo clean
	rm -rf web/dist web/node_modules
