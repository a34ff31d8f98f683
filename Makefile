# A few named commands. The environment is .venv in this checkout; CI runs `make test`, `make test-operator` and
# `make interop`, by .ci/run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
EXTRAS := aws operator simulator vault
READY := $(VENV)/.ready
SITE := .venv-docs
PICTURES := .venv-pictures
PIN = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-emit-package channel-reconciler

.DEFAULT_GOAL := help
.PHONY: help setup attack docs pictures mutants demo demo-operator test check lint format types imports examples schemas messages house reference chart pages written unit test-operator test-live interop bench campaign lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv and install the locked packages and the project

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q reconciler
	@touch $@

$(BIN)/uv: # not $(READY): a lock that lacks a new package cannot be installed before it is made again
	$(MAKE) setup

docs: $(SITE)/.ready ## build the documentation as a site, build/site; every warning is an error (offline, once set up)
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict

$(SITE)/.ready: requirements/docs.txt
	test -x $(SITE)/bin/python || $(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --require-hashes -r requirements/docs.txt
	@touch $@

pictures: $(READY) ## take the pictures in docs/pictures/ again, by real runs (needs Chromium and npm)
	test -x $(PICTURES)/bin/python || $(PYTHON) -m venv $(PICTURES)
	$(PICTURES)/bin/python -m pip install --quiet --require-hashes -r requirements/pictures.txt
	$(PICTURES)/bin/python -m tools.pictures

demo: $(READY) ## see the product work, on the embedded simulator
	$(BIN)/python -m examples.demo

demo-operator: $(READY) ## see the operator work, on a real Kubernetes API server (needs Go and kubectl)
	$(BIN)/python -m examples.demo_operator

test: check ## all checks and tests but those of test-operator and interop; CI runs the three
	@command -v go >/dev/null || echo "NOT RUN  make test-operator, the operator against a real Kubernetes API server: Go is not installed"

check: lint types imports schemas messages house reference examples unit ## lint, types, floors, written files, examples, tests; rewrites nothing

lint: $(READY) ## ruff, style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## rewrite the code the way ruff likes it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY) ## mypy --strict
	$(BIN)/mypy

imports: $(READY) ## the floors: who may import whom
	$(BIN)/lint-imports --no-cache

schemas: $(READY) chart ## are schemas/, the chart's definitions and the models the same? (WRITE=1 writes them)
	$(BIN)/python -m tools.schemas $(if $(WRITE),--write,--check)

messages: $(READY) ## is docs/messages.md, every text that a user may read, as in the code? (WRITE=1 writes it)
	@$(BIN)/python -m tools.messages $(if $(WRITE),--write,--check)

reference: $(READY) ## is docs/reference/, every kind, setting, verb and code, as in the code? (WRITE=1 writes it)
	@$(BIN)/python -m tools.reference $(if $(WRITE),--write,--check)

chart: $(READY) ## is charts/, the Helm chart, as in the code? (WRITE=1 writes it)
	@$(BIN)/python -m tools.chart $(if $(WRITE),--write,--check)

pages: $(READY) ## does a run print what the pages show of a terminal? (WRITE=1 writes it; `make unit` checks it too)
	@$(BIN)/python -m tools.pages $(if $(WRITE),--write,--check)

house: $(READY) ## is the picture of the packages in CONTRIBUTING.md as they import each other? (WRITE=1 draws it)
	@$(BIN)/python -m tools.house $(if $(WRITE),--write,--check)

written: $(READY) ## write again every file that is written from the source: schemas with the chart, messages, reference, pages, house
	$(MAKE) --no-print-directory WRITE=1 schemas messages house reference pages

examples: $(READY) ## validate every project in examples/
	$(BIN)/python -m pytest -q tests/examples

unit: $(READY) ## the tests
	$(BIN)/python -m pytest -q -n 3 --ignore tests/examples

test-operator: $(READY) ## the operator against a real Kubernetes API server, (needs Go; builds the server once, 5 to 30 minutes; then some 5)
	@$(BIN)/python -m $(if $(SCALE),tests.operator.cluster.scale,tests.operator $(TESTS))

test-live: $(READY) ## check a cluster of your own: OPENSEARCH_URL=... make test-live (docs/test-live.md)
	@if [ -n "$$OPENSEARCH_URL" ] || [ -z "$$CONFLUENT_CLOUD_API_KEY" ]; then $(BIN)/python -m tests.live $(ARGS); fi
	@if [ -n "$$CONFLUENT_CLOUD_API_KEY" ]; then $(BIN)/python -m tests.live.confluent_live; fi

interop: $(READY) ## rounds against programs that are not ours; what cannot be had is NOT RUN (ROUNDS="GitLab pre-commit")
	@$(BIN)/python -m tests.interop $(ROUNDS)

bench: $(READY) ## speed, as ratios measured side by side in one run, held against earlier runs (ARGS="--fail-on-regression")
	@$(BIN)/python -m compileall -q -f reconciler benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

lock: | $(BIN)/uv ## pin the newest allowed packages, with hashes, for every platform
	$(PIN) --extra dev pyproject.toml -o $(LOCK)
	$(PIN) --constraint $(LOCK) --extra build pyproject.toml -o requirements/run.txt
	for extra in $(EXTRAS); do $(PIN) --constraint $(LOCK) --extra $$extra pyproject.toml -o requirements/extras/$$extra.txt; done
	$(PIN) --group release -o requirements/release.txt
	for group in docs pictures; do $(PIN) --group $$group -o requirements/$$group.txt; done

campaign: $(READY) ## the long fault campaign (CASES=10000 SEED=7)
	$(BIN)/python -m tests.campaign $(CASES) $(SEED)

attack: $(READY) ## compose hostile projects: does anything leak, run or hang? (PROJECTS=500 SEED=7)
	$(BIN)/python -m tests.attack $(PROJECTS) $(SEED)

mutants: $(READY) ## take listed rules out in turn: which test catches it?
	$(BIN)/python -m tests.mutants.run

clean: ## remove what was made
	rm -rf $(VENV) $(SITE) $(PICTURES) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
