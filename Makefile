# Both commands do all their set-up themselves, in .venv; nothing outside this folder changes.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DATA := .cited
PYTEST_OPTIONS ?=

.PHONY: run test bench memory faults screenshots clean

# Ingest the shipped corpus and open the page on 127.0.0.1:7860.
run: $(INSTALLED)
	$(BIN)/cited ingest corpus --data-dir $(DATA)
	$(BIN)/cited ui --data-dir $(DATA)

# Style, types and every test.
test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(PYTEST_OPTIONS)

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
	rm -rf .venv $(DATA) .screenshots *.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $(INSTALLED)
