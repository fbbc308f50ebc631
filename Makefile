# Everything happens in .venv, which the first target that needs it creates.
# Another interpreter: make PYTHON=python3.13 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
TARGET ?= 1.28
SAMPLE := charts-fixtures/sample-repo
HELMFILE := charts-fixtures/helmfile

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench bench-cluster e2e refresh-table golden package clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-15s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# pyproject.toml says what is needed: a change of it installs anew.
$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $(RUNTIME) $@

demo: $(RUNTIME) ## Install, and scan the sample repository and a Helmfile for TARGET (1.28)
	@echo '$$ k8supgrade scan --target $(TARGET) $(SAMPLE)'
	@code=0; $(BIN)/k8supgrade scan --target $(TARGET) $(SAMPLE) || code=$$?; \
	echo; echo "The scan's exit code is $$code: 0 ready, 1 findings, 2 usage error, 3 not everything was examined."
	@echo; echo '$$ k8supgrade charts --target $(TARGET) --current 1.24 $(HELMFILE)'
	@code=0; $(BIN)/k8supgrade charts --target $(TARGET) --current 1.24 $(HELMFILE) || code=$$?; \
	echo; echo "The exit code of the chart check is $$code."

test: $(DEV) ## Run the tests that need nothing but pip packages
	$(BIN)/python -m pytest tests --ignore=tests/e2e

lint: $(DEV) ## Check style and types, and that generated files are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.refresh_table --check
	$(BIN)/python -m tools.make_docs --check
	$(BIN)/python -m tools.make_rbac --check
	$(BIN)/python -m tools.make_charts --check

bench: $(DEV) ## Measure speed and memory
	$(BIN)/python -m tools.bench
	$(BIN)/python -m tools.bench_charts

bench-cluster: $(DEV) ## Measure the scan of a cluster against a real API server (built with Go)
	$(BIN)/python -m tools.bench_cluster

e2e: $(DEV) ## Run the tests with real API servers, helm and kustomize (built with Go)
	$(BIN)/python -m pytest tests/e2e tests/test_readme.py

refresh-table: $(DEV) ## Read the Go modules of Kubernetes again and write the table
	$(BIN)/python -m tools.refresh_table --fetch

golden: $(DEV) ## Write the expected reports of the tests and the generated documentation anew
	K8SUPGRADE_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q $$(grep -rl assert_golden tests --include='test_*.py')
	$(BIN)/python -m tools.make_docs
	$(BIN)/python -m tools.make_rbac
	$(BIN)/python -m tools.make_charts

package: $(DEV) ## Build wheel, sdist and zipapp into dist/, and try each in an empty environment
	$(BIN)/python -m tools.package

clean: ## Remove all that the targets have made
	rm -rf $(VENV) dist build .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	rm -f k8supgrade/lifecycle/compact.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
