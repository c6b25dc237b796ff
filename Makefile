# The same commands for people and for CI; each does its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

EMULATOR := .venv-emulator/.installed

.PHONY: install demo test check bench clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dashboard,dev]'
	touch $@

# An emulator of AWS for the tests; it pins a botocore of its own, so it gets an environment of its own.
$(EMULATOR): tests/emulator.txt
	$(PYTHON) -m venv .venv-emulator
	.venv-emulator/bin/python -m pip install --quiet --requirement tests/emulator.txt
	touch $@

# DEMO_ARGS reaches the command: make demo DEMO_ARGS="--seed 7 --minutes 5"
demo: $(INSTALLED)
	$(BIN)/regionscope demo $(DEMO_ARGS)

# On up to four cores; TEST_ARGS reaches pytest: make test TEST_ARGS="-k timeline -x"
test: $(INSTALLED) $(EMULATOR)
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(TEST_ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# BENCH_ARGS reaches the search benchmark: make bench BENCH_ARGS="--millions 20"
bench: $(INSTALLED)
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/otlp.py
	$(BIN)/python benchmarks/search.py $(BENCH_ARGS)
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/truth.py

clean:
	rm -rf $(VENV) .venv-emulator build *.egg-info .mypy_cache .pytest_cache .ruff_cache
