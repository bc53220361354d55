# `make` lists what there is to do. Everything runs in .venv, which is made when it is missing.
.DEFAULT_GOAL := help
.PHONY: help demo test lint docs gallery site bench vendor

PYTHON ?= python3
BIN := .venv/bin

# The fits are many and small: one BLAS thread each is the fastest and the most repeatable.
export OPENBLAS_NUM_THREADS := 1

# Tests start many processes, each of which would compile the package anew where the shell forbids bytecode.
unexport PYTHONDONTWRITEBYTECODE

# Public tables beside the checkout are used when nothing else is said. Without them, the tests that
# need them are left out (`isoflop.datasets` can download them).
PUBLIC_TABLES := $(abspath ../shared/data)
ifeq ($(ISOFLOP_DATA),)
ifneq ($(wildcard $(PUBLIC_TABLES)/.),)
export ISOFLOP_DATA := $(PUBLIC_TABLES)
endif
endif

# Tests that start a Slurm of their own, or Chromium, are left out where these are not installed (CI installs them).
SLURM := $(shell PATH="$$PATH:/usr/sbin"; command -v munged >/dev/null && command -v slurmctld >/dev/null && command -v slurmd)
LEFT_OUT := $(if $(ISOFLOP_DATA),,public_data) $(if $(SLURM),,slurm) $(if $(shell command -v chromium),,browser)
MARKS := not simulates $(foreach mark,$(LEFT_OUT),and not $(mark))

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/ready-demo  ## real runs fitted, a larger run forecast, a budget planned
	$(BIN)/isoflop demo

test: .venv/ready-dev  ## every test, in two processes; warnings are errors
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(strip $(MARKS))"

lint: .venv/ready-dev  ## format, lint, spelling and types, checked
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md docs src benchmarks packaging
	$(BIN)/mypy

docs: .venv/ready-dev  ## the generated pages of docs/, what commands print in them, and the picture of the page
	$(BIN)/python docs/schemas_of_results.py
	$(BIN)/python docs/build.py
	$(BIN)/python docs/printed.py
	-$(BIN)/python docs/web_picture.py  # needs Chromium

gallery: .venv/ready-dev  ## the pictures of docs/figures.md, each by the command above it
	$(BIN)/python docs/gallery.py

site: .venv/ready-site  ## the documentation as a site, in build/site
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

vendor:  ## the library of the pages built again (needs npm; what it builds is kept in the repository)
	cd vendor/plot && npm ci --silent && npm run --silent build

bench: .venv/ready-dev  ## the measurements behind benchmarks/LOG.md, and the tests that simulate
	ISOFLOP_EXAMPLES=100 $(BIN)/python -m pytest -n 2 --dist worksteal -m "simulates or hypothesis"
	ISOFLOP_FUZZ=600 $(BIN)/python -m pytest tests/test_fuzz.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/rival.py
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/published.py
	$(BIN)/python benchmarks/approaches.py
	-$(BIN)/python benchmarks/nist.py  # one aim is missed, see the log
	$(BIN)/python benchmarks/starts.py
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/backtests.py --only-default
	$(BIN)/python benchmarks/findings.py
	$(BIN)/python benchmarks/worlds.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/faults_clusters.py
	$(BIN)/python benchmarks/design.py
	$(BIN)/python benchmarks/emergence.py
	$(BIN)/python benchmarks/plans.py
	$(BIN)/python benchmarks/readers.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/transfer.py
	$(BIN)/python benchmarks/recentred.py
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/finish.py
	$(BIN)/python benchmarks/recipes.py
	$(BIN)/python benchmarks/downstream.py
	$(BIN)/python benchmarks/web.py

.venv/ready-demo: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -e ".[plot,web]"
	$(BIN)/python -m compileall -q src  # editable installs are not compiled, and not every shell caches
	touch $@

.venv/ready-dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "pip>=25.1"  # the first that knows groups
	$(BIN)/python -m pip install --quiet -e ".[all,ray]" --group dev
	$(BIN)/python -m compileall -q src
	touch $@ .venv/ready-demo

.venv/ready-site: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "pip>=25.1"
	$(BIN)/python -m pip install --quiet -e ".[plot,web]" --group site
	touch $@
