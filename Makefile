# Everything a person types. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint format hub requirements audit screenshots clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/run ## run a hub with sandbox and demo data, play the main job, serve the admin (ONCE=1: play it and stop)
	@$(PY) -m integration_hub.demo $(if $(ONCE),--once)

test: $(VENV)/dev ## set up all that tests need and run every test
	@$(PY) -m tests.browser.chromium
	@$(PY) -m pytest -q -n 2 --dist loadgroup $(if $(K),-k "$(K)")

bench: $(VENV)/dev ## measure; NAME=ingest measures one figure's group
	@$(PY) -m tests.benchmarks $(NAME)

lint: $(VENV)/dev ## style, types, migrations, deployment checks
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@HUB_VAR_DIR=var/lint $(PY) manage.py makemigrations --check --dry-run
	@HUB_VAR_DIR=var/lint HUB_BASE_URL=https://hub.example.com SANDBOX_URL= $(PY) manage.py check --deploy --fail-level WARNING

format: $(VENV)/dev ## put the code into the one style
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format --quiet .

hub: $(VENV)/run ## the whole product in one process tree: database, web, worker, schedules
	@$(PY) manage.py hub

requirements: $(VENV)/dev ## pin the dependencies of pyproject.toml anew
	@$(COMPILE) --upgrade -o requirements.txt
	@$(COMPILE) --upgrade --extra dev -c requirements.txt -o requirements-dev.txt

audit: $(VENV)/dev ## known vulnerabilities of what is pinned
	@$(PY) -m pip_audit --require-hashes --disable-pip -r requirements.txt

screenshots: $(VENV)/dev ## take the pictures of README and docs anew, from a demo of its own
	@$(PY) -m tests.browser.screenshots

clean: ## remove the virtual environment and everything under var/ (stops the embedded databases)
	@-if [ -x $(PY) ]; then $(PY) -m integration_hub.embedded stop var; fi
	@rm -rf $(VENV) var

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is none; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || \
		{ rm -rf $(VENV); echo "Python's venv module is missing: install the package python3-venv."; exit 1; }

$(VENV)/run: requirements.txt | $(VENV)/bin/python
	@echo "Installing the pinned requirements into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing the pinned requirements of tests into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/run
