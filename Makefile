# make run    the portal with its demo customer on http://127.0.0.1:5000 (PORT=... moves it)
# make test   everything that is tested, on both databases, the browser included (ARGS=... goes to pytest)
# make test-long   the fuzz with at least 20000 requests, other ones each time (REQUESTS=... sets them)

PYTHON ?= python3
PORT ?= 5000
# Tests wait for browsers, servers and databases: three keep two cores busy.
WORKERS ?= 3
REQUESTS ?= 20000
ARGS ?=

# Whoever asked for no compiled files would wait for the compiler in each process that a test starts.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
FLASK := $(PY) -m flask --app wsgi --no-debug
# setuptools warns at every editable install; there is nothing to be done about it.
PIP := PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PACKAGE := setup.cfg pyproject.toml constraints.txt

.PHONY: run scale test test-fast test-long test-postgres bench lint format translations pictures lighthouse security docs constraints clean help

help:
	@sed -n 's/^# //p' Makefile

# The data stays: a second run upgrades the schema if need be and finds the demo customer there.
run: $(VENV)/.installed
	@$(FLASK) db upgrade
	@$(FLASK) demo
	@echo "The portal is on http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@exec $(FLASK) run --host 127.0.0.1 --port $(PORT)

test: $(VENV)/.installed-for-tests
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal --database both $(ARGS)

# Without a browser, a build, a server of its own or one rule in many cases: for the minute between two edits.
test-fast: $(VENV)/.installed-for-tests
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal -m "not browser and not slow and not thorough and not postgres" $(ARGS)

# Host app and portal at random against the model of the design: says what it sent, and how long.
test-long: $(VENV)/.installed-for-tests
	@FUZZ_REQUESTS=$(REQUESTS) $(PY) -m pytest tests/fuzz $(ARGS)

# Every test that has an app, on PostgreSQL instead of SQLite.
test-postgres: $(VENV)/.installed-for-tests
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal --database postgresql -m "not browser and not slow" $(ARGS)

# What requests cost with a million accounts and ten million events, on PostgreSQL; half an hour.
scale: $(VENV)/.installed-for-tests
	@$(PY) -m tools.scale --commands $(ARGS)

# What it costs, beside its peers (docs/performance.md): one table, and build/bench.json; ARGS=--help.
bench: $(VENV)/.installed-for-tests
	@$(PY) -m bench $(ARGS)

lint: $(VENV)/.installed-for-tests
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: $(VENV)/.installed-for-tests
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# The sentences of the code into the .pot and .po files; says what is left to translate.
translations: $(VENV)/.installed-for-tests
	@$(PY) -m tools.translations

# Every page and state as a PNG in docs/pictures/.
pictures: $(VENV)/.installed-for-tests
	@$(PY) -m tools.pictures $(ARGS)

# Lighthouse of npm, kept in build/lighthouse, on the pages that matter most; about a minute.
lighthouse: $(VENV)/.installed-for-tests
	@$(PY) -m tools.lighthouse $(ARGS)

# docs/security.md anew: which test shows which requirement, with the outcomes of this run.
security: $(VENV)/.installed-for-tests
	@mkdir -p build
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal --database both --junitxml=build/report.xml -o junit_family=xunit2 $(ARGS)
	@$(PY) -m tools.security --results build/report.xml

# The documentation as a site in build/docs; warnings are errors.
docs: $(VENV)/.installed-for-docs
	@$(PY) -m tools.settings_table --check
	@$(PY) -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --doctree-dir build/doctrees docs build/docs
	@echo "The documentation is in build/docs/index.html"

# constraints.txt from the newest versions that setup.cfg admits, in a venv of its own.
constraints:
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT \
	&& $(PYTHON) -m venv "$$tmp/venv" \
	&& "$$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check '.[babel,test,postgres,prometheus,serve,docs]' \
	&& { echo '# What CI runs. Made with: make constraints'; \
	     "$$tmp/venv/bin/python" -m pip freeze --exclude flask-portal-twofactor | sort -f; } > "$$tmp/constraints.txt" \
	&& mv "$$tmp/constraints.txt" constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed; PYTHON=... names another one" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(PACKAGE) | $(PY)
	@echo "Installing into $(VENV) ..."
	@$(PIP) --editable '.[babel]'
	@touch $@

$(VENV)/.installed-for-tests: $(PACKAGE) | $(PY)
	@echo "Installing into $(VENV) what the tests need ..."
	@$(PIP) --editable '.[babel,test,postgres]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-for-docs: $(PACKAGE) | $(PY)
	@echo "Installing into $(VENV) what the documentation needs ..."
	@$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.installed
