# Every step of the project is a target here; continuous integration calls the same ones.
# `make` alone lists them.

# One folder a run, named once: RUN=results/mine overrides it.
RUN      := results/$(shell date -u +%Y-%m-%dT%H-%M-%SZ)-$(shell git rev-parse --short HEAD 2>/dev/null || echo none)
NEWEST    = $(lastword $(sort $(filter-out %-limits %-limits/latency,$(shell git ls-files 'results/*Z-*/records.jsonl' | xargs -r -n1 dirname))))
IMPLS    ?= ./impls/...
BASE     ?= origin/main
HISTORY  ?= results/history/history.jsonl
LIMITS   ?= # flags of ci limits: LIMITS=-short takes five minutes
GO       ?= go

# What must pass fifty times of fifty: ROUNDS alone and as many beside a busy processor, in turns of TURN. PROFILE=core ROUNDS=3 is a
# taste of it.
PROFILE  ?= full
ROUNDS   ?= 25
TURN     ?= 5
RIGHT    ?= ./impls/bare ./impls/goroutine ./impls/reactor/...
FIFTY     = -strict -profile $(PROFILE) -timeout 0 -parallel 6 $(RIGHT)

# Tools that are run, not imported; pinned, so that a new release cannot turn a green tree red.
GOTESTSUM   = $(GO) run gotest.tools/gotestsum@v1.13.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  = $(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.9

# Packages whose tests have goroutines meet inside one process: they run under the race detector too, which needs a C compiler.
RACE = ./impls ./impls/reactor/... ./results ./loadgen ./conformance/link

.DEFAULT_GOAL := help
.PHONY: help setup servers build test race lint conformance fifty bench report night limits gate selftest history history-fetch history-keep clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing where that is allowed, else name the command
	@sh ci/setup.sh

servers:
	@sh ci/setup.sh servers

build: ## build the commands into bin/
	@mkdir -p bin
	@$(GO) build -o bin/ ./conformance ./loadgen ./plots ./ci

test: setup race ## run every test; the last line counts them
	@$(GOTESTSUM) --format pkgname -- -timeout 30m ./...

race:
	@if command -v cc >/dev/null; then $(GO) test -race -timeout 20m $(RACE); else echo "race: left out, there is no C compiler"; fi

lint: ## gofmt, vet for each system, staticcheck, the workflows
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	@for os in linux darwin freebsd; do echo "go vet ($$os)"; GOOS=$$os CGO_ENABLED=0 $(GO) vet ./... || exit 1; done
	@for os in openbsd netbsd dragonfly; do echo "go vet ($$os)"; GOOS=$$os CGO_ENABLED=0 $(GO) vet ./impls/reactor/... || exit 1; done
	@echo staticcheck; $(STATICCHECK) ./...
	@echo actionlint; $(ACTIONLINT)

conformance: servers build ## hold every server to the specification
	@bin/conformance -parallel 2 $(IMPLS)
	@bin/conformance -parallel 2 -loops 2 ./impls/reactor/handoff ./impls/reactor/reuseport

fifty: servers build ## hold right servers to it fifty times, half of them beside a busy processor: an hour and a half
	@sh conformance/fifty.sh $(ROUNDS) $(TURN) $(FIFTY)

bench: servers build ## check every server, load the first of each kind, draw: at most five minutes on two cores
	@sh ci/bench.sh $(RUN) $(IMPLS)

night: servers build ## make bench with every variant and the full suite: about an hour
	@SUITE=full sh ci/bench.sh $(RUN) $(IMPLS)

report: build ## draw the newest committed run again, or RUN=DIR, and what changed since COMPARE=DIR
	@bin/plots $(if $(COMPARE),-compare $(COMPARE)) $(if $(filter file,$(origin RUN)),$(NEWEST),$(RUN))

limits: servers build ## what the reactor costs beside the least, its peers and libevent, against goals: twenty minutes
	@bin/ci limits $(LIMITS) -out $(RUN) $(IMPLS)

gate: build ## did the checked-out commit make a server slower than BASE has it?
	@bin/ci gate -base $(BASE)

selftest: build ## how often does the gate err on this machine? about a quarter of an hour; writes ci/SELFTEST.md
	@bin/ci selftest -markdown ci/SELFTEST.md -json ci/selftest.json

history: build ## add RUN to HISTORY and draw what has become of each server
	@mkdir -p $(dir $(HISTORY))
	@bin/ci history -file $(HISTORY) -append $(RUN)
	@bin/plots -history $(HISTORY) $(dir $(HISTORY))

history-fetch: ## HISTORY becomes what origin's branch of that name has
	@mkdir -p $(dir $(HISTORY))
	@sh ci/historybranch.sh fetch $(HISTORY)

history-keep: ## HISTORY becomes the next commit of that branch
	@sh ci/historybranch.sh keep $(HISTORY)

clean: ## remove what was built; results stay
	@rm -rf bin
