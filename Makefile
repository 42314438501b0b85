# Developer tasks. `make help` lists them.
#
# Variables of `make demo`: PORT, the port of the gateway; ODOO_URL and ODOO_DB, an existing Odoo to use.
# Variables of `make bench`: BENCH_ROUNDS and BENCH_SECONDS, the number and the duration of the measurements.
# Variable of `make schemathesis` and `make prove`: SCHEMATHESIS_SECONDS, the duration of the requests.
# Variable of `make resilience` and `make prove`: RESILIENCE_SECONDS, the duration of the load.
# Variable of `make overload` and `make prove`: OVERLOAD_SECONDS, the duration of the overload.
# Variable of `make bench-check`: UPDATE=1 stores the counts.

SHELL := /bin/bash
TESTBED := tests/testbed/testbed
# The format in which `time` prints the duration of a step.
export TIMEFORMAT := --- %lR

SCHEMATHESIS_SECONDS ?= 3600
RESILIENCE_SECONDS ?= 300
OVERLOAD_SECONDS ?= 600

.PHONY: help demo check test prove image deb resilience overload json2-parity schemathesis bench bench-check openapi clean-cache compiler

help: ## list the tasks
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: compiler ## run the gateway in front of Odoo 19 with demo data (PORT=…), or of your Odoo (ODOO_URL=… ODOO_DB=…)
	@$(TESTBED) demo

check: ## check format and lints and run the unit tests; needs no root, no Odoo and, once built, no network
	time cargo fmt --check
	time cargo clippy --locked --all-targets -- -D warnings
	time cargo test --locked --lib --bins

test: compiler ## check format and lints and run all tests, with real Odoo 19, Odoo 14 and PostgreSQL (as root on Debian 12)
	time $(TESTBED) install postgres odoo19 odoo14 browser validator linters oauth-clients oauth-node rpc-clients rpc-node json2-client newman clients schemathesis pack packages chart proxies shells faketime
	time cargo fmt --check
	time cargo clippy --locked --all-targets -- -D warnings
	time cargo test --locked

prove: image resilience overload json2-parity schemathesis ## run the tests that take too long for `make test`: the image, failures, an hour of requests

image: compiler ## build the container image from scratch and test it with Odoo 19 (as root; needs no image registry)
	$(TESTBED) image

deb: compiler ## build the Debian package target/debian/odoo-gateway_….deb (as root on Debian 12)
	$(TESTBED) install packages
	cargo build --locked --release --bin odoo-gateway
	$(TESTBED) build-package "$${CARGO_TARGET_DIR:-target}/release/odoo-gateway"

resilience: compiler ## restart, kill and upgrade gateways under load for minutes (RESILIENCE_SECONDS=300)
	$(TESTBED) install postgres odoo19 odoo14 proxies faketime
	previous=$$($(TESTBED) previous-release) && PREVIOUS_RELEASE=$$previous RESILIENCE_SECONDS=$(RESILIENCE_SECONDS) \
		cargo test --locked --test gateway restarts:: -- --include-ignored --nocapture

overload: compiler ## ask for ten times more than Odoo can do, and compare one gateway with two (OVERLOAD_SECONDS=600)
	$(TESTBED) install bench postgres odoo19 odoo14
	cargo build --locked --release
	OVERLOAD_SECONDS=$(OVERLOAD_SECONDS) cargo bench --locked --bench overload
	SHARED_RATE_SECONDS=60 cargo test --locked --test gateway scaling::rate_of_a_key

json2-parity: compiler ## run the tests of the dialects with Odoo 19 called over JSON-2, and count the equal ones
	$(TESTBED) install postgres odoo19 odoo14
	TEST_PROTOCOL=json2 cargo test --locked --test gateway -- restapi:: api:: api_v1:: restful:: domains:: reads:: \
		method_calls:: json2_upstream:: --skip openapi:: \
		$$(sed -n 's/^\([a-z0-9_:]*\) .*/--skip \1/p' tests/gateway/json2_differences.txt)

schemathesis: compiler ## compare responses with the OpenAPI document for an hour (SCHEMATHESIS_SECONDS=3600)
	$(TESTBED) install postgres odoo19 odoo14 schemathesis
	SCHEMATHESIS_SECONDS=$(SCHEMATHESIS_SECONDS) cargo test --locked --test gateway openapi::schemathesis

bench: compiler ## run the benchmarks and write benches/RESULTS.md (as root on Debian 12)
	$(TESTBED) install bench postgres odoo19 odoo14
	cargo build --locked --release
	cargo bench --locked --bench hop
	cargo bench --locked --bench gateway --bench credentials --bench language --bench oauth1 --bench xmlrpc

bench-check: compiler ## compare instruction counts with benches/instructions.toml (UPDATE=1 stores them)
	$(TESTBED) install bench
	cargo bench --locked --bench instructions -- $(if $(UPDATE),update,check)

openapi: compiler ## regenerate openapi/: the OpenAPI document and the Postman files
	@mkdir -p openapi
	cargo run --locked -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json
	cargo run --locked -- postman > openapi/postman_collection.json.new
	mv openapi/postman_collection.json.new openapi/postman_collection.json
	cargo run --locked -- postman --environment > openapi/postman_environment.json.new
	mv openapi/postman_environment.json.new openapi/postman_environment.json

clean-cache: ## delete the cached Odoo installations and databases
	$(TESTBED) clean

compiler:
	@$(TESTBED) install compiler
