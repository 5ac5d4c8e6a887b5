#!/usr/bin/env bash
# All that CI checks. It fails on the first thing that is wrong, and leaves the
# tree as it was.
set -euo pipefail
cd "$(dirname "$0")"
before=$(git status --porcelain 2>/dev/null || true)

step() { printf '\n== %s\n' "$*"; }

step format
unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'ed:"; echo "$unformatted"; exit 1; }

step vet
go vet ./...
(cd e2e && go vet ./...)

step build
make build

step test
go test -timeout 30m ./...

# What counts allocations, measures memory, moves hundreds of megabytes or goes
# through a corpus on one goroutine says nothing under the race detector, and has
# run above.
step "the rooms, with the race detector"
go test -race -timeout 30m -skip 'Alloc|MemoryIsConstant|HeaderLeavesItsInput|AreFlat|InFlatMemory|Corpus|EveryByte|EveryForm|UnknownFieldsChangeNothing' \
	$(go list ./gateway/internal/... | grep -v /conform)

step "official clients against build/seks"
(cd e2e && go test -timeout 30m ./...)

step "fuzz, a short while each"
./fuzz.sh "${FUZZTIME:-2s}"

step demo
make demo

after=$(git status --porcelain 2>/dev/null || true)
[ "$before" = "$after" ] || { echo "the checks changed the tree:"; git status --short; exit 1; }
step "all good"
