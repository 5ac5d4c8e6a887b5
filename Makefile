# Everything a person types. On a fresh machine with Go and make, each target
# does its own set-up (Go downloads the modules the first time).

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
PLUGINS := $(patsubst plugins/%/main.go,%,$(wildcard plugins/*/main.go))
WASM    := $(PLUGINS:%=build/plugins/%.wasm)

.DEFAULT_GOAL := help
.PHONY: help build plugins run demo test check counterparts suite bench fuzz leaks clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: plugins ## build build/seks and build/plugins/*.wasm
	@$(GO) build -trimpath -o build/seks -ldflags "-s -w -X main.version=$(VERSION) \
		-X main.builtins=$$(sha256sum $(WASM) | cut -d' ' -f1 | paste -sd, -)" ./gateway

# The built-in plugins. Their digests are stamped into seks, which trusts no
# other file; -trimpath and no build id make them the same bytes everywhere.
plugins: $(WASM)

.PHONY: FORCE
build/plugins/%.wasm: FORCE
	@GOOS=wasip1 GOARCH=wasm $(GO) build -buildmode=c-shared -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid=" -o $@ ./plugins/$*

run: build ## build all, set up data/ the first time, and serve
	@build/seks init
	@printf '%s\n' '' 'Next, in another terminal:' \
		'  build/seks credential set my-openai --provider openai   # paste the real key' \
		'  build/seks token issue --agent me --credential my-openai --expires 24h' \
		'  then give the agent that token as its key, and http://127.0.0.1:8080/api/openai/v1 as its base URL' \
		'  build/seks log                                          # who used what, when' ''
	@exec build/seks serve

demo: build ## the whole round trip with the official OpenAI SDK, no account needed
	@cd e2e && $(GO) run ./demo ../build/seks

test: build ## run all tests
	$(GO) test ./...
	cd e2e && $(GO) test -timeout 30m ./...

check: ## all that CI checks: format, vet, lint, races, tests, short fuzzing
	@./check.sh

counterparts: build ## the clients before gitea, and what leaves the broker held against the vendors' OpenAPI files by prism
	@./e2e/counterparts.sh

suite: build ## versitygw's own S3 suite, straight at it and through the broker (some 8 minutes)
	@cd e2e && SEKS_SUITE=1 $(GO) test -count=1 -timeout 30m -run '^TestS3Suite$$' -v .

bench: build ## the benchmark tables; BENCH="-scenario small -seconds 1" narrows them
	@$(GO) build -o build/bench/ ./bench ./bench/peers/bare
	@build/bench/bench $(BENCH)

fuzz: ## fuzz each target for FUZZTIME (default 10m)
	@./fuzz.sh $(or $(FUZZTIME),10m)

leaks: ## gitleaks over what came out of the scrubber's corpus (builds it first: minutes)
	@./leaks.sh

clean: ## remove what was built; data/ stays
	rm -rf build
