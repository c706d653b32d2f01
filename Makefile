# voicemate: `make talk` sets everything up and starts talking; `make test` sets up and runs every test.
# `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
VOICEMATE := $(VENV)/bin/voicemate

.PHONY: help talk demo test explore models docs lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

talk: $(VENV)/.talk models  ## set everything up and talk (in a simulated room where there is no microphone)
	@$(VOICEMATE) talk

demo: $(VENV)/.talk models  ## three spoken questions and answers in a simulated room, on any machine
	@$(VOICEMATE) demo

test: $(VENV)/.test $(VENV)/.talk models  ## set up and run every test
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/pyright --threads 2
	@$(VENV)/bin/zensical build --strict --clean
	@$(VENV)/bin/python -m pytest -n 2 --dist worksteal tests/integration/models tests/unit tests/simulation $(ARGS)
	@$(VENV)/bin/python -m pytest tests/integration/audio_devices tests/integration/desktop $(ARGS) # in real time, so by themselves

explore: $(VENV)/.test  ## look for examples that break the state machines and parsers, new ones each time
	@HYPOTHESIS_PROFILE=explore $(VENV)/bin/python -m pytest -q tests/unit tests/simulation -m hypothesis $(ARGS)

docs: $(VENV)/.test  ## generate the reference from the code and build the site into site/
	@$(VENV)/bin/python scripts/generate_reference.py
	@$(VENV)/bin/zensical build --strict --clean

models: $(VENV)/.talk  ## fetch the starter models (235 MB), once
	@$(VOICEMATE) models pull starter --only-missing

EXTRAS := --extra plots --extra hub --extra hotkey --extra menubar
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" -q

lock:  ## resolve the dependencies anew, for macOS and Linux at once
	$(LOCK) $(EXTRAS) -o requirements.lock
	cp requirements.lock requirements-dev.lock # uv keeps to the versions that it finds there
	$(LOCK) $(EXTRAS) --extra tray --extra dev -o requirements-dev.lock

clean:  ## remove the virtual environment; models and history stay
	rm -rf $(VENV) demo site .cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.talk: requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh talk

$(VENV)/.test: requirements-dev.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh test
