# Everything a developer does here. Needs make and Python 3.13; the rest is set up under .venv/ by the first verb.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON := .venv/bin/python
SAM := .venv/sam/bin/sam
# `sam build` looks for python3.13 on the PATH: this one.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# Says where `make deploy` goes: dev, staging or prod (samconfig.toml).
ENV ?= dev
# For which deployment `make events` signs. None: with a secret that no deployment knows.
STACK ?=
# What to test, and how: make test TESTS=tests/unit, or TESTS="-k otp".
TESTS ?=
# What to measure: make bench PART=load. Nothing: all of it.
PART ?=

.PHONY: help run demo test replay bench screenshots lint format events deploy redrive find clean

help: ## Print this
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: .venv/.ready .venv/sam/.ready ## The whole help desk on this machine, with a chat page, until Ctrl-C
	@exec $(PYTHON) -m simulator.local_stack

demo: .venv/.ready .venv/sam/.ready ## One whole conversation, printed as a chat; ends with the PDF's path
	@exec $(PYTHON) -m simulator.demo

test: .venv/.ready .venv/sam/.ready ## Every test that needs no Docker, end to end over the deployed template too
	@exec $(PYTHON) -m pytest $(TESTS)

replay: .venv/.ready ## Die before and after every call of a conversation, and see that it ends as ever
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.replay

bench: .venv/.ready .venv/sam/.ready build/peers/.ready ## Measure everything, or one part (PART=load): bars, build/bench.json, docs/benchmarks.md
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.benchmarks $(PART)

screenshots: .venv/.ready .venv/sam/.ready ## Pictures of the chat page for docs/images, taken in Chromium
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.browser.screenshots

lint: .venv/.ready .venv/sam/.ready ## Style, types and the template
	@$(PYTHON) -m ruff check --quiet
	@$(PYTHON) -m ruff format --check --quiet || { echo 'Not formatted: make format'; exit 1; }
	@$(PYTHON) -m mypy --strict --no-error-summary layers/helpdesk/helpdesk functions operations simulator simulation tests
	@AWS_DEFAULT_REGION=ap-south-1 $(SAM) validate --lint

format: .venv/.ready ## Format the code and mend what can be mended by itself
	@$(PYTHON) -m ruff check --fix --quiet || true
	@$(PYTHON) -m ruff format

events: .venv/.ready ## Sample events for both functions, signed and dated now, in build/events (STACK=helpdesk-dev)
	@exec $(PYTHON) -m operations.events $(STACK)

deploy: .venv/.ready .venv/sam/.ready ## Build and deploy to your AWS account, asking for each parameter (ENV=dev|staging|prod)
	@$(SAM) build --config-env $(ENV)
	@$(SAM) deploy --config-env $(ENV) --guided

redrive: .venv/.ready ## Send the dead-letter queue's messages back to work (ENV=dev|staging|prod)
	@exec $(PYTHON) -m operations.redrive helpdesk-$(ENV)

find: .venv/.ready ## The ids of a citizen's conversations, from her number, for a complaint (ENV=dev|staging|prod)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m operations.conversation helpdesk-$(ENV)

clean: ## Remove what was built (the tools under .venv/ stay)
	@rm -rf .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# --- tools: two environments, since the SAM CLI and the emulator want different versions of boto3 --------------------------

.venv/.ready: requirements-dev.txt | .venv/bin/uv
	@echo 'Installing the tools into .venv'
	@.venv/bin/uv pip sync --quiet --python $(PYTHON) --require-hashes $<
	@touch $@

.venv/sam/.ready: requirements-sam.txt | .venv/bin/uv
	@echo 'Installing the SAM CLI into .venv/sam'
	@test -x .venv/sam/bin/python || $(PYTHON) -m venv --without-pip .venv/sam
	@.venv/bin/uv pip sync --quiet --python .venv/sam/bin/python --require-hashes $<
	@touch $@

# What the benchmarks compare with. Where it cannot be installed, they do without it.
build/peers/.ready: tests/benchmarks/requirements-peers.txt | .venv/bin/uv
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) build/peers
	@.venv/bin/uv pip sync --quiet --python build/peers/bin/python --require-hashes $< && touch $@ || rm -rf build/peers

.venv/bin/uv:
	@python=$$(command -v python3.13 || true); \
	if [[ -z $$python ]] || ! "$$python" -c 'import ensurepip' 2>/dev/null; then \
	  echo 'Python 3.13 (with its venv module) is needed and was not found as python3.13.' >&2; \
	  echo 'With pyenv:  pyenv install 3.13' >&2; \
	  echo 'On Debian or Ubuntu, where it is packaged:  apt-get install python3.13-venv' >&2; \
	  exit 1; \
	fi; \
	"$$python" -m venv .venv
# uv's lines of the requirements, hashes included, for pip: what installs the rest is checked as well.
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
