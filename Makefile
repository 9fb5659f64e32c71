# A fresh machine with Python 3.11 or newer needs nothing else:
#   make demo    train on real data and leave a model and figures in demo/
#   make test    every test that needs no browser
#   make test-browser    report.html and the lab of the installed wheel in a real browser: Debian's chromium, or CHROMIUM_PATH
#   make check   style and types
#   make docs    run every example of README.md and docs/
#   make compat  scikit-learn's own tests, run against glassnet's estimators
#   make torture  kills, full disks, damaged files, Ctrl-C and threads; an hour or two
#   make mutants  whether the tests notice faults put into the source
#   make lab-page  build the page of the lab again, with Node and npm
#   make gallery  draw the pictures of docs/gallery.md again
#   make bench DATA=...     speed beside the peers, to benchmarks/RESULTS.md (downloads them; DATA, with mnist.npz, may be left out)
#   make bench-quick        the same on smaller work, under 3 minutes
#   make accuracy DATA=...  what is learned, to benchmarks/ACCURACY.md (DATA holds the tables that benchmarks/README.md names)

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers
INSTALLED := $(VENV)/installed
DATA ?=
TEST_OPTIONS ?= -q -n auto --maxprocesses 4

.PHONY: help demo test test-browser check docs compat torture mutants gallery lab-page bench bench-quick accuracy format wheel clean

help:
	@sed -n 's/^#   //p' Makefile

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "glassnet needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make an environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV): a minute or two, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)
	@rm -rf demo/run
	$(BIN)/python examples/bundled_table.py breast_cancer demo/tumours.csv
	$(BIN)/glassnet train demo/tumours.csv --target diagnosis --seed 0 -o demo/run
	@echo "Open demo/run/report.html. Model, figures and metrics:" && ls demo/run

test: $(READY)
	$(BIN)/python -m pytest $(TEST_OPTIONS) --ignore tests/browser

# the wheel, built now and installed in an environment of its own: what is left out of it is missed here
test-browser: $(READY)
	@rm -rf $(INSTALLED)/dist
	@$(BIN)/python -m build --wheel --outdir $(INSTALLED)/dist . >/dev/null
	@test -x $(INSTALLED)/bin/python || $(PYTHON) -m venv $(INSTALLED)
	@$(INSTALLED)/bin/python -m pip install --quiet --disable-pip-version-check "$$(ls $(CURDIR)/$(INSTALLED)/dist/*.whl)[dev]"
	@$(INSTALLED)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(INSTALLED)/dist/*.whl
	GLASSNET_INSTALLED=1 $(INSTALLED)/bin/python -m pytest -q -o pythonpath= tests/browser

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m pytest -q tests/test_documentation.py

# from a folder without configuration: scikit-learn's tests are not held to ours
compat: $(READY)
	PYTHONPATH=compat $(BIN)/python -m pytest -q -n auto --maxprocesses 4 -c /dev/null -p no:cacheprovider -p substitution \
		--pyargs sklearn.neural_network.tests.test_mlp sklearn.linear_model.tests.test_logistic sklearn.neural_network.tests.test_rbm

torture: $(READY)
	$(BIN)/python -m torture

mutants: $(READY)
	$(BIN)/python -m torture.mutants

lab-page:
	cd lab-page && npm ci --ignore-scripts --no-audit --no-fund && npm run build

gallery: $(READY)
	$(BIN)/python docs/pictures/gallery.py

# torch first and by its exact version: resolved together with the other peers, it may come as another build
$(PEERS): $(READY)
	@echo "Installing the peers: a few hundred megabytes, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $(PEERS)

bench: $(PEERS)
	$(BIN)/python -m benchmarks $(if $(DATA),--data '$(DATA)')

bench-quick: $(PEERS)
	$(BIN)/python -m benchmarks --quick $(if $(DATA),--data '$(DATA)')

accuracy: $(READY)
	$(BIN)/python -m benchmarks.accuracy $(if $(DATA),--data '$(DATA)')

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(READY)
	@rm -rf dist
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) demo dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
