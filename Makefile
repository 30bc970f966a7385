# Every command of the project; `make help` explains them. Each first sets up what it needs, which takes seconds when it is there.

SHELL := bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The project's own programs come first: Node, if the machine's is older than 24, and those of npm's and Python's packages.
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$(CURDIR)/.venv/bin:$(PATH)

##@ Use

.PHONY: run
run: setup ## data, training, registration, promotion, then the page in the foreground (PORT=8080, Ctrl-C ends all)
	@node scripts/run.ts run

.PHONY: pipeline
pipeline: setup ## the same without the page; fails with "Error 3" when the gate refuses the model
	@node scripts/run.ts pipeline

.PHONY: doctor
doctor: setup ## check this machine's PATH and eksctl; dagger call doctor checks the rest
	@scripts/setup_ci.sh
	@node ci/src/doctor/main.ts

.PHONY: mlflow
mlflow: setup ## the local MLflow alone, in the foreground
	@node scripts/run.ts mlflow

.PHONY: monitor
monitor: setup ## Prometheus and Alertmanager on this machine, watching a running service (SERVICE=127.0.0.1:8080)
	@scripts/setup_monitoring.sh
	@node scripts/monitor.ts

.PHONY: evaluate
evaluate: setup ## 5-fold cross-validation on the film reviews, mean and standard error (DATA=embedded:all, each domain as well)
	@node cli/main.ts evaluate --cv 5 --data $(DATA)

evaluate: DATA ?= embedded:movies

.PHONY: compare
compare: setup ## algorithms x features, cross-validated on all cores, tracked in MLflow; resumes where it was stopped
	@node scripts/experiments.ts compare

.PHONY: tune
tune: setup ## C x penalty for the best logistic regression of make compare; suggests a change to params.yaml
	@node scripts/experiments.ts tune

.PHONY: ablation
ablation: setup ## the effect of each part of params.yaml
	@node scripts/experiments.ts ablation

.PHONY: shell
shell: setup ## a shell with the project's own dvc, mlflow, node and other programs
	@exec "$${SHELL:-bash}"

##@ Develop

.PHONY: check
check: lint typecheck unit ## lint, types and unit tests, in two minutes and without root: before every commit

.PHONY: test
test: lint typecheck ## everything: also integration tests (real MLflow, DVC, Kubernetes, Docker, browser); what CI runs
	@scripts/setup_browser.sh
	@scripts/setup_monitoring.sh
	@scripts/setup_cluster.sh
	@scripts/setup_discovery.sh
	@scripts/setup_docker.sh
	@node scripts/test.ts

.PHONY: trust
trust: setup ## the long proofs, which make test runs on a smaller scale or not at all: updates under load, the gate, feedback, overload, kills, full disks
	@scripts/setup_cluster.sh
	@TRUST=1 node scripts/test.ts
	@$(MAKE) scan

.PHONY: pictures
pictures: setup ## the pictures of docs/pictures anew, with a real browser, MLflow and Prometheus
	@scripts/setup_browser.sh
	@scripts/setup_monitoring.sh
	@node tests/pictures/main.ts

.PHONY: unit
unit: setup ## unit tests
	@vitest run --project unit

.PHONY: bench
bench: setup ## speed side by side with scikit-learn, raw node:http and Flask
	@node bench/run.ts

.PHONY: lint
lint: setup ## lint and formatting of code, shell scripts, Dockerfile and workflows
	@scripts/setup_actionlint.sh
	@scripts/lint.sh

.PHONY: audit
audit: setup ## known weaknesses in the npm packages of the product; scan-ignore.yaml lists those that do not apply
	@node ci/src/supply/audit.ts

.PHONY: scan
scan: setup ## checkov and kube-score over manifests, Dockerfiles, workflows and templates; reasons in scripts/scan_exceptions.yaml
	@scripts/setup_scanners.sh
	@node scripts/scan.ts

.PHONY: format
format: setup ## format code and sort imports
	@biome check --write .

.PHONY: typecheck
typecheck: setup ## strict types
	@scripts/setup_ci.sh
	@tsc --noEmit
	@tsc --noEmit -p ci

.PHONY: package
package: setup ## the deployer as an npm package for other applications (ci/README.md), in dist/
	@scripts/setup_ci.sh
	@node scripts/package.ts dist

.PHONY: lock
lock: setup ## write requirements.txt anew from requirements.in; npm install does the same for package-lock.json
	@.tools/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header requirements.in -o requirements.txt

##@ Keep house

.PHONY: setup
setup: ## install Node 24, npm packages, DVC and MLflow, into this folder only
	@scripts/setup.sh

.PHONY: clean
clean: ## remove what set-up installed
	rm -rf .tools .venv node_modules ci/node_modules

.PHONY: reset
reset: ## remove the local MLflow with all its runs and models, the data, and DVC's cache
	rm -rf .local data models .dvc/cache .dvc/tmp

.PHONY: help
help: ## show this text
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Settings of make run: make shell, then node scripts/run.ts --help'
