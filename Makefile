PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000

.PHONY: setup demo test lint serve bench docs up lock

setup: .venv/.done  ## make .venv and install the pinned dependencies

.venv/.done: requirements.lock pyproject.toml adapters/pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e adapters -e .
	@touch $@

demo: setup  ## the closed loop on a real stream, end to end
	$(BIN)/watchkeeper demo $(ARGS)

test: setup  ## the whole test suite
	$(BIN)/python -m pytest $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: setup
	$(BIN)/watchkeeper serve --port $(PORT)

lock:  ## pin what pyproject.toml asks for; the file holds hashes and no addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--no-emit-package watchkeeper --group dev -o requirements.lock pyproject.toml
