# The only entry: what a person runs is what CI runs. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Development tools only; the runtime itself is requirements.txt.
REQUIREMENTS := requirements-dev.txt

.PHONY: help setup lint format test test-cms test-search test-browser demo demo-check real-check bench relevance \
	elasticsearch elasticsearch-stop openapi schemas messages screenshots lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-20s %s\n", $$1, $$2}'

setup: $(READY) ## make the virtual environment with everything pinned

$(READY): $(REQUIREMENTS) requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) was not found; set PYTHON=…)"; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install python3.11-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(REQUIREMENTS)
	@touch $(READY)

CATALOGUES := $(wildcard cms/locale*/*/LC_MESSAGES/*.po)

# One run compiles them all, hence the grouped targets.
$(CATALOGUES:.po=.mo) &: $(CATALOGUES) $(READY)
	@$(BIN)/python -m tools.catalogues

.PHONY: ready
ready: $(READY) $(CATALOGUES:.po=.mo)

lint: ready ## format, rules, types and the arrows between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

format: ready ## put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: ready ## every test, with a real Elasticsearch and a real browser
	tools/run_tests

test-cms: ready ## tests without Elasticsearch and browser
	$(BIN)/pytest tests --ds=cms.settings.test --ignore=tests/search -m "not browser and not elasticsearch"

test-search: ready ## tests of the search room
	$(BIN)/pytest tests/search --ds=search.service.settings

test-browser: ready ## the whole line in a real browser
	$(BIN)/pytest tests --ds=cms.settings.test --ignore=tests/search -m browser

demo: ready ## load the demo through the real workflow, publish, serve (site :8000, CMS :8001)
	@$(BIN)/python -m tools.demo

demo-check: ready ## the same, once, without staying up: 0 when site and search answer
	@$(BIN)/python -m tools.demo --check

real-check: ready ## the real corpus through workflow, site and search, with figures
	@$(BIN)/python -m tools.real_check

bench: ready ## what publishing costs, as tables and in var/bench (PARTS="full hugo" SIZES="1000 10000")
	@$(BIN)/python -m tests.bench

relevance: ready ## how well the search ranks, as a table and in var/bench (PARTS="judged golden lookups hostile")
	@$(BIN)/python -m tests.relevance $(ARGUMENTS)

elasticsearch: ready ## start the search server (prints its address)
	@$(BIN)/python -m tools.elasticsearch_server start

elasticsearch-stop: ready ## stop the search server
	@$(BIN)/python -m tools.elasticsearch_server stop

openapi: ready ## write docs/openapi.yaml
	$(BIN)/python manage.py spectacular --file docs/openapi.yaml --validate

schemas: ready ## write contract/*.schema.json
	$(BIN)/python -m contract.schema

messages: ready ## collect the CMS's texts into its catalogue (needs gettext)
	cd cms && ../$(BIN)/django-admin makemessages --locale vi --no-location --no-wrap
	$(BIN)/python -m tools.catalogues

screenshots: ready ## take the README's pictures from a running demo
	$(BIN)/python -m tools.screenshots

lock: ready ## pin requirements*.in again, with hashes
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --output-file requirements.txt requirements.in
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --output-file requirements-dev.txt requirements-dev.in

clean: ## forget the demo's data and all caches of this directory
	rm -rf var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
