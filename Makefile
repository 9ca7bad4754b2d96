# Two commands to know: `make demo` and `make test`. Both set everything up first.

SHELL := /bin/sh
PYTHON := .venv/bin/python
C_FILES := $(shell find templates -name '*.h')

.PHONY: help setup setup-tests demo test lint types format format-check generated generated-check \
	docs-commands wheel-test nightly clean

help: ## Show what can be made.
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 18

setup: ## Install system packages (as root) and make .venv.
	@.ci/setup

setup-tests: ## Install what only the tests need beside it: a browser.
	@.ci/setup tests

demo: setup ## Enforce a small shop's policy on real packets (as root).
	@.venv/bin/cpc demo

test: setup-tests ## Run the tests.
	$(PYTHON) -m pytest -ra -m "not project" --numprocesses auto --dist loadgroup

lint: setup ## Look for mistakes in the Python.
	$(PYTHON) -m ruff check

types: setup ## Check the types.
	$(PYTHON) -m mypy

format: setup ## Put every file into its layout.
	$(PYTHON) -m ruff format
	clang-format-19 -i $(C_FILES)
	.venv/bin/cpc fmt examples runtime/demo/shop

format-check: setup ## Check that `make format` would change nothing, in generated C too.
	$(PYTHON) -m ruff format --check
	clang-format-19 --dry-run --Werror $(C_FILES)
	.venv/bin/cpc fmt --check examples runtime/demo/shop
	.venv/bin/cpc compile --emit c examples/shop/policy.cil | \
		clang-format-19 --dry-run --Werror --assume-filename=examples/shop/policy.bpf.c

generated: setup ## Write the files that are generated from the code.
	$(PYTHON) -m cpc.compiler.report.document > docs/schema/diagnostics.schema.json
	$(PYTHON) -m cpc.compiler.lint.table docs/lint.md
	$(PYTHON) -m cpc.compiler.syntax.grammar grammar/cil.tables

generated-check: generated ## Check that the committed generated files are current.
	git diff --exit-code -- docs/schema docs/lint.md grammar/cil.tables

docs-commands: setup-tests ## Run every command that the documentation shows.
	$(PYTHON) -m pytest -ra tests/test_documented_commands.py

wheel-test: setup-tests ## Build the wheel, install it elsewhere, compile with it.
	$(PYTHON) -m pytest -ra tests/test_wheel.py

nightly: ## Run the long variant of every test and keep a report.
	@.ci/nightly

clean: ## Remove what was made here.
	rm -rf .venv build dist reports .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .src/cpc.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
