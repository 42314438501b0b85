# What one does with this repository, by name.
#
# In:   the sources; for demo: PORT, or ODOO_URL and ODOO_DB of an Odoo of your own.
# Out:  `make help` tells.

SHELL := /bin/bash
STAND := tests/stand/stand
# What `time` prints after a step.
export TIMEFORMAT := --- %lR

.PHONY: help demo test prove image bench openapi clean-cache compiler

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: compiler ## the gateway in front of Odoo 19 with demo data (PORT=…; your own Odoo: ODOO_URL=… ODOO_DB=…)
	@$(STAND) demo

test: compiler ## format, lints and all tests, against real Odoo 19, Odoo 14 and PostgreSQL
	time $(STAND) install postgres odoo19 odoo14 browser validator linters oauth-clients oauth-node
	time cargo fmt --check
	time cargo clippy --locked --all-targets -- -D warnings
	time cargo test --locked

prove: image ## what takes too long for every test run: the container image

image: compiler ## build the container image from scratch and try it in front of Odoo 19 (as root; needs no registry of images)
	$(STAND) image

bench: compiler ## benchmarks
	cargo bench --locked

openapi: compiler ## regenerate openapi/openapi.json
	@mkdir -p openapi
	cargo run --locked -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

clean-cache: ## delete the provisioned Odoos and databases
	$(STAND) clean

compiler:
	@$(STAND) install compiler
