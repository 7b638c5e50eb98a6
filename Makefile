# Every target sets itself up: it needs python3 with its venv module, and uses uv when that is on the PATH.
# The stamps carry the hash of their lock file: a changed lock installs again, an unchanged one costs nothing.

PYTHON ?= python3
VENV   ?= .venv
ONLY   ?=
SIZE   ?=

hash     = $(firstword $(shell cat $(1) pyproject.toml | cksum | tr ' ' -))
RUNTIME := $(VENV)/.runtime-$(call hash,requirements.lock)
DEV     := $(VENV)/.dev-$(call hash,requirements-dev.lock)
BIN     := $(VENV)/bin

.PHONY: demo test ui check bench soak spark clean install install-dev install-spark
.DELETE_ON_ERROR:

demo: install
	$(BIN)/billing-pipeline demo

ui: install
	$(BIN)/billing-pipeline ui

test: install-dev
	$(BIN)/python -m pytest -m "not soak"

soak: install-dev
	$(BIN)/python -m pytest -m soak

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture tests/domain

bench: install-dev
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE))

# The comparison on a local Spark cluster; needs Java 17 or newer.
spark: install-spark
	$(BIN)/python -m pytest -rs tests/reconciliation/test_spark.py

install-spark: install-dev
	@if command -v uv >/dev/null 2>&1; then \
	    uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-spark.lock; \
	else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-spark.lock; \
	fi

# With a development environment in place the runtime is in place too.
install:
	@test -e $(DEV) || $(MAKE) --no-print-directory $(RUNTIME)

install-dev: $(DEV)

$(RUNTIME): LOCK = requirements.lock
$(DEV):     LOCK = requirements-dev.lock
$(RUNTIME) $(DEV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@rm -f $(VENV)/.runtime-* $(VENV)/.dev-*
	@if command -v uv >/dev/null 2>&1; then \
	    set -e; \
	    echo "installing $(LOCK) with uv"; \
	    uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python $(LOCK); \
	    uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python -e .; \
	    uv pip check --quiet --python $(BIN)/python; \
	else \
	    set -e; \
	    echo "installing $(LOCK) with pip"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(LOCK); \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .; \
	    $(BIN)/python -m pip check --disable-pip-version-check; \
	fi
	@touch $@

# Only the demo's own folder is removed, never one that BILLING_HOME names. What runs there is stopped by the code that
# started it, so that is installed again where it has gone.
STOP_ALL := from pathlib import Path; from billing_pipeline.adapters import embedded_postgres, local_simulator; \
            home = Path(".billing"); local_simulator.stop(home); embedded_postgres.destroy(home)

clean: $(if $(wildcard .billing/*.json),install)
	@test ! -d .billing || test ! -x $(BIN)/python || $(BIN)/python -c '$(STOP_ALL)'
	rm -rf .billing $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
