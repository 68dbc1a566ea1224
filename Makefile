# Commands for those who work on Holdfast. `make test` does everything, on a fresh machine too.
SHELL := /bin/bash
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help test deps check unit cover fuzz interop quickstart

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

test: deps check unit interop quickstart ## install what is missing, then everything below

deps: ## install, or name, what the tests need beside Go: Redis, Memcached, Node.js and npm packages
	@scripts/deps

check: ## formatting, vet, staticcheck, tidy modules that stand alone, known vulnerabilities
	@scripts/check

unit: ## all modules' tests with the race detector (interop apart), and the coverage of ports and verifier
	go test -race $$(scripts/modules | grep -v '^interop$$' | sed 's,.*,./&/...,')
	@scripts/cover

cover: ## coverage of ports and verifier, which must be 90 % of statements
	@scripts/cover

fuzz: ## each fuzz target for FUZZTIME (20s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

interop: ## a third-party issuer and clients, really run beside Holdfast
	go test -count=1 -v ./interop/...

quickstart: ## the main job, shown
	go run ./examples/quickstart
