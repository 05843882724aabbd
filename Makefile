# Everything a developer or a newcomer needs: `make demo` and `make test` work on a fresh machine with Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test test-all check format bench docs label-studio clean

# The Label Studio that tests start; in an environment of its own, since its dependencies are none of ours.
LABEL_STUDIO_RELEASE := 1.23.2
LABEL_STUDIO := .venv-label-studio
LABEL_STUDIO_READY := $(LABEL_STUDIO)/.ready-$(LABEL_STUDIO_RELEASE)

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# Its empty database takes a minute or two; tests start with a copy.
$(LABEL_STUDIO_READY):
	rm -rf $(LABEL_STUDIO)
	$(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet label-studio==$(LABEL_STUDIO_RELEASE)
	cd $(LABEL_STUDIO) && LABEL_STUDIO_BASE_DATA_DIR=$$PWD/blank COLLECT_ANALYTICS=false LATEST_VERSION_CHECK=false \
		bin/python -W ignore lib/python*/site-packages/label_studio/manage.py migrate --verbosity 0
	@touch $@

label-studio: $(LABEL_STUDIO_READY) ## Install the Label Studio that the slow tests start

demo: $(READY) ## Choose a batch from the embedded corpus, and watch the error fall
	$(BIN)/canvass demo

test: $(READY) ## Run the quick tests (under two minutes)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

test-all: $(READY) $(LABEL_STUDIO_READY) ## Run every test, the slow ones too
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(READY) ## Lint, check formats and types, and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(READY) ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Run the benchmarks against the peers and print what docs/ quotes
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.run

docs: $(READY) ## Write the generated parts of the docs anew
	$(BIN)/python docs/generate.py

clean: ## Remove the environment and all caches
	rm -rf $(VENV) $(LABEL_STUDIO) .mypy_cache .pytest_cache .ruff_cache .hypothesis
