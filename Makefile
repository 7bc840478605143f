# `make help` lists the targets. Needed: Python 3.11 or newer, make and git.

.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 5000
# Tests wait for browsers, servers and databases: four workers keep two cores busy.
WORKERS ?= 4
REQUESTS ?= 20000
ARGS ?=

# Without compiled files, each process that a test starts would wait for the compiler.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
FLASK := $(PY) -m flask --app wsgi --no-debug
PYTEST := $(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal
# setuptools warns at every editable install, and we can't prevent it.
PIP := PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# A stamp is named after the extras that were installed, so no target takes the install of another
# for its own. It is out of date when one of these files changes.
PACKAGE := setup.cfg pyproject.toml constraints.txt
RUN := serve
TEST := $(RUN),test,postgres,mysql
DOCS := docs
FOR_RUN := $(VENV)/.installed-$(RUN)
FOR_TESTS := $(VENV)/.installed-$(TEST)
FOR_DOCS := $(VENV)/.installed-$(DOCS)

.PHONY: run dev test test-fast lint help format test-long test-postgres bench scale security \
	translations pictures lighthouse docs wheels test-mariadb test-oldest test-pythons constraints audit clean

##@ Every day

# The made-up company of the demo; the account is the usual example of a German IBAN.
ifeq ($(PORTAL_COMPANY)$(PORTAL_COMPANY_ADDRESS)$(PORTAL_BANK_IBAN),)
run dev: export PORTAL_COMPANY := Harbour & Söhne Hosting
run dev: export PORTAL_COMPANY_ADDRESS := "Kaistraße 12\n20457 Hamburg\nDeutschland"
run dev: export PORTAL_BANK_HOLDER := Harbour & Söhne Hosting
run dev: export PORTAL_BANK_IBAN := DE89 3704 0044 0532 0130 00
run dev: export PORTAL_BANK_BIC := COBADEFFXXX
endif

# The data stays: a second run upgrades the schema if need be and finds the demo customer there.
# The port comes first, since another portal may be running on it with this database.
run: $(FOR_RUN) ## serve the portal with its demo customer on http://127.0.0.1:5000 (PORT=... moves it)
	@$(PY) -m tools.serve $(PORT) --check
	@$(FLASK) db upgrade
	@$(FLASK) demo
	@exec $(PY) -m tools.serve $(PORT)

# Without the debugger: pages show no stack traces to people.
dev: $(FOR_RUN) ## the same, restarted whenever the code changes
	@$(PY) -m tools.serve $(PORT) --check
	@$(FLASK) db upgrade
	@$(FLASK) demo
	@exec $(PY) -m tools.serve $(PORT) --reload

test: $(FOR_TESTS) ## run all tests, on SQLite and servers, in the browser too (ARGS=... goes to pytest)
	@$(PYTEST) --database both $(ARGS)

test-fast: $(FOR_TESTS) ## run the tests that need no browser, no server and no time; about a minute
	@$(PYTEST) --numprocesses 2 -m "not browser and not slow and not thorough and not postgres and not mariadb" $(ARGS)

lint: $(FOR_TESTS) ## check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@mkdir -p build/types && ln -sfn ../../portal/twofactor build/types/flask_twofactor
	@for host in examples/*/; do $(PY) -m mypy --config-file examples/mypy.ini "$$host" || exit 1; done

##@ For maintainers

help: ## list the targets
	@awk '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	/^[a-z-]+:.* ## / { name = text = $$0; sub(/:.*/, "", name); sub(/.* ## /, "", text); \
	printf "  make %-14s %s\n", name, text }' $(firstword $(MAKEFILE_LIST))

format: $(FOR_TESTS) ## correct the style
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

test-long: $(FOR_TESTS) ## send 20000 random requests (REQUESTS=... sends more), and race four times as often
	@FUZZ_REQUESTS=$(REQUESTS) $(PY) -m pytest tests/fuzz $(ARGS)
	@RACE_ROUNDS=4 $(PYTEST) tests/processes $(ARGS)

test-mariadb: $(FOR_TESTS) ## run all tests but those in the browser on MariaDB alone
	@$(PYTEST) --database mariadb -m "not browser" $(ARGS)

test-postgres: $(FOR_TESTS) ## run the quick tests on PostgreSQL alone
	@$(PYTEST) --database postgresql -m "not browser and not slow" $(ARGS)

bench: $(FOR_TESTS) ## measure the costs, compared to other packages, 20 minutes (docs/performance.md; ARGS=--quick)
	@$(PY) -m bench $(ARGS)

scale: $(FOR_TESTS) ## measure with a million accounts, on PostgreSQL (ARGS="--engine mariadb"); half an hour
	@$(PY) -m tools.scale --commands $(ARGS)

security: $(FOR_TESTS) ## run all tests and write their outcomes into docs/security.md
	@mkdir -p build
	@$(PYTEST) --database both --junitxml=build/report.xml -o junit_family=xunit2 $(ARGS)
	@$(PY) -m tools.security --results build/report.xml

translations: $(FOR_TESTS) ## collect the sentences into the .pot and .po files, and list what is untranslated
	@$(PY) -m tools.translations

pictures: $(FOR_TESTS) ## save every page, state and mail as a PNG in docs/pictures/
	@$(PY) -m tools.pictures $(ARGS)
	@$(PY) -m tools.mail_pictures $(ARGS)

lighthouse: $(FOR_TESTS) ## check the most important pages with Lighthouse (installs it into build/; ARGS=--all: every page)
	@$(PY) -m tools.lighthouse $(ARGS)

docs: $(FOR_DOCS) ## build the documentation in build/docs; warnings are errors
	@$(PY) -m tools.settings_table --check
	@$(PY) -m tools.portal_settings --check
	@$(PY) -m tools.signals_table --check
	@$(PY) -m tools.refusals --check
	@$(PY) -m tools.form_errors --check
	@$(PY) -m tools.performance --check
	@$(PY) -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --doctree-dir build/doctrees docs build/docs
	@echo "The documentation is in build/docs/index.html"

wheels: $(FOR_TESTS) ## build the wheels and sdists of the portal and of flask-twofactor in dist/
	@$(PY) -m tools.wheels

test-oldest: $(FOR_TESTS) ## run quick tests with the lowest versions that setup.cfg allows (ARGS=... goes to pytest)
	@$(PY) -m tools.oldest $(ARGS)

test-pythons: $(FOR_TESTS) ## run them with each other Python that is supported and installed
	@$(PY) -m tools.oldest --pythons $(ARGS)

constraints: ## pin the newest versions that setup.cfg allows in constraints.txt
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT \
	&& $(PYTHON) -m venv "$$tmp/venv" \
	&& "$$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check '.[$(TEST),prometheus,$(DOCS)]' \
	&& { echo '# What CI runs. Made with: make constraints'; \
	     "$$tmp/venv/bin/python" -m pip freeze --exclude flask-portal-twofactor | sort -f; } > "$$tmp/constraints.txt" \
	&& mv "$$tmp/constraints.txt" constraints.txt

# Its own environment: what pip-audit needs is no part of what is audited.
audit: ## look for known vulnerabilities in the versions of constraints.txt (pip-audit)
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT \
	&& $(PYTHON) -m venv "$$tmp/venv" \
	&& "$$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check pip-audit \
	&& "$$tmp/venv/bin/python" -m pip_audit --no-deps --disable-pip --requirement constraints.txt $(ARGS)

clean: ## delete what was installed, built and cached; the data in instance/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Half an environment is none: without ensurepip, venv stops after it has made the interpreter.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed; PYTHON=... names another one" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# What the tests need includes what `make run` needs.
$(VENV)/.installed-%: $(PACKAGE) | $(PY)
	@echo "Installing into $(VENV) with the extras $* ..."
	@$(PIP) --editable '.[$*]'
	@touch $@ $(if $(filter $(TEST),$*),$(FOR_RUN))
