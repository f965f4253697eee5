# The steps themselves are in .ci/run, so that they are the same here and there.
.DEFAULT_GOAL := help
.PHONY: help check ci test race fuzz bench compare interop examples lint fmt tidy soak vulncheck

FUZZTIME  ?= 30000x
SOAKTIME  ?= 30m
BENCH     ?= .
BENCHTIME ?= 1s
PKG       ?= ./...
OLD       ?= HEAD

run_bench = go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## what to run before each commit: tidy, format, vet, nested, lint, test
	@bash .ci/run tidy format vet nested lint test

ci: ## everything, as it runs for a change that is sent in
	@bash .ci/run

test: ## run the tests
	@bash .ci/run test

race: ## run the tests under the race detector, in random order
	@bash .ci/run race

fuzz: ## run each fuzz target for FUZZTIME (a count such as 100000x, or a time such as 30s)
	@FUZZTIME=$(FUZZTIME) bash .ci/run fuzz

soak: ## work all patterns for SOAKTIME, with failing connections and under the race detector
	@BROKERLESS_SOAK=$(SOAKTIME) go test -race -count=1 -v -run Soak -timeout 0 ./internal/soak

bench: ## run the benchmarks BENCH of PKG ten times, for benchstat: make bench > new.txt
	@$(run_bench) -count 10 $(PKG)

compare: ## run them at OLD and in the working tree, in turns, and compare: make compare OLD=main
	@folder=$$(mktemp -d); old=$$folder/tree; \
	trap 'git worktree remove --force "$$old"; rm -rf "$$folder"' EXIT; trap 'exit 1' INT TERM; \
	git worktree add --quiet --detach "$$old" $(OLD) || exit 1; \
	for round in 1 2 3 4 5; do \
		echo "round $$round of 5" >&2; \
		(cd "$$old" && $(run_bench) -count 2 $(PKG)) >> "$$folder/old.txt" || { tail "$$folder/old.txt"; exit 1; }; \
		$(run_bench) -count 2 $(PKG) >> "$$folder/new.txt" || { tail "$$folder/new.txt"; exit 1; }; \
	done; \
	go tool -modfile=tools/go.mod benchstat "$(OLD)=$$folder/old.txt" "now=$$folder/new.txt"

interop: ## run the tests against other implementations; a missing one is a failure
	@bash .ci/run interop

examples: ## run the example that the README shows
	@bash .ci/run examples

lint: ## run the linters
	@bash .ci/run lint

vulncheck: ## look for known vulnerabilities in what is called; needs the net
	@bash .ci/run vulncheck

fmt: ## format all code
	@go tool -modfile=tools/go.mod gofumpt -l -w .

tidy: ## tidy the go.mod and go.sum of all modules
	@find . -name go.mod -not -path '*/node_modules/*' -not -path '*/testdata/*' -execdir go mod tidy \;
