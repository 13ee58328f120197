# Everything a developer does here. Needs make and any Python 3; the first verb sets up the rest under .venv/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON := .venv/bin/python
SAM := .venv/sam/bin/sam
CFN_LINT := .venv/sam/bin/cfn-lint
CHECKOV := .venv/checkov/bin/checkov
# `sam build` looks for python3.13 on the PATH: this one.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# Compiled once, not again by every process, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE
# Which deployment is meant: dev, staging or prod (samconfig.toml).
STAGE ?= dev
# Parameters to change with a deployment: make deploy SET="ServiceOpen=false". The others stay as they are. It also answers the
# questions of a first deployment in advance.
SET ?=
# `yes` agrees in advance to what a deployment changes, or a deletion deletes, where nobody is at the terminal.
YES ?=
# `yes` if all tests have just passed, in CI or by `make test`: make deploy does not run the quick ones then.
TESTED ?=
# `draft` has make deploy upload the sign-in form without publishing it, and print Meta's preview link.
FORM ?=
# Which change set `make execute` carries out: what `make change-set` printed.
CHANGE_SET ?=
# How citizens sign in, for `make run`: consent-page, form or in-chat. None: as samconfig.toml has it.
SIGN_IN ?=
# For which deployment `make events` signs. None: the one of `make run`.
STACK ?=
# What to test, and how: make test TESTS=tests/unit, or TESTS="-k otp". On one processor, to debug: TESTS="-n 0 --pdb".
TESTS ?=
# What `make new-question` begins: NAME=pets_name.
NAME ?=
# With which commit's texts `make transcripts` compares: HEAD, before your change is committed.
SINCE ?= HEAD
# All Python code, for the type checker.
CODE := layers/helpdesk/helpdesk functions operations events standins capacity_model template_checks tests tools
# Whose phrases to try, and whose texts to show or mark, by the language's code. Nothing: all of them.
LANGUAGE ?=
# What to simulate: make simulate SEED=42 plays that run again, SEEDS=0..2000 those runs, SECONDS=600 searches for so long.
SEED ?=
SEEDS ?=
SECONDS ?=
# Which texts `make translated` marks: their names, or all.
KEYS ?=
# Whose posters `make posters` prints, instead of the deployed desk's: digits with the country code.
NUMBER ?=
# From which restored table `make restore` copies.
TABLE ?=
# Which month `make report` is about: MONTH=2026-11.
MONTH ?=
# What to measure: make bench PART=load. Nothing: all of it.
PART ?=

.PHONY: help check shape new-question transcripts translations translated blind compare run demo test replay drill phrases bench screenshots lint docs reference format events sam-local build \
  deploy doctor secrets change-set execute redrive restore revoke-all find report posters prune delete environments clean

help: ## Print this
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/.ready .venv/sam/.ready ## The whole help desk on this machine, with a chat page, until Ctrl-C (SIGN_IN=consent-page)
	@SIGN_IN='$(SIGN_IN)' exec $(PYTHON) -m standins.local_stack

demo: .venv/.ready .venv/sam/.ready ## One whole conversation, printed as a chat; ends with the PDF's path
	@exec $(PYTHON) -m standins.demo

check: .venv/.ready .venv/sam/.ready ## What to run at every save, in two minutes: style, types, the default template, dialogue and units
	@$(PYTHON) -m ruff check --quiet
	@$(PYTHON) -m ruff format --check --quiet || { echo 'Not formatted: make format'; exit 1; }
	@$(PYTHON) -m mypy --strict --no-error-summary $(CODE)
	@AWS_DEFAULT_REGION=ap-south-1 $(CFN_LINT) --template template.yaml
	@exec $(PYTHON) -m pytest -n auto --quiet tests/conversations tests/understanding tests/unit

shape: .venv/.ready ## Lines, complexity, file size, maintainability and imports between chapters
	@exec $(PYTHON) -m tools.shape

new-question: .venv/.ready ## Begin a question of the dialogue: stage, chapter, line in stages.py, texts (NAME=pets_name)
	@exec $(PYTHON) -m tools.new_question $(NAME)

transcripts: .venv/.ready ## Write changed texts into the transcripts of tests/conversations; refuses changed buttons, order or count
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.transcripts --since '$(SINCE)'

translations: .venv/.ready ## A page on which a speaker checks the texts: build/translations/<code>.html (LANGUAGE=or; without it, all)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.translations page $(LANGUAGE)

translated: .venv/.ready ## Say that texts say what the English says now (LANGUAGE=or KEYS="menu otp.ask", or KEYS=all)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.translations mark '$(LANGUAGE)' $(KEYS)

blind: .venv/.ready ## The texts that a reader translates back, without the English (LANGUAGE=or)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.back_translation blind '$(LANGUAGE)'

compare: .venv/.ready ## The English beside what a reader translated back (LANGUAGE=or)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.back_translation compare '$(LANGUAGE)'

test: .venv/.ready .venv/sam/.ready .venv/template/.ready ## Every test that needs no Docker, end to end over the deployed template too
	@exec $(PYTHON) -m pytest -n auto $(TESTS)

replay: .venv/.ready ## Kill the function before and after every call of a conversation, and check that it ends the same way
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.replay

phrases: .venv/.ready ## What people say, and how it is understood: right, wrong and harmful phrases (LANGUAGE=hi, or all)
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.understanding $(LANGUAGE)

drill: .venv/.ready .venv/sam/.ready ## Set off eleven alarms on a local stack, and see that each one's chapter leads to the cause
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tests.drill

simulate: .venv/.ready ## Many citizens, many faults, and an auditor: search for a minute (SECONDS=600), or play a run again (SEED=42)
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.simulation --seed='$(SEED)' --seeds='$(SEEDS)' --seconds='$(SECONDS)'

bench: .venv/.ready .venv/sam/.ready build/peers/.ready ## Measure everything, or one part (PART=load): bars, build/bench.json, docs/benchmarks.md
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.benchmarks $(PART)

screenshots: .venv/.ready .venv/sam/.ready ## Pictures of the chat page for docs/images, taken in Chromium
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tests.browser.screenshots

lint: .venv/.ready .venv/sam/.ready .venv/checkov/.ready .venv/template/.ready .venv/prose/.ready ## Style, types, translations, prose, the reference and the template
	@$(PYTHON) -m ruff check --quiet
	@$(PYTHON) -m ruff format --check --quiet || { echo 'Not formatted: make format'; exit 1; }
	@$(PYTHON) -m mypy --strict --no-error-summary $(CODE)
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tools.translations lint
	@AWS_DEFAULT_REGION=ap-south-1 $(SAM) validate --lint
	@AWS_DEFAULT_REGION=ap-south-1 $(CFN_LINT) --append-rules cfn_lint_serverless.rules --template template.yaml
	@$(CHECKOV) --file template.yaml --framework cloudformation --compact --quiet --skip-download
	@$(PYTHON) -m template_checks
	@.venv/prose/bin/python -m tools.prose
	@PYTHONPATH=layers/helpdesk:. $(PYTHON) -m tools.reference --check

reference: .venv/.ready ## Write docs/reference from the template and the code
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m tools.reference

docs: .venv/docs/.ready ## The documentation as a site, in build/site; fails on a broken link, needs no network
	@NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --quiet --clean && echo 'build/site/index.html'

format: .venv/.ready ## Format the code and fix what can be fixed automatically
	@$(PYTHON) -m ruff check --fix --quiet || true
	@$(PYTHON) -m ruff format

events: .venv/.ready ## Sample events for the running `make run`, signed, dated and seeded now (STACK=helpdesk-dev: for that)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m events.make $(STACK)

sam-local: .venv/.ready .venv/sam/.ready ## Every event through `sam local invoke`, and the API by `sam local start-api` (needs Docker)
	@exec $(PYTHON) -m pytest tests/sam_local $(TESTS)

build: .venv/.ready .venv/sam/.ready ## What is deployed, compiled, into .aws-sam (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.building.build $(STAGE) $(SET)

deploy: .venv/.ready .venv/sam/.ready .venv/template/.ready ## Ask, build, test, deploy, fill the secrets, try the webhook, tell Meta (STAGE=dev|staging|prod)
	@TESTED='$(TESTED)' YES='$(YES)' FORM='$(FORM)' exec $(PYTHON) -m operations.deployment.deploy $(STAGE) $(SET)

doctor: .venv/.ready ## Look for what people get wrong in a deployment, and say how to fix it (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.stage.doctor helpdesk-$(STAGE)

secrets: .venv/.ready ## Put or rotate what Meta and DigiLocker gave you, asked for unseen (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.stage.credentials helpdesk-$(STAGE)

change-set: .venv/.ready .venv/sam/.ready ## What a deployment would change, to be reviewed and not done yet (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.deployment.change_set propose $(STAGE) $(SET)

execute: .venv/.ready ## Carry out a reviewed change set, then try the webhook (CHANGE_SET=..., STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.deployment.change_set execute $(STAGE) '$(CHANGE_SET)'

redrive: .venv/.ready ## Send the dead-letter queue's messages back to work (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.stage.redrive helpdesk-$(STAGE)

restore: .venv/.ready ## Copy lost consents back from a restored table (STAGE=dev|staging|prod TABLE=helpdesk-restored)
	@exec $(PYTHON) -m operations.stage.restore helpdesk-$(STAGE) '$(TABLE)'

revoke-all: .venv/.ready ## After a breach: end every session, revoke every token, delete lists and PDFs (STAGE=dev|staging|prod)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m operations.stage.revoke_all helpdesk-$(STAGE)

posters: .venv/.ready ## Posters with a QR code for each document and language, as PDF and SVG, in build/posters (STAGE=prod, or NUMBER=...)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m operations.stage.posters helpdesk-$(STAGE) '$(NUMBER)'

find: .venv/.ready ## The ids of a citizen's conversations, from her number, for a complaint (STAGE=dev|staging|prod)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m operations.stage.conversation helpdesk-$(STAGE)

report: .venv/.ready ## A month's open figures for officials, as a page and CSV in build/report (STAGE=prod MONTH=2026-11)
	@PYTHONPATH=layers/helpdesk:. exec $(PYTHON) -m operations.stage.report helpdesk-$(STAGE) '$(MONTH)'

prune: .venv/.ready ## Delete old versions of the functions and their layer that nothing needs (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.stage.prune $(STAGE)

delete: .venv/.ready ## Take a stage down; says what stays and why, and asks first (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.stage.delete $(STAGE) --agreed='$(YES)'

environments: .venv/.ready ## In the deploy workflow: see that only main gets the stage's AWS roles (STAGE=dev|staging|prod)
	@exec $(PYTHON) -m operations.deployment.environments $(STAGE)

clean: ## Remove what was built (the tools under .venv/ stay)
	@rm -rf .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# --- tools: environments apart where the tools want different versions of the same packages ------------------------------
# Any Python 3 gets uv, and uv gets Python 3.13 where the machine has none.

UV := .uv/bin/uv

.venv/.ready: requirements-dev.txt | .venv/bin/python
	@echo 'Installing the tools into .venv'
	@$(UV) pip sync --quiet --python $(PYTHON) --require-hashes $<
	@touch $@

.venv/%/.ready: requirements-%.txt | .venv/bin/python
	@echo 'Installing $* into .venv/$*'
	@test -x .venv/$*/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv/$*
	@$(UV) pip sync --quiet --python .venv/$*/bin/python --require-hashes $<
	@touch $@

# What the benchmarks compare with. Where it cannot be installed, they do without it.
build/peers/.ready: tests/benchmarks/requirements-peers.txt | .venv/bin/python
	@$(UV) venv --quiet --clear --python $(PYTHON) build/peers
	@$(UV) pip sync --quiet --python build/peers/bin/python --require-hashes $< && touch $@ || rm -rf build/peers

.venv/bin/python: | $(UV)
	@$(UV) venv --quiet --allow-existing --python 3.13 .venv || { \
	  echo 'Python 3.13 is needed; it was not found on this machine and could not be downloaded (see above). Do one of these, then run make again:' >&2; \
	  echo '  install it, for instance:  pyenv install 3.13' >&2; \
	  echo '  on Debian or Ubuntu, where it is packaged:  apt-get install python3.13' >&2; \
	  echo '  behind a firewall, name a mirror that has it:  export UV_PYTHON_INSTALL_MIRROR=file:///path/to/mirror' >&2; \
	  exit 1; \
	}

$(UV):
	@python=$$(command -v python3 || command -v python3.13) || { echo 'Python 3 is needed and was not found as python3.' >&2; exit 1; }; \
	"$$python" tools/get_uv.py requirements-dev.txt .uv
