# Everything a developer or a newcomer needs: `make demo` and `make test` work on a fresh machine with Python 3.11+.
SHELL := /bin/bash
# Two workers and many processes import the same modules: they are compiled once.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What is installed there: what the demo needs, or all that the tests need, both from the locks.
DEMO_READY := $(VENV)/.ready-demo
TEST_READY := $(VENV)/.ready-test
# What makes the locks, and the environments of the two ends of the ranges.
UV_RELEASE := 0.13.9
UV := .venv-uv/bin/uv
LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: help demo test test-all test-newest test-oldest check format bench docs lock label-studio clean

# The Label Studio that tests start; in an environment of its own, since its dependencies are none of ours.
LABEL_STUDIO_RELEASE := 1.23.2
LABEL_STUDIO := .venv-label-studio
LABEL_STUDIO_READY := $(LABEL_STUDIO)/.ready

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

# The build tools go first: what is published as source only (PySpark) is built with them, and with nothing unlocked.
define install
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/build.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --requirement requirements/$(1).txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
endef

$(DEMO_READY): pyproject.toml requirements/build.txt requirements/demo.txt
	$(call install,demo)
	@touch $@

$(TEST_READY): pyproject.toml requirements/build.txt requirements/test.txt
	$(call install,test)
	@touch $(DEMO_READY) $@

$(UV):
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/python -m pip install --quiet uv==$(UV_RELEASE)

lock: $(UV) ## Resolve the newest versions that the ranges allow, and write the locks anew
	$(UV) pip compile $(LOCKING) --upgrade --group build --output-file requirements/build.txt
	$(UV) pip compile $(LOCKING) --upgrade --all-extras --group test --group build --output-file requirements/test.txt pyproject.toml
	$(UV) pip compile $(LOCKING) --constraint requirements/test.txt --output-file requirements/demo.txt pyproject.toml
	echo label-studio==$(LABEL_STUDIO_RELEASE) | $(UV) pip compile $(LOCKING) --upgrade --output-file requirements/label-studio.txt -

# Its empty database takes a minute or two; tests start with a copy.
$(LABEL_STUDIO_READY): requirements/label-studio.txt
	rm -rf $(LABEL_STUDIO)
	$(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet --require-hashes --requirement requirements/label-studio.txt
	cd $(LABEL_STUDIO) && LABEL_STUDIO_BASE_DATA_DIR=$$PWD/blank COLLECT_ANALYTICS=false LATEST_VERSION_CHECK=false \
		bin/python -W ignore lib/python*/site-packages/label_studio/manage.py migrate --verbosity 0
	@touch $@

label-studio: $(LABEL_STUDIO_READY) ## Install the Label Studio that the slow tests start

demo: $(DEMO_READY) ## Choose a batch from the embedded corpus, and watch the error fall
	$(BIN)/canvass demo

test: $(TEST_READY) ## Run the quick tests (under two minutes)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

# The ranges of pyproject.toml are tried at both ends. The newest end breaks when somebody else releases: it says which
# versions are newer than those of the lock, and nothing that is installed from the lock is touched by it.
define environment
	rm -rf $(1)
	$(UV) venv --quiet --python $(PYTHON) $(1)
	$(UV) pip install --quiet --python $(1)/bin/python --group build
	$(UV) pip install --quiet --python $(1)/bin/python --no-build-isolation --resolution $(2) --all-extras -r pyproject.toml
	$(UV) pip install --quiet --python $(1)/bin/python --group test
	$(UV) pip install --quiet --python $(1)/bin/python --no-build-isolation --no-deps --editable .
endef

test-newest: $(UV) ## Run the quick tests with the newest versions that the ranges allow
	$(call environment,.venv-newest,highest)
	@$(UV) pip freeze --quiet --python .venv-newest/bin/python | grep -vxFf <(grep -oE '^[^ ]+==[^ ;]+' requirements/test.txt) | grep == \
		| sed 's/^/not in the lock: /' || true
	.venv-newest/bin/python -m pytest -n auto --dist worksteal -m "not slow" -o filterwarnings=default

test-oldest: $(UV) ## Run the quick tests with the oldest versions that the ranges allow
	$(call environment,.venv-oldest,lowest-direct)
	.venv-oldest/bin/python -m pytest -n auto --dist worksteal -m "not slow" -o filterwarnings=default

test-all: $(TEST_READY) $(LABEL_STUDIO_READY) ## Run every test, the slow ones too
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(TEST_READY) ## Lint, check formats and types, and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(TEST_READY) ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TEST_READY) $(UV) ## Run the benchmarks against the peers and print what docs/ quotes
	$(UV) pip install --quiet --python $(BIN)/python --group bench
	$(BIN)/python -m benchmarks.run

docs: $(TEST_READY) ## Write the generated parts of the docs anew
	$(BIN)/python docs/generate.py

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .venv-uv .venv-newest .venv-oldest $(LABEL_STUDIO) .mypy_cache .pytest_cache .ruff_cache .hypothesis
