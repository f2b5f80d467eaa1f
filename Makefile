# make run     create the environment, install, prepare the embedded models, start the app
# make test    the same set-up plus what the tests need, then every tier
# make help    all targets

VENV ?= .venv
DATA ?= ../shared/data
PY := $(VENV)/bin/python
NPM := PATH="$(abspath $(VENV))/bin:$$PATH" npm
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
BASE_PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUN = $(or $(BASE_PYTHON),$(error Python 3.11 or newer is needed, and none was found. Install it, or run: make BASE_PYTHON=/path/to/python3.12 $(MAKECMDGOALS))) run.py

# Without its bytecode each process would compile torch, transformers and gradio again: half of a test process's start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run setup cluster models test unit uncovered integration browser thorough browser-setup js check types glossary format lessons bench gpu sweep lock audit image image-check train-sentiment train-association evaluate clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the app on port 7860 (ARGS="--port 7861 ..." for flags)
	@VENV=$(VENV) exec $(RUN) $(ARGS)

setup: $(VENV)/.app ## create the environment and install what the app needs

cluster: $(VENV)/.cluster models ## the app over a Ray cluster: two replicas here (ARGS="--replicas 1:4", "--address auto")
	@exec $(PY) -m playground.cluster $(ARGS)

models: setup ## prepare the embedded models in the cache folder, once
	@$(PY) -m playground.models.embedded

# Each step stands in run.py, which works where there is no make, too.
$(VENV)/pyvenv.cfg:
	@VENV=$(VENV) $(RUN) environment

$(VENV)/.app: requirements.txt requirements.lock requirements-models.lock | $(VENV)/pyvenv.cfg
	@VENV=$(VENV) $(RUN) setup

$(VENV)/.dev: requirements-dev.txt $(VENV)/.app $(VENV)/.cluster
	@echo "Installing what the tests need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/.cluster: requirements-cluster.lock $(VENV)/.app
	@echo "Installing Ray"
	@$(PIP) --require-hashes --no-deps -r requirements-cluster.lock
	@touch $@

test: $(VENV)/.dev models browser-setup js unit integration browser ## every tier: views' scripts, unit, integration, browser

UNIT := $(PY) -m pytest tests/unit playground --doctest-modules -m "not thorough" -q -n 2 --dist worksteal

unit: $(VENV)/.dev models ## unit tests alone
	@$(UNIT)

# Before Python 3.12 counting takes a third of the time again, and from then on hardly any.
uncovered: $(VENV)/.dev models ## unit tests, how many lines they run, and which they leave out
	@COVERAGE_CORE=$$($(PY) -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
		$(UNIT) --cov --cov-report=term-missing:skip-covered

integration: $(VENV)/.dev models ## integration tests alone, through gradio_client
	@$(PY) -m pytest tests/integration tests/security -m "not browser and not thorough" -q -n 2 --dist worksteal

# A browser on a busy machine can be late: a test that fails is tried once more, and the summary names it (RERUN).
browser: $(VENV)/.dev models browser-setup ## browser tests alone, in Chromium
	@$(PY) -m pytest tests/browser tests/security/test_foreign_pages.py tests/security/test_injection.py \
		-m "not thorough" -q -n 2 --dist worksteal --reruns 1 -raR

thorough: $(VENV)/.dev models browser-setup ## what make test leaves out: every window, every kind of link, hundreds of schedules
	@$(PY) -m pytest tests -m thorough -q -n 2 --dist worksteal --reruns 1 -raR

browser-setup: $(VENV)/.dev
	@$(PY) tests/browser/setup_chromium.py

types: $(VENV)/.app ## write the TypeScript declarations of what views are sent
	@$(PY) -m tabs.view_types

glossary: $(VENV)/.app ## write docs/glossary.md from assets/glossary.toml
	@$(PY) -c "from tabs.glossary import write; write()"

lessons: $(VENV)/.app ## check the form of every lesson (ARGS="DIR" adds your own, ARGS="--run" also computes their facts)
	@$(PY) -m playground.lessons $(ARGS)

sweep: $(VENV)/.dev ## every family of transformers x every capability, on tiny models (ARGS="--only bart --resume")
	@$(PY) -m tests.sweep $(ARGS)

js: $(VENV)/.dev ## tests of the views' scripts alone, in node and without a page
	@$(VENV)/bin/node --test --test-reporter=dot tests/views/*/*.test.js

tests/views/node_modules/.package-lock.json: tests/views/package-lock.json | $(VENV)/.dev
	@cd tests/views && $(NPM) ci --silent --no-audit --no-fund
	@touch $@

check: $(VENV)/.dev tests/views/node_modules/.package-lock.json ## ruff, mypy; types and style of the views' scripts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@cd tests/views && $(NPM) run --silent check

format: $(VENV)/.dev tests/views/node_modules/.package-lock.json ## let ruff and biome mend what they can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@cd tests/views && $(NPM) run --silent format

bench: $(VENV)/.dev models browser-setup ## every benchmark, quick; results go to benchmarks/results
	@if [ -f requirements-bench.txt ]; then $(PIP) -r requirements-bench.txt; fi
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(PY) $$script --quick || exit 1; done

gpu: ## on a machine with CUDA: every test of a GPU and its benchmarks, in ten minutes (ARGS=--cpu tries the script)
	@$(or $(wildcard $(PY)),$(BASE_PYTHON),python3) benchmarks/gpu.py $(ARGS)

lock: $(VENV)/pyvenv.cfg ## write the lock files anew from the requirements (needs a network)
	@$(PIP) uv==0.13.9
	@$(LOCK) requirements.txt -o requirements.lock
	@awk 'BEGIN {keep = 1} /^[a-z]/ {keep = !/^(torch|triton|nvidia-|cuda-)/} keep' requirements.lock > requirements.new
	@mv requirements.new requirements.lock
	@$(LOCK) --no-deps requirements-models.txt -o requirements-models.lock
	@$(LOCK) --constraints requirements.lock requirements-mcp.txt -o requirements-mcp.lock
	@$(LOCK) --constraints requirements.lock requirements-cluster.txt -o requirements-cluster.lock

audit: $(VENV)/pyvenv.cfg ## ask which locked packages have known weaknesses (needs a network)
	@[ -d $(VENV)/audit ] || $(PY) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --no-deps -r requirements.txt
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-mcp.lock
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-cluster.lock

train-sentiment: $(VENV)/.app ## train the 5-star classifier again (DATA=folder)
	@$(PY) -m training.sentiment --data $(DATA)

train-association: $(VENV)/.app ## train the word-association model again (DATA=folder)
	@$(PY) -m training.association --data $(DATA)

evaluate: models ## judge a trained model on a file (FILE=path); the last line is JSON
	@$(PY) -m training.evaluate $(FILE)

image: $(VENV)/pyvenv.cfg ## build the container image (BUILD_FLAGS="--build-arg ..." for more)
	@$(PY) tests/image_check.py

image-check: $(VENV)/pyvenv.cfg ## build it, and try it as another user, read-only, to its end
	@$(PY) tests/image_check.py --check

clean: ## remove the environment and all caches of the tools
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .gradio
