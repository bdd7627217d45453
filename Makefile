# Every command of the project. What a command needs it installs into .tools/ first, pinned, once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules
# Cargo and the installers use every core by themselves; two targets at once only get in their way.
.NOTPARALLEL:

CARGO ?= cargo
# The lock file decides the versions: a build never changes it.
LOCKED := --locked
PYTHON_ENV := .tools/python/bin
RELEASE := target/release/logtriage
DEBUG_PROGRAM = $(or $(LOGTRIAGE_BIN),$(or $(CARGO_TARGET_DIR),target)/debug/logtriage)
# The tests of a cluster are interrupted after this long, and end what they started.
CLUSTER_SECONDS := 900
OBSERVABILITY_SECONDS := 720
ROLLOUT_SECONDS := 240
# So are those of the traces.
TRACES_SECONDS := 300
SCHEMA := .tools/grafana-schema
SHELL_FILES = $(shell find . \( -name .git -o -name .tools -o -name target -o -name node_modules \) \
	-prune -o -type f \( -name '*.sh' -o -path './.ci/*' \) -print | sort)

# How many swaps `make test-swaps` makes.
SWAPS ?= 500

# What follows a command, for example: make run ARGS="--config my.yaml"
ARGS ?=

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## Build and serve on ports 8080 and 9090 with the built-in models (ARGS="--config FILE")
	$(CARGO) run --release $(LOCKED) -- serve $(ARGS)

.PHONY: test
test: check test-rust test-rules test-alerts test-python test-traces test-chart ## Everything that must pass: check, then every test

.PHONY: check
check: check-scripts check-format check-lint check-docs check-deny check-dashboards check-image ## Format, lints, docs, licences; no tests

.PHONY: check-format
check-format: ## Rust formatting
	$(CARGO) fmt --check

.PHONY: check-lint
check-lint: ## Clippy on all targets, no warning allowed
	$(CARGO) clippy $(LOCKED) --all-targets -- -D warnings

.PHONY: check-docs
check-docs: ## The library's documentation builds, with no broken link
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc $(LOCKED) --no-deps

.PHONY: check-deny
check-deny: cargo-deny ## Licences, banned crates and sources (cargo-deny)
	@scripts/check-deny.sh

.PHONY: check-scripts
check-scripts: python-check ## Ruff on the Python, ShellCheck on the shell scripts
	$(PYTHON_ENV)/ruff check
	$(PYTHON_ENV)/ruff format --check
	@if [ -x $(PYTHON_ENV)/shellcheck ]; then \
		echo "shellcheck $(SHELL_FILES)"; $(PYTHON_ENV)/shellcheck $(SHELL_FILES); \
	else \
		echo "shellcheck: skipped, its package has no build for $$(uname -m)"; \
	fi

.PHONY: check-dashboards
check-dashboards: python-check grafana-schema ## The dashboards are what their code makes, and what Grafana's types allow
	@PYTHONPATH=scripts $(PYTHON_ENV)/python -m dashboards check
	@if [ -x $(SCHEMA)/node_modules/.bin/tsc ] && command -v node >/dev/null; then \
		PYTHONPATH=scripts $(PYTHON_ENV)/python -m dashboards typed $(SCHEMA); \
		echo "tsc --project $(SCHEMA)"; $(SCHEMA)/node_modules/.bin/tsc --project $(SCHEMA); \
	else \
		echo "dashboards against Grafana's types: skipped, there is no Node"; \
	fi

.PHONY: check-image
check-image: python-chart ## hadolint on the Dockerfile
	@if [ -x $(PYTHON_ENV)/hadolint ]; then \
		echo "hadolint Dockerfile"; $(PYTHON_ENV)/hadolint Dockerfile; \
	else \
		echo "hadolint: skipped, its package has no build for $$(uname -m)"; \
	fi

.PHONY: test-rust
test-rust: onnxruntime ## Unit, integration and documentation tests
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run $(LOCKED); $(CARGO) test $(LOCKED) --doc; \
	else \
		set -x; $(CARGO) test $(LOCKED); \
	fi

.PHONY: test-rules
test-rules: ## Every example of every rule
	$(CARGO) run --quiet $(LOCKED) -- rules test

.PHONY: mitre-coverage
mitre-coverage: ## docs/mitre-coverage.md, from the tags of the rules
	$(CARGO) run --quiet $(LOCKED) -- rules coverage > docs/mitre-coverage.md

.PHONY: test-python
test-python: python-check python-train ## Tests of the trainer and of this tooling
	LOGTRIAGE_BIN=$(DEBUG_PROGRAM) $(PYTHON_ENV)/python -m pytest

.PHONY: test-alerts
test-alerts: prometheus ## Every alert with a case that fires and one that stays quiet (promtool)
	@promtool=$${PROMTOOL:-.tools/prometheus/promtool}; set -x; \
	$$promtool check rules deploy/prometheus/logtriage.rules.yaml; \
	$$promtool test rules tests/observability/rules/*.test.yaml

.PHONY: test-chart
test-chart: kubectl helm-three prometheus python-check python-train python-chart ## The chart, manifests, overlays, files of image, Compose and kind: Helm 3 and 4, Kubernetes' schemas, policy (ARGS="-k NAME")
	LOGTRIAGE_TEST_BINARY=$(or $(LOGTRIAGE_TEST_BINARY),$(DEBUG_PROGRAM)) \
		$(PYTHON_ENV)/python -m pytest tests/chart tests/image tests/stacks $(ARGS)

.PHONY: chart
chart: kubectl python-check python-train ## Write anew what is made from the chart: its README, deploy/kubernetes, the kustomize base
	PYTHONPATH=scripts $(PYTHON_ENV)/python -m chart write

.PHONY: chart-golden
chart-golden: kubectl helm-three python-check python-train python-chart ## Write the chart's golden forms anew; read the difference before it is committed
	$(PYTHON_ENV)/python -m pytest tests/chart/test_render.py -k forms --golden

.PHONY: test-observability
test-observability: prometheus python-check python-train python-dashboards ## Real pods and a real Prometheus while things go wrong, two minutes (ARGS="--pictures docs/dashboards")
	$(if $(LOGTRIAGE_TEST_BINARY),,$(CARGO) build $(LOCKED))
	LOGTRIAGE_TEST_BINARY=$(or $(LOGTRIAGE_TEST_BINARY),$(DEBUG_PROGRAM)) \
		timeout --foreground --signal=INT --kill-after=60 $(OBSERVABILITY_SECONDS) \
		$(PYTHON_ENV)/python -m pytest tests/observability $(ARGS)

.PHONY: test-traces
test-traces: python-check python-traces ## Traces, as a real OTLP receiver gets them over both protocols (ARGS="-k NAME")
	$(if $(LOGTRIAGE_TEST_BINARY),,$(CARGO) build $(LOCKED))
	LOGTRIAGE_TEST_BINARY=$(or $(LOGTRIAGE_TEST_BINARY),$(DEBUG_PROGRAM)) \
		timeout --foreground --signal=INT --kill-after=60 $(TRACES_SECONDS) \
		$(PYTHON_ENV)/python -m pytest tests/tracing $(ARGS)

.PHONY: test-rollout
test-rollout: haproxy python-check python-train ## Two pods behind a balancer, restarted in turn ten times under load
	$(if $(LOGTRIAGE_TEST_BINARY),,$(CARGO) build $(LOCKED))
	LOGTRIAGE_TEST_BINARY=$(or $(LOGTRIAGE_TEST_BINARY),$(DEBUG_PROGRAM)) \
		timeout --foreground --signal=INT --kill-after=60 $(ROLLOUT_SECONDS) \
		$(PYTHON_ENV)/python -m pytest -s tests/rollout

.PHONY: dashboards
dashboards: python-check ## Write helm/logtriage/dashboards anew from scripts/dashboards
	PYTHONPATH=scripts $(PYTHON_ENV)/python -m dashboards write

.PHONY: test-swaps
test-swaps: ## Swaps under load on the release build, with the figures shown (SWAPS=500)
	$(CARGO) build --release $(LOCKED)
	LOGTRIAGE_TEST_BINARY=$(CURDIR)/$(RELEASE) LOGTRIAGE_TEST_SWAPS=$(SWAPS) \
		timeout 900 $(CARGO) test $(LOCKED) --test swaps -- --nocapture

.PHONY: test-cluster
test-cluster: cluster-tools python-check python-train ## Tests against a real API server, KUBECONFIG's or one built once (ARGS="-k NAME")
	$(CARGO) build $(LOCKED)
	LOGTRIAGE_BIN=$(DEBUG_PROGRAM) timeout --foreground --signal=INT --kill-after=60 $(CLUSTER_SECONDS) \
		$(PYTHON_ENV)/python -m pytest tests/cluster $(ARGS)

.PHONY: image-test
image-test: python-check python-train ## Build the image with buildah, run it confined, post a batch, print its layers (root, ten minutes)
	@scripts/image/test.sh

.PHONY: bench
bench: onnxruntime python-train python-traces ## Measure against the budgets, write docs/benchmarks.md (ARGS="--quick")
	$(CARGO) build --release $(LOCKED)
	$(CARGO) bench $(LOCKED) --bench stages --no-run
	$(PYTHON_ENV)/python scripts/bench.py run $(ARGS)

.PHONY: sizing
sizing: onnxruntime python-train ## Measure pods of several sizes and ten minutes of peak load, write docs/sizing.md (ARGS="--minutes 1")
	$(CARGO) build --release $(LOCKED)
	$(PYTHON_ENV)/python scripts/bench.py sizing $(ARGS)

.PHONY: bench-stages
bench-stages: onnxruntime ## Criterion benches of stages, engines and recording (ARGS="-- NAME" for one)
	$(CARGO) bench $(LOCKED) --bench stages --bench engines --bench telemetry $(ARGS)

.PHONY: bench-quantise
bench-quantise: onnxruntime python-train ## Measure rounded copies of the models, add them to docs/benchmarks.md
	$(CARGO) build --release $(LOCKED)
	$(PYTHON_ENV)/python scripts/bench.py quantise

.PHONY: docs-metrics
docs-metrics: ## Write docs/metrics.md anew from the table of metrics
	LOGTRIAGE_WRITE_DOCS=1 $(CARGO) test $(LOCKED) --lib telemetry::docs

.PHONY: model
model: onnxruntime python-train ## Train bundles/default anew from corpus/ (same inputs, same digests)
	$(CARGO) build --release $(LOCKED)
	LOGTRIAGE_BIN=$(RELEASE) $(PYTHON_ENV)/python scripts/train.py train $(ARGS)

.PHONY: evaluate-sample
evaluate-sample: onnxruntime python-train ## Write docs/evaluation.html anew: the report on products held out from one fold
	$(CARGO) build --release $(LOCKED)
	$(PYTHON_ENV)/python scripts/evaluate_sample.py --bin $(RELEASE) $(ARGS)

.PHONY: traffic
traffic: onnxruntime python-train prometheus ## Write docs/traffic.md: what is forwarded of a simulated day and of real logs
	$(CARGO) build --release $(LOCKED)
	logs=$$(mktemp -d); trap 'rm -rf "$$logs"' EXIT; scripts/traffic_logs.sh "$$logs"; \
	LOGTRIAGE_BIN=$(RELEASE) $(PYTHON_ENV)/python scripts/train.py traffic --logs "$$logs" $(ARGS)

.PHONY: engine-fixtures
engine-fixtures: ## Write tests/data/engines anew with the exporters of the usual tree libraries
	VENV=$(CURDIR)/.tools/python-fixtures scripts/tools/python.sh scripts/requirements-fixtures.txt
	.tools/python-fixtures/bin/python scripts/engine_fixtures.py $(ARGS)

.PHONY: parity
parity: onnxruntime ## Served scores against the trainer's own, with the figures shown
	$(CARGO) test $(LOCKED) --test parity -- --nocapture $(ARGS)

.PHONY: tools
tools: onnxruntime python-train python-check python-dashboards python-traces python-chart cargo-deny prometheus grafana-schema kubectl helm-three ## Install everything that the commands above use

.PHONY: onnxruntime
onnxruntime: ## Install the ONNX Runtime library into .tools (not when ORT_DYLIB_PATH names one)
	@scripts/tools/onnxruntime.sh

.PHONY: python-train
python-train: ## Install the trainer's packages into .tools
	@scripts/tools/python.sh scripts/requirements-train.txt

.PHONY: python-check
python-check: ## Install the linters and pytest into .tools
	@scripts/tools/python.sh scripts/requirements-check.txt

.PHONY: python-traces
python-traces: ## Install the OTLP receiver of the tests into .tools
	@scripts/tools/python.sh scripts/requirements-traces.txt

.PHONY: python-dashboards
python-dashboards: ## Install what draws the dashboards into .tools
	@scripts/tools/python.sh scripts/requirements-dashboards.txt

.PHONY: python-chart
python-chart: ## Install what the chart and the Dockerfile are checked with into .tools
	@scripts/tools/python.sh scripts/requirements-chart.txt

.PHONY: helm-three
helm-three: ## Install Helm 3 into .tools
	@scripts/tools/helm3.sh

.PHONY: prometheus
prometheus: ## Install prometheus and promtool into .tools (not when PROMETHEUS and PROMTOOL name them)
	@scripts/tools/prometheus.sh

.PHONY: haproxy
haproxy: ## Install haproxy into .tools (not when HAPROXY names one)
	@scripts/tools/haproxy.sh

.PHONY: grafana-schema
grafana-schema: ## Install Grafana's types and the TypeScript compiler into .tools
	@scripts/tools/grafana-schema.sh

.PHONY: cluster-tools
cluster-tools: kubectl helm-three ## Install etcd into .tools, build kube-apiserver into a cache (ten minutes, once)
	@scripts/tools/etcd.sh
	@scripts/tools/kube-apiserver.sh

.PHONY: kubectl
kubectl: ## Install kubectl and helm into .tools
	@scripts/tools/kubectl.sh

.PHONY: cargo-deny
cargo-deny: ## Build cargo-deny into .tools
	@scripts/tools/cargo-deny.sh

.PHONY: clean-tools
clean-tools: ## Remove .tools; the next command installs what it needs
	rm -rf .tools
