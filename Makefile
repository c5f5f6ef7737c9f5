# The commands of this project. `make help` lists them; everything runs in .venv, which `make setup` makes.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash -o pipefail
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_PYTHON_DOWNLOADS := never
# One for all clones of this machine: it is compared by content.
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/honeysens/mypy

INVENTORY ?= inventories/demo
PLAY := ansible-playbook -i $(INVENTORY)
PYTHON_FOLDERS := server_app sensor_manager service_images image_builder roles molecule playbooks bench .ci
COMPILE := uv pip compile -q --generate-hashes --universal --python-version 3.12 --no-header --no-annotate
TESTS := server_app sensor_manager service_images image_builder roles bench
PURE := not docker and not netns and not postgres and not tools

.PHONY: help setup demo demo-down dev test test-unit lint fix images images-armhf firmware-docker bench lock schema freeze clean

##@ Try it
help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make or refresh .venv (nothing to do while the requirements stay the same)
	@requirements/bootstrap

demo: setup ## Server, one sensor with two honeypots and one SSH attack, on this machine
	@started=$$(date +%s) && $(PLAY) playbooks/site.yml && python playbooks/demo/attack.py --since $$started

demo-down: setup ## Remove all of the demo; image caches stay
	@$(PLAY) playbooks/remove-site.yml
	@rm -rf dist/demo

dev: setup ## The server alone, on SQLite, reloading when its source changes
	@python playbooks/demo/dev.py

##@ Check it
test: setup ## Everything CI runs; FRESH=1 repeats also what passed with the same content
	@python .ci/stages.py

test-unit: setup ## Tests that need nothing but Python (under a minute)
	@python -m pytest -q -n 2 -m "$(PURE)" $(TESTS)

lint: lint-code ## Style, types, architecture, roles, templates
	ansible-lint

lint-code: setup
	ruff check $(PYTHON_FOLDERS)
	ruff format --check $(PYTHON_FOLDERS)
	MYPYPATH=$(subst $(eval) ,:,$(wildcard service_images/*/plugin)) mypy $(PYTHON_FOLDERS)
	lint-imports
	yamllint --strict .
	djlint --lint --quiet server_app/src/server_app/web/templates

fix: setup ## Apply what formatters can put right
	@ruff check --fix $(PYTHON_FOLDERS); ruff format $(PYTHON_FOLDERS)

bench: setup ## Measure a server of its own on this machine; FIGURES="..." some of the figures, BENCH="--help" more
	@python -m bench $(FIGURES) $(BENCH)

##@ Build it
images: setup ## Base, server and service images
	@$(PLAY) playbooks/prepare-hosts.yml playbooks/build-base-image.yml playbooks/build-server-images.yml playbooks/build-service-images.yml

images-armhf: setup ## Base and service images for armhf too, by emulation (the first time takes a quarter of an hour)
	@$(PLAY) playbooks/prepare-hosts.yml playbooks/build-base-image.yml playbooks/build-service-images.yml \
	  -e '{"base_image_architectures": ["amd64", "armhf"], "service_images_architectures": ["amd64", "armhf"]}'

firmware-docker: setup ## The Docker sensor's image
	@$(PLAY) playbooks/prepare-hosts.yml playbooks/build-base-image.yml playbooks/build-firmware.yml

lock: setup ## Renew all hash-pinned requirements; see what changed with git diff
	$(COMPILE) --upgrade requirements/dev.in server_app/pyproject.toml server_app/wire/pyproject.toml sensor_manager/pyproject.toml \
	  --no-emit-package sensor-wire --no-emit-package server-app --no-emit-package sensor-manager -o requirements/dev.txt
	$(COMPILE) --upgrade server_app/pyproject.toml --no-emit-package sensor-wire -o server_app/requirements.txt
	$(COMPILE) --upgrade sensor_manager/pyproject.toml --no-emit-package sensor-wire -o sensor_manager/requirements.txt
	@for input in service_images/*/requirements.in roles/container_images/files/wheel_tools/requirements.in; do excludes=$${input%.in}.excludes; \
	  (set -x; $(COMPILE) --upgrade $$input $$(test ! -f $$excludes || echo --excludes $$excludes) -o $${input%.in}.txt); done

schema: setup ## Write the contract's JSON Schema
	@python -m sensor_wire.schema server_app/wire/schema

freeze: setup ## Keep a server's rows as this version stores them: all migrations to come are tested with them
	@python server_app/tests/support/freeze_release.py

clean: ## Remove what was built and downloaded here (not the images in the engine)
	rm -rf dist .cache .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
