# Every target sets up .venv by itself; nothing outside this folder changes.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DATA := .cited
PYTEST_OPTIONS ?=
PYTEST := $(BIN)/pytest $(PYTEST_OPTIONS)
IN_PARALLEL := --numprocesses auto --dist worksteal

.PHONY: run check test style types fix coverage bench memory faults screenshots clean

# Ingest the shipped corpus and open the page on 127.0.0.1:7860.
run: $(INSTALLED)
	$(BIN)/cited ingest corpus --data-dir $(DATA)
	$(BIN)/cited ui --data-dir $(DATA)

# Before every commit, under a minute: style, types and the quick tests.
check: style types
	$(PYTEST) $(IN_PARALLEL) -m "not slow and not browser and not model and not serial"

# Style, types and every test; those that measure time or memory run by themselves, at the end.
test: style types
	$(PYTEST) $(IN_PARALLEL) -m "not serial"
	$(PYTEST) -m serial

style: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy --num-workers auto

# Format everything, and mend what ruff can mend.
fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lines of ingest and assistant that no test reaches; fails below the share that pyproject.toml names.
coverage: $(INSTALLED)
	$(PYTEST) $(IN_PARALLEL) --cov --cov-report term-missing:skip-covered tests/ingest tests/assistant

# Measure answers on the public question sets in BENCH (not part of this repository).
BENCH ?= ../shared/bench
bench: $(INSTALLED)
	$(BIN)/python tests/bench/measure.py $(BENCH)

# Measure what an ingest keeps in memory, with so many random vectors.
VECTORS ?= 300000
memory: $(INSTALLED)
	$(BIN)/python tests/bench/memory.py vectors $(VECTORS)

# The long fault tests: the ingest is killed at 50 random moments, and more.
faults: $(INSTALLED)
	$(BIN)/pytest tests/faults --faults 50

# Take a picture of everything that the browser tests show; the README's are answer.png and abstention.png.
screenshots: $(INSTALLED)
	$(BIN)/pytest tests/browser --require-browser --screenshots .screenshots

clean:
	rm -rf .venv $(DATA) .screenshots .coverage build *.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $(INSTALLED)
