# TimbreLens: `make app` opens the dashboard, `make check` and `make test` try the code.
#
# What may be set, on the command line or in the environment:
#   PYTHON  interpreter to make .venv from, where the ones below are not wanted
#   PORT    port of the dashboard, where 8501 or the next free one is not wanted
#   JOBS    how many tests run at a time, in processes of their own
#   ARGS    more words for pytest: make test ARGS="-k audio"
#   DATA    folder with nsynth/ and recordings/, for make notes
#   NOTES   folder that make notes builds
#   MINUTES how long make fuzz tries

PYTHON ?= python3.12 python3.11 python3.13 python3
DATA ?= ../shared/data
NOTES ?= notes
MINUTES ?= 10
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Makes requirements.lock, and nothing else.
UV := uv==0.13.9

SUITABLE := 3.11|3.12|3.13
NEEDED := TimbreLens needs Python 3.11 to 3.13
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])'

.PHONY: help app check test test-models fuzz pictures notes install style lint format types audit lock image-check clean

help:
	@echo "make app      open the dashboard in the browser (installs what it needs the first time)"
	@echo "make check    style, types and every quick test: no browser, no full grid of models"
	@echo "make test     every test but the full grid of the shipped models"
	@echo "make test-models  the full grid: each of the sixty shipped models"
	@echo "make fuzz     put damaged audio files to the gate for MINUTES=$(MINUTES)"
	@echo "make pictures take the pictures of the pages in docs/ anew"
	@echo "make notes    build the training set in $(NOTES)/ from registries and $(DATA)"
	@echo "make install  install what the dashboard needs into $(VENV), and stop there"
	@echo "make style    check style and layout with ruff"
	@echo "make lint     check style and layout, the Dockerfile, and the packages for known holes"
	@echo "make format   mend style and layout with ruff"
	@echo "make types    check xai_core with mypy --strict"
	@echo "make audit    look the locked packages up for known holes, where the list can be reached"
	@echo "make lock     work out requirements.lock from requirements.txt (ARGS=--upgrade: all of it anew)"
	@echo "make image-check  run the steps of the Dockerfile in full, without Docker, and weigh them"
	@echo "make clean    remove $(VENV), tool caches and everything in cache/"

app: $(VENV)/.installed
	$(BIN)/python -m streamlit run app.py $(if $(PORT),--server.port $(PORT))

check: style types
	@.ci/system_needs.sh $(BIN)/python fluidsynth
	$(PYTEST) -m "not browser and not models and not slow" $(ARGS)

test: $(VENV)/.installed-dev
	@.ci/system_needs.sh $(BIN)/python chromium fluidsynth
	$(PYTEST) -m "not models" $(ARGS)

test-models: $(VENV)/.installed-dev
	$(PYTEST) -m models $(ARGS)

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.audio.fuzz --minutes $(MINUTES)

pictures: $(VENV)/.installed-dev
	@.ci/system_needs.sh $(BIN)/python chromium
	$(BIN)/python -m tests.pictures

notes: $(VENV)/.installed
	@.ci/system_needs.sh $(BIN)/python fluidsynth npm
	$(BIN)/python -m xai_core dataset build starter --data "$(DATA)" --out "$(NOTES)"

install: $(VENV)/.installed

style: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint: style
	$(BIN)/hadolint Dockerfile
	@$(BIN)/python .ci/audit.py requirements.lock

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev
	$(BIN)/mypy xai_core

audit: $(VENV)/.installed-dev
	@$(BIN)/python .ci/audit.py requirements.lock

# Versions that are in the lock already stay, unless requirements.txt asks for others.
lock: $(BIN)/python
	@$(PIP) install $(UV)
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-python-downloads --generate-hashes \
	    --custom-compile-command "make lock" --quiet $(ARGS) requirements.txt -o requirements.lock

image-check: $(VENV)/.installed-dev
	$(BIN)/python -m tests.image_check

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find cache -mindepth 1 ! -name .gitkeep -delete

# The stamps are touched last, so an installation that stopped half-way is taken up again.
$(VENV)/.installed: requirements.lock $(BIN)/python
	@version=$$($(BIN)/python $(VERSION)); case "$$version" in $(SUITABLE)) ;; *) \
	    echo "$(NEEDED), and $(VENV) holds $$version: run make clean and try again." >&2; exit 1;; \
	esac
	@echo "Installing about 2.5 GB of Python packages into $(VENV), once; this can take a few minutes ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the tools for tests, lint and types ..."
	@$(PIP) install -r requirements-dev.txt
	@touch $@

# Every candidate is run, not only looked up: a pyenv shim answers to a name and then fails.
$(BIN)/python:
	@seen="no Python at all was found"; \
	for python in $(PYTHON); do \
	    version=$$("$$python" $(VERSION) 2>/dev/null) || continue; \
	    case "$$version" in \
	        $(SUITABLE)) ;; \
	        *) seen="$$python is $$version"; continue;; \
	    esac; \
	    if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	        seen="$$python lacks its venv module (Debian, Ubuntu: apt install python$$version-venv)"; \
	        continue; \
	    fi; \
	    echo "Making $(VENV) with $$python (Python $$version) ..."; \
	    exec "$$python" -m venv --clear $(VENV); \
	done; \
	echo "$(NEEDED), and $$seen: install one, or name it with PYTHON=/path/to/python." >&2; \
	exit 1
