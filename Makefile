# Commands for those who work on Holdfast. `make test` does everything, on a fresh machine too.
SHELL := /bin/bash
FUZZTIME ?= 20s
SIMULATE ?= 60s
NEWEST ?= go1.27.4

.DEFAULT_GOAL := help
.PHONY: help test deps check unit newest cover fuzz simulate differential interop e2e conform bench bench-http load quickstart rehearse reproducible book footprint generate mutants vectors

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

test: FUZZTIME = 10000x
test: deps check unit newest fuzz interop quickstart rehearse book ## install what is missing, then everything below

deps: ## install, or name, what the tests need besides Go: Redis, Memcached, Node.js and npm packages
	@scripts/deps

check: ## formatting, vet, staticcheck, tidy modules that stand alone, known vulnerabilities
	@scripts/check

unit: ## all modules' tests with the race detector (interop apart), and the coverage of ports and verifier
	@scripts/cover
	go test -race -timeout 30m $$(scripts/modules | grep -vE '^(ports|verifier|interop|bench)$$' | sed 's,.*,./&/...,')
	cd bench && GOWORK=off go test ./...

newest: ## tests of verifier with the newest Go release, which has algorithms that older ones lack
	GOTOOLCHAIN=$(NEWEST)+auto go test ./verifier/...

cover: ## tests of ports and verifier, and their coverage, which must be 90 % of statements
	@scripts/cover

fuzz: ## each fuzz target for FUZZTIME (20s; 10,000 inputs in make test)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

# For a time, from a seed that the time of day gives; or so many HISTORIES from SEED on; or the one history of SEED, told in full.
simulation = $(if $(HISTORIES),-simulate.histories=$(HISTORIES) -simulate.seed=$(or $(SEED),1),$(if $(SEED),-simulate.histories=1 \
	-simulate.seed=$(SEED),-simulate.for=$(SIMULATE) -simulate.seed=$$(date +%s)000000))

simulate: ## random histories against an oracle for SIMULATE (60s), or HISTORIES of them, or the one of SEED; docs/assurance.md
	go test ./verifier/internal/simulation -run TestSimulation -count=1 -timeout=0 -v $(simulation)

differential: ## fastverify compared with the standard library on RUNS (2,500,000) signatures of each of four kinds; docs/assurance.md
	go test ./integration -run TestFastverifyContract -count=1 -timeout=0 -v -differential.runs=$(or $(RUNS),2500000)

interop: ## third-party issuer, clients and browser, run for real with Holdfast
	go test -count=1 -timeout 30m -v ./interop/...

e2e: ## the part of interop in which a browser logs in and out, and reads a report
	go test -count=1 -timeout 15m -v -run 'InABrowser|TestReport' ./interop

generate: ## docs/rules.md, from the register in rules/, the table in docs/algorithms.md, docs/providers.md, and docs/mutants.md
	go run ./tools/rulespage -o docs/rules.md
	go run ./verifier/internal/algorithmtable -w docs/algorithms.md
	go run ./integration/internal/providers -w docs/providers.md
	go test ./integration -run '^TestMutants$$' -count=1 -mutants ../docs/mutants.md

mutants: ## every case on each mutant, not only a sample of those that a mutant should pass; docs/mutants.md
	go test ./integration -run '^TestMutants$$' -count=1 -timeout 30m -every-case

conform: ## the rules of docs/rules.md played on Holdfast and on others, or on one SYSTEM, into docs/conformance.md
	@scripts/conform $(if $(SYSTEM),"$(SYSTEM)")

vectors: ## the cases recorded for any language, into vectors/; docs/vectors.md
	rm -f vectors/*.json
	go run ./conformance/cmd/holdfast-conform record vectors

bench: ## Holdfast compared with its peers and bare cryptography, into bench/RESULTS.md; about 10 minutes on a quiet machine
	cd bench && GOWORK=off go run .

bench-http: ## whole servers, Node.js's among them, and how they bear faults, into bench/HTTP.md; about 5 minutes on a quiet machine
	cd bench/node && npm ci --no-audit --no-fund
	cd bench && GOWORK=off go run . -http

rehearse: ## a release in a temporary clone, used from outside this workspace
	scripts/release v0.999.0 --rehearse

reproducible: ## builds the released commands twice, from two copies of the sources, and compares the bytes
	scripts/build-commands --verify bin/commands v0.0.0

load: ## an API under load while its stores and issuers fail, into docs/operations.md; about 2 minutes on a quiet machine
	go run ./integration/cmd/load -write docs/operations.md

quickstart: ## the main job, shown
	go run ./examples/quickstart

book: ## docs/ as a static site, into bin/book; a dead link fails
	@scripts/book

footprint: ## what Holdfast and others add to a build, into docs/footprint.md
	scripts/release v0.999.0 --footprint
