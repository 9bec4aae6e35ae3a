PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000

# Without bytecode every start of Python would compile all it imports anew: seconds each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup frameworks demo test lint format serve bench bench-growth docs up down lock
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name what; do printf '%-8s %s\n' "$$name" "$$what"; done

setup: .venv/.done  ## make .venv and install the pinned dependencies

.venv/.done: requirements.lock pyproject.toml adapters/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Watchkeeper needs Python 3.11 to 3.13; name one: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
		|| { echo "this Python cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e adapters -e .
	@touch $@

frameworks: .venv/frameworks/.done  ## install MLflow and BentoML for the tests of the client's integrations

# Of their own: they hold back releases of what we need, and nobody but the tests wants them.
.venv/frameworks/.done: tests/adapters/frameworks.lock | .venv/.done
	$(PYTHON) -m venv .venv/frameworks
	.venv/frameworks/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

demo: setup  ## watch a model decay on a real stream, and recover
	$(BIN)/watchkeeper demo $(ARGS)

test: setup frameworks  ## run the whole test suite
	$(BIN)/python -m pytest -n logical --dist loadfile $(ARGS)

lint: setup  ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --exclude CONTRACT.md .
	$(BIN)/mypy

format: setup  ## put the code into the house's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --exclude CONTRACT.md .

serve: setup  ## start the service on this machine (PORT=8000)
	$(BIN)/watchkeeper serve --port $(PORT)

bench: setup  ## measure how fast rows are taken in, over HTTP, on this machine
	$(BIN)/python benchmarks/ingest/rows.py $(ARGS)

bench-growth: setup  ## measure speed, disk and memory while a table grows to ten million rows
	$(BIN)/python benchmarks/ingest/growth.py $(ARGS)

docs: setup  ## write docs/ from the code: the OpenAPI document and the tables
	$(BIN)/python docs/generate.py

up: .env  ## start service, Prometheus, Alertmanager and Grafana in containers
	docker compose up --build --detach
	@echo "service http://localhost:8000  Grafana http://localhost:3000  keys and password: .env"

down:  ## stop the containers and keep their data
	docker compose down

.env:
	@umask 077 && $(PYTHON) -c 'import secrets; print("WATCHKEEPER_API_KEYS=" + secrets.token_urlsafe(32)); print("GRAFANA_PASSWORD=" + secrets.token_urlsafe(16))' > $@

lock:  ## pin what pyproject.toml asks for; the file holds hashes and no addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-strip-extras --python-version 3.11 \
		--no-emit-package watchkeeper --group dev -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-strip-extras --python-version 3.11 \
		--group frameworks -o tests/adapters/frameworks.lock
