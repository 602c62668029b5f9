# Everything on a bare machine with Python 3.11: `make demo`, `make test`, `make check`.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= reports/demo

.PHONY: demo test heavy check quick card sample table languages venv browser bench clean
.DEFAULT_GOAL := demo

demo: venv  ## draw a study, audit the reference detector, end with the path of a card
	$(BIN)/xaudit demo --out $(DEMO)

check: venv  ## style, types, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy xaudit
	$(BIN)/python -m pytest -q -n 2 tests/contracts -m "not heavy"

test: venv browser  ## the tests that take seconds at most; the others are in "heavy"
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not heavy"

heavy: venv browser  ## whole audits, tables of networks, real films
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m heavy

quick: venv  ## the tests that take moments
	$(BIN)/python -m pytest -q -n 2 -m "not heavy and not browser"

card: venv  ## print the card of the demo again
	$(BIN)/xaudit card $(DEMO)

sample: venv  ## accept a new sample card; look at what changed before you commit it
	rm -rf reports/sample build/sample
	$(BIN)/xaudit demo --out build/sample
	mkdir -p reports/sample/evidence
	cp build/sample/{plan,findings,verdict,hashes}.json build/sample/card.{html,md} reports/sample/
	cp build/sample/evidence/*.png reports/sample/evidence/

table: venv  ## accept new tables of methods and of formats
	cd tests/oracles && ../../$(BIN)/python method_table.py
	cd tests/oracles && ../../$(BIN)/python format_table.py

languages: venv  ## compile the catalogs that translators edit
	cd tests/oracles && ../../$(BIN)/python language_files.py

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[run,dev]'
	# An oracle of tests. Its own requirements bring a second OpenCV, which needs a display's libraries.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt quantus cachetools
	touch $@

browser:  ## Chromium, bubblewrap and dicom3tools for the tests, where apt-get may install them
	@if command -v chromium >/dev/null && command -v pdftotext >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium poppler-utils >/dev/null; \
	else echo "note: no Chromium and pdftotext, and no root to install them; tests of the card in a browser are skipped"; fi
	@command -v bwrap >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq bubblewrap >/dev/null; } || \
	  echo "note: bubblewrap is not installed; tests of those walls are skipped, those of namespaces are not"
	@command -v dciodvfy >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq dicom3tools >/dev/null; } || \
	  echo "note: dicom3tools is not installed; exported DICOM objects are not checked against the standard"

bench: venv  ## speed and memory, as ratios; see benchmarks/README.md
	$(BIN)/python benchmarks/explain.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/groups.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/startup.py reports/sample

clean:
	rm -rf $(VENV) build dist reports/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
