# Thin on purpose: each target calls one small script. `make demo` and `make test` are the two to know.
PYTHON := .venv/bin/python
SETUP := @$(shell command -v python3 || command -v python || echo python3) tools/setup.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench drills serve worker scheduler docs lock translations migration clean

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## environment, packages, front-end files
	$(SETUP)

demo: ## the whole journey on real parts; ONCE=1 ends after it
	$(SETUP)
	@$(PYTHON) -m demo $(if $(ONCE),--once)

test: ## every test on real parts
	$(SETUP) --dev
	@$(PYTHON) -m tools.run_tests $(SUITES)

check: ## lint, types, import contract, migrations, translations, docs
	$(SETUP) --dev
	@$(PYTHON) -m tools.check $(ONLY)

bench: ## all benchmarks, or NAME=one
	$(SETUP) --dev
	@$(PYTHON) -m bench $(NAME)

drills: ## the full-size fault drills
	$(SETUP) --dev
	@$(PYTHON) -m drills $(NAME)

serve: ## the web server, on PORT
	$(SETUP)
	@$(PYTHON) -m tools.run web

worker: ## the worker
	$(SETUP)
	@$(PYTHON) -m tools.run worker

scheduler: ## the scheduler
	$(SETUP)
	@$(PYTHON) -m tools.run scheduler

docs: ## the documentation, into site/
	$(SETUP) --dev
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

lock: ## pin the requirements anew
	$(SETUP) --dev
	@$(PYTHON) -m tools.lock_requirements $(UPGRADE)

translations: ## bring new texts into translations/en
	$(SETUP)
	@$(PYTHON) -m tools.translations update

migration: ## write the next migration from the models; MESSAGE="what changes"
	$(SETUP) --dev
	@$(PYTHON) -m tools.migrations new "$(MESSAGE)"

clean: ## everything that can be made again; var/ with its data stays
	@rm -rf .venv node_modules static/vendor site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find translations -name '*.mo' -delete 2>/dev/null || true
