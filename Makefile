# Everything runs in $(VENV), which is made once and again whenever a lock or pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

TORCH := torch==2.13.0
BIN := $(VENV)/bin
# The stamps are written last: an interrupted install starts again.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP_INSTALL = $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet

define CHECK_PYTHON
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
    echo "Tandem needs Python 3.11 or newer; $(PYTHON) gives: $$($(PYTHON) --version 2>&1)." >&2; \
    echo "Name another one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check check-lowest format bench lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  PYTHON=python3.12      another interpreter, 3.11 or newer'
	@echo '  ARGS="-k beam"         more arguments for demo, test or bench'
	@echo '  On Linux without a GPU, PyTorch'"'"'s own index has a far smaller build. Set before the first make:'
	@echo '  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu'

demo: $(INSTALLED)  ## install into .venv and run the demonstration
	$(BIN)/tandem demo $(ARGS)

test: $(INSTALLED_DEV)  ## run the tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: $(INSTALLED_DEV)  ## lint, format check, strict types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

LOWEST_VENV := $(VENV)-lowest
# The lowest version that pyproject.toml allows, such as 2.4; every other library as in the locks.
LOWEST_TORCH = $(shell sed -n 's/.*"torch>=\([0-9.]*\)".*/\1/p' pyproject.toml)

check-lowest:  ## run the tests of models and training with the lowest torch allowed
	@$(CHECK_PYTHON)
	rm -rf $(LOWEST_VENV)
	$(PYTHON) -m venv $(LOWEST_VENV)
	{ grep -v '^torch==' requirements.lock; grep -v '^-r' requirements-dev.lock; echo 'torch==$(LOWEST_TORCH)'; } \
	    >$(LOWEST_VENV)/requirements.txt
	$(LOWEST_VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet \
	    -r $(LOWEST_VENV)/requirements.txt
	$(LOWEST_VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet \
	    --no-deps --no-build-isolation --editable .
	$(LOWEST_VENV)/bin/python -m pytest tests/models tests/laws tests/training tests/translation $(ARGS)

format: $(INSTALLED_DEV)  ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)  ## run the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

$(INSTALLED): requirements.lock pyproject.toml
	@$(CHECK_PYTHON)
	@echo 'Installing Tandem and its libraries into $(VENV). This happens once and takes some minutes.'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.lock
	$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

LOCK_VENV := $(VENV)-lock
LOCK_PIP = $(LOCK_VENV)/bin/python -m pip --disable-pip-version-check --no-input
# A list of requirements in pyproject.toml, one a line.
LISTED = $(LOCK_VENV)/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))$(1), sep="\n")'
# Pins hold for every platform: torch's build label goes, and so do the GPU libraries, which torch itself
# asks for where it needs them.
FROZEN = $(LOCK_PIP) freeze --all --exclude pip | sed 's/^\(torch==[^+]*\)+.*/\1/' | grep -vE '^(nvidia|cuda|triton)'
MADE_BY = Made by `make lock`, which resolves pyproject.toml in a fresh environment and freezes it. Do not edit.

lock:  ## resolve requirements.lock and requirements-dev.lock anew
	@$(CHECK_PYTHON)
	rm -rf $(LOCK_VENV)
	$(PYTHON) -m venv $(LOCK_VENV)
	@# editables: what hatchling needs besides itself for an editable install.
	{ $(call LISTED,["project"]["dependencies"]); \
	    $(call LISTED,["project"]["optional-dependencies"]["train"]); \
	    $(call LISTED,["project"]["optional-dependencies"]["serve"]); $(call LISTED,["build-system"]["requires"]); \
	    echo '$(TORCH)'; echo editables; } >$(LOCK_VENV)/runtime.txt
	$(call LISTED,["dependency-groups"]["dev"]) >$(LOCK_VENV)/dev.txt
	$(LOCK_PIP) install --quiet -r $(LOCK_VENV)/runtime.txt
	$(FROZEN) >$(LOCK_VENV)/runtime.lock
	$(LOCK_PIP) install --quiet -r $(LOCK_VENV)/dev.txt -c $(LOCK_VENV)/runtime.lock
	$(FROZEN) | grep -vxFf $(LOCK_VENV)/runtime.lock >$(LOCK_VENV)/dev.lock
	{ echo '# What Tandem runs on, and what installs it. CPython 3.11 to 3.13.'; echo '# $(MADE_BY)'; \
	    cat $(LOCK_VENV)/runtime.lock; } >requirements.lock
	{ echo '# What the tests and checks need besides.'; echo '# $(MADE_BY)'; echo '-r requirements.lock'; \
	    cat $(LOCK_VENV)/dev.lock; } >requirements-dev.lock
	rm -rf $(LOCK_VENV)

clean:  ## remove .venv, caches and build leftovers; runs/ stays
	rm -rf $(VENV) $(LOCK_VENV) $(LOWEST_VENV) build dist .coverage htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
