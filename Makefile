# Each target sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SILENT:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh

BIN := .venv/bin
VENV := .venv/.ready
MODULES := extension/node_modules/.ready
DRIVER := tests/editor/node_modules/.ready
VSIX := build/throughline.vsix
PYTHON_CODE := sidecar tests demo benchmarks extension/scripts extension/src .ci
LOCKED := --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
TARGET ?= $(shell node -p 'process.platform + "-" + process.arch' 2>/dev/null)
MEASURES := $(filter-out %/plot.py %/figures.py,$(wildcard benchmarks/*.py))
SOURCES := $(shell git ls-files -co --exclude-standard extension sidecar demo/session.jsonl 2>/dev/null)

.PHONY: help run demo bench test check quick unit page editor package protocol lock format clean

help: ## list the targets
	grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV) $(VSIX) $(DRIVER) ## open the extension on the demo project, in VS Code or else in a browser
	sh demo/open.sh $(VSIX)

demo: $(VENV) ## play the demo session in the terminal, its tools at work, with its bill against full history
	rm -rf build/demo
	$(BIN)/throughline replay demo/session.jsonl --sample demo/project --project build/demo --compare --show

test: check unit page editor ## everything

check: $(VENV) $(MODULES) ## types, style, layers, the generated protocol
	echo "check: style, types, layers, sizes, protocol"
	$(BIN)/ruff check --quiet $(PYTHON_CODE)
	$(BIN)/ruff format --quiet --check $(PYTHON_CODE)
	$(BIN)/mypy --no-error-summary
	sh .ci/house
	$(BIN)/lint-imports --no-cache >build/layers.log 2>&1 || { cat build/layers.log; exit 1; }
	$(BIN)/python -m throughline.protocol.generate extension --check
	cd extension && npm run --silent check

quick: $(VENV) ## in under a minute: style, the house, and the sidecar's tests that are not slow
	echo "quick: style, the house, the fast tests"
	$(BIN)/ruff check --quiet $(PYTHON_CODE)
	$(BIN)/ruff format --quiet --check $(PYTHON_CODE)
	sh .ci/house
	$(BIN)/pytest -q tests/unit -m "not slow" -n 2 --hypothesis-profile quick

unit: $(VENV) ## the sidecar's tests, in processes of their own where that matters
	echo "test: the sidecar"
	$(BIN)/pytest -q

page: $(MODULES) ## the extension's tests that need no editor
	echo "test: the extension"
	cd extension && npm test --silent

editor: $(VENV) $(VSIX) $(DRIVER) ## the end-to-end tests, in a real editor in a real browser
	sh tests/editor/run.sh

bench: $(VENV) $(VSIX) $(DRIVER) ## the tables of benchmarks/README.md; those on ../shared are skipped where it is missing
	for part in $(MEASURES) benchmarks/plot.py; do echo "bench: $$part"; $(BIN)/python $$part || exit 1; done
	for part in benchmarks/*.mjs; do echo "bench: $$part"; node $$part || exit 1; done

package: $(VENV) $(MODULES) ## build/throughline-TARGET.vsix, which needs only a Python; TARGET=linux-x64, win32-x64, ...
	echo "build: build/throughline-$(TARGET).vsix"
	cd extension && npm run --silent package -- --target $(TARGET)

protocol: $(VENV) ## write the extension's types and settings from the sidecar's messages
	$(BIN)/python -m throughline.protocol.generate extension

lock: ## write requirements.lock, and the sidecar's alone, from pyproject.toml; needs uv
	uv pip compile pyproject.toml $(LOCKED) --extra dev --output-file requirements.lock
	uv pip compile pyproject.toml $(LOCKED) --constraint requirements.lock --output-file sidecar/requirements.lock

format: $(VENV) ## rewrite the Python in the project's style
	$(BIN)/ruff check --quiet --fix $(PYTHON_CODE)
	$(BIN)/ruff format --quiet $(PYTHON_CODE)

clean: ## take away all that was built
	rm -rf build .venv extension/node_modules extension/dist tests/editor/node_modules

$(VENV): requirements.lock pyproject.toml
	mkdir -p build
	sh .ci/environment
	touch $@

$(MODULES): extension/package-lock.json
	sh .ci/node extension "the extension's packages (a few seconds)"
	touch $@

$(DRIVER): tests/editor/package-lock.json
	sh .ci/node tests/editor "the browser driver's packages (a few seconds)"
	touch $@

$(VSIX): $(SOURCES) $(MODULES)
	echo "build: $(VSIX)"
	mkdir -p build
	cd extension && npm run --silent package
	touch $@
