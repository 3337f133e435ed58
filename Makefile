# Everything from one command: `make run` sets up and runs the demo company, `make test` checks the whole project.
# Needs Python 3.11 to 3.13 and make; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HOME_DIR ?= data
UI_HOME := $(abspath $(or $(TOKENOMICS_HOME),$(HOME_DIR)))
SQL := $(shell find dbt_project/models dbt_project/tests -name '*.sql')
SQL_RULES := .sqlfluff $(wildcard dbt_project/macros/*.sql)
SQL_LINTED := $(VENV)/.sql-linted

export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := true
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help install install-spark run test lint types parse pytest test-kill test-companies test-replay test-gateway dashboard ui docs metrics compare compare-engines bench bench-enforcement bench-series bench-loops lock

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: $(READY) ## Create .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock --compile-bytecode
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

install-spark: $(READY) ## Add what --target spark needs, from requirements-spark.lock; Java 17 has to be there
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-spark.lock --compile-bytecode

run: $(READY) ## Run the demo company (or TOKENOMICS_COMPANY) and print the summary
	$(BIN)/tokenomics run $(if $(TOKENOMICS_HOME),,--home $(HOME_DIR))

test: lint types parse pytest ## Style, types, dbt parse and every test

lint: $(READY) $(SQL_LINTED) ## Style of Python and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Parsing SQL takes half a second a file: only what changed is looked at again, all of it when a macro or a rule did.
$(SQL_LINTED): $(SQL) $(SQL_RULES) $(READY)
	@echo "sqlfluff: the SQL files that changed"
	@$(BIN)/sqlfluff lint --processes 0 --disable-progress-bar $(if $(filter $(SQL_RULES) $(READY),$?),$(SQL),$(filter $(SQL),$?))
	touch $@

types: $(READY)
	$(BIN)/mypy

parse: $(READY)
	TOKENOMICS_HOME=$(UI_HOME) $(BIN)/python -m orchestration.transform.manifest

pytest: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-kill: $(READY) ## Kill runs at many moments and prove that nothing is lost, doubled or half published (long)
	KILL_SEEDS=20 $(BIN)/pytest -m kill

test-companies: $(READY) ## Draw 300 small companies and the books of 300, and compare every cent with a reference in plain fractions (long)
	COMPANIES=300 $(BIN)/pytest -q -n auto tests/reference/test_companies.py tests/reference/test_ledgers.py
	COMPANIES=20 $(BIN)/pytest -q -n auto tests/reference/test_properties.py tests/reference/test_relations.py

test-replay: $(READY) ## Replay the demo's gates and compare them with real runs of many days (long)
	REPLAY_DAYS=10 $(BIN)/pytest -s tests/end_to_end/test_replay_of_gates.py

test-gateway: $(READY) ## What a real LiteLLM proxy does within its own delays, from ../shared/gateway-kit (long)
	GATEWAY_LONG=1 $(BIN)/pytest -q tests/enforcement/test_real_litellm_delays.py

dashboard: $(READY) ## Open the pages of the last run in the browser
	$(BIN)/tokenomics open --home $(UI_HOME)

ui: $(READY) parse ## The Dagster UI on http://127.0.0.1:3000, of the same home as make run
	mkdir -p $(UI_HOME)/dagster
	test -f $(UI_HOME)/dagster/dagster.yaml || printf 'telemetry:\n  enabled: false\nnux:\n  enabled: false\n' > $(UI_HOME)/dagster/dagster.yaml
	TOKENOMICS_HOME=$(UI_HOME) DAGSTER_HOME=$(UI_HOME)/dagster \
		$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

docs: $(READY) ## Write the dbt project's documentation as one page into the home
	@TOKENOMICS_HOME=$(UI_HOME) $(BIN)/python -m orchestration.transform.docs

metrics: $(READY) ## Ask a metric of the last run, by default those of the month close; QUERY="list metrics"
	@TOKENOMICS_HOME=$(UI_HOME) $(BIN)/python -m orchestration.transform.metrics $(QUERY)

compare-engines: $(READY) ## Build the demo company on DuckDB and on Spark and compare every published table, row for row; MODELS="...": these
	$(BIN)/python -m orchestration.publish.compare_engines "$(HOME_DIR)-engines" $(if $(COMPANY),--company "$(COMPANY)") \
		$(if $(AS_OF),--as-of $(AS_OF)) $(if $(MODELS),--models $(MODELS))

compare: $(READY) ## Are the published tables of the homes A and B equal, row for row? Exit code 2 if not
	$(BIN)/python -m orchestration.publish.compare "$(A)" "$(B)"

bench-enforcement: $(READY) ## How late and by how many dollars enforcement at a real LiteLLM proxy is; writes its MEASURED.md
	$(BIN)/python -m benchmarks.enforcement.measure

bench: $(READY) ## Time a run over ROWS generated gateway requests against a hand-written yardstick; BENCH=full new-day restated rule nothing; TARGET=spark
	$(BIN)/python -m benchmarks.whole_run --case $(or $(BENCH),full) $(if $(ROWS),--rows $(ROWS)) $(if $(RUNS),--runs $(RUNS)) \
		$(if $(TARGET),--target $(TARGET))

bench-series: $(READY) ## Measure stability, run-rates and forecasts on real daily series; rewrites REAL_SERIES.md
	$(BIN)/python -m benchmarks.series

bench-loops: $(READY) ## Measure the loop detector on a real trace with injected loops; rewrites benchmarks/loops/REPORT.md
	$(BIN)/python -m benchmarks.loops

lock: $(READY) ## Compile requirements.lock and requirements-spark.lock from their .in files
	$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile requirements-spark.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements-spark.lock
