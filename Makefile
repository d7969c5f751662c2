# The verbs of this project; `make` alone lists them.
.PHONY: help setup run demo-fault test test-quick lint types tests test-encoders fuzz format rules docs pictures bench lock dashboards compose kubernetes compose-secrets bench-dashboards bench-alerts bench-anomaly bench-service
.NOTPARALLEL:
# where it is set, every process compiles what it imports anew: a third of the start of a pytest, a fifth of others
tests test-quick fuzz: export PYTHONDONTWRITEBYTECODE =

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' Makefile

setup: ## install missing packages and make .venv
	@stack/setup.sh test
	@.venv/bin/python -m tests.grafana.types

run: ## start everything, print the addresses, stop on Ctrl-C (GRAFANA=no: without Grafana)
	@stack/setup.sh run
	@.venv/bin/python -m stack

demo-fault: ## inject a fault into the running demo: make demo-fault FAULT="list", "slow_module", "slow_module off"
	@.venv/bin/python -m demo.fault $(or $(FAULT),list)

test: setup lint types tests ## set up, then lint, types and all tests
	@echo "make test: formatting, lint, types, tests and coverage are in order"

test-quick: lint ## lint, and the tests that start no process (under a minute)
	.venv/bin/python -m pytest -n 2 --quick

lint: ## formatting, lint, and who may import whom
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m ruff check
	.venv/bin/lint-imports --no-cache

types: ## types, strictly
	.venv/bin/python -m mypy -n 2

tests: ## the tests, with coverage (WORKERS=2: in two processes)
	# most tests wait for servers half of their time, so four processes fill two cores;
	# a test that fails while they share the machine runs once more alone: only a second failure counts
	@rm -f .coverage.json
	.venv/bin/python -m slipcover --json --out .coverage.json -m pytest -n $(or $(WORKERS),4) --dist worksteal --durations=10 || \
		{ [ $$? -eq 1 ] && .venv/bin/python -m pytest -n 0 --lf --lfnf=none; }
	.venv/bin/python -m slipcover --fail-under 90 --merge .coverage.json --out .coverage.json

test-encoders: ## the learned encoders on tiny random models; installs torch beside .venv (gigabytes, once)
	@stack/encoders.sh

fuzz: ## random requests and values with a new seed, and the longest tests (minutes; SEED=7 repeats those of 7)
	@SEED=$(SEED) EXAMPLES=$(EXAMPLES) .venv/bin/python -m tests.ingestion_api.fuzzing

format: ## format, and fix what ruff can fix
	.venv/bin/python -m ruff format
	.venv/bin/python -m ruff check --fix

rules: ## write prometheus/rules/ from prometheus/thresholds.yml, and alertmanager.yml from receivers.yml
	@.venv/bin/python -m prometheus && .venv/bin/python -m alertmanager

dashboards: ## write grafana/generated from the code (WATCH=1: again on every save)
	@.venv/bin/python -m grafana $(if $(WATCH),--watch)

compose: ## write the files that docker-compose.yml mounts and its images install
	@.venv/bin/python -m stack.compose

kubernetes: ## write the kustomize base: kustomization.yaml and stack/kubernetes/generated
	@.venv/bin/python -m stack.kubernetes

compose-secrets: ## make the secrets of docker-compose.yml once
	@stack/compose/secrets.sh

docs: ## write the generated pages of docs/: alerts, dashboards, metrics, settings
	@.venv/bin/python -m docs.generate
	@.venv/bin/python -m docs.picture_list

pictures: ## take each dashboard of a running Grafana into docs/pictures: GRAFANA_URL=http://host:3000, GRAFANA_TOKEN=...
	@.venv/bin/python -m stack.pictures
	@.venv/bin/python -m docs.generate
	@.venv/bin/python -m docs.picture_list

bench: ## measure, and write benchmarks/README.md: WHAT=exporter (default), footprint (ROW=users ...), alerts, calm-week, notices, incidents, alert-call, service, reading-load, dashboards
	@.venv/bin/python -m benchmarks.$(subst -,_,$(patsubst service,service_load,$(or $(WHAT),exporter))) $(ROW)

bench-alerts: ## cause every breach of the fast lane and time its notification (about 20 minutes)
	@.venv/bin/python -m benchmarks.alerts

bench-service: ## jobs accepted and texts embedded per second (about 2 minutes)
	@.venv/bin/python -m benchmarks.service_load

bench-dashboards: ## every query of every dashboard on a running system and on a week of history
	@.venv/bin/python -m benchmarks.dashboards

bench-anomaly: ## anomaly detection: a synthetic month with faults, and with DATA=FOLDER two labelled sets
	@.venv/bin/python -m benchmarks.anomaly_faults
	@.venv/bin/python -m benchmarks.anomaly_first_look
	@$(if $(DATA),.venv/bin/python -m benchmarks.anomaly $(DATA))

lock: ## write requirements.txt from pyproject.toml (UPGRADE=--upgrade takes the newest versions)
	@stack/lock.sh $(UPGRADE)
