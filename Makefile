# make run     start the server: http://127.0.0.1:8080   (PORT=, HOST=, DATA=, DEMO=0)
# make test    all tests, in parallel, against a MongoDB they start themselves
# make check   format, lint, types, walls between the rooms, tests: what CI runs
# make format  let ruff lay the code out
# make lock    write the lock files anew from pyproject.toml
# make audit   known weaknesses of the locked packages (pip-audit); fails if there are any
# make bench   the micro-benchmarks of the repository

VENV := .venv
BIN := $(VENV)/bin
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
COMPILE := pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header

.PHONY: help run test check audit format lock bench
.DEFAULT_GOAL := help

help:
	@sed -n '/^$$/q; s/^# //p' Makefile

run: $(VENV)/runtime.stamp
	@exec $(BIN)/fhir-server serve

test: $(VENV)/dev.stamp $(VENV)/pango.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/dev.stamp $(VENV)/pango.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/python tools/audit_packages.py

audit: $(VENV)/dev.stamp
	$(BIN)/python tools/audit_packages.py --strict

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/pip.stamp
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv $(COMPILE) pyproject.toml -o requirements.lock
	$(BIN)/uv $(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock

bench: $(VENV)/dev.stamp
	@for bench in tests/performance/bench_*.py; do echo "$$bench"; $(BIN)/python $$bench || exit 1; done

# Letters as PDF need Pango, a library of the system. Without it they answer 501 and HTML works.

PANGO := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-liberation

$(VENV)/pango.stamp: $(VENV)/pip.stamp
	@if $(BIN)/python -c 'import ctypes.util as c, sys; sys.exit(not all(map(c.find_library, ("pangoft2-1.0", "harfbuzz-subset"))))'; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $(PANGO) …"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PANGO) >/dev/null \
	    || echo "Pango could not be installed; letters will not be made as PDF." >&2; \
	else echo "For letters as PDF: sudo apt install $(PANGO)" >&2; fi
	@touch $@

# The virtual environment, made anew only when the lock files or pyproject.toml change.

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/pip.stamp:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer is needed and was not found (looked for: $(PYTHONS))." >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; \
	fi; \
	$$found -m venv $(VENV)
	@touch $@

$(VENV)/runtime.stamp: $(VENV)/pip.stamp requirements.lock pyproject.toml
	@echo "Installing the packages of requirements.lock …"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.lock
	@echo "Installing the packages of requirements-dev.lock …"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
