#!/usr/bin/env bash
# The CPU profile of the real seks under the load of a scenario, by stage. The
# broker is undumpable and serves no profile, so this builds one with
# profiler.go.txt laid over its sources, which profiles itself, and leaves it in
# build/profile/ beside the profile: go tool pprof -http=: build/profile/…
#
#   bench/profile.sh [SCENARIO] [SECONDS]     small, sse, bulk or latency; 5
set -euo pipefail
cd "$(dirname "$0")/.."
scenario=${1:-small} seconds=${2:-5}
out=build/profile

mkdir -p "$out/plugins"
rm -f "$out"/*.profile
make --no-print-directory plugins
cp build/plugins/*.wasm "$out/plugins/"
printf '{"Replace":{"%s/gateway/profiler.go":"%s/bench/profiler.go.txt"}}' "$PWD" "$PWD" >"$out/overlay.json"
go build -overlay "$out/overlay.json" -o "$out/seks" -ldflags \
	"-X main.builtins=$(sha256sum "$out"/plugins/*.wasm | cut -d' ' -f1 | paste -sd, -)" ./gateway
go build -o "$out/" ./bench ./bench/peers/bare
"$out/bench" -build "$out" -results "$out" -scenario "$scenario" -rounds 1 -seconds "$seconds"

rm -f "$(ls "$out"/cpu-*.profile | tail -1)" # cut where seks ended
top() { go tool pprof "$@" "$out/seks" "$out"/cpu-*.profile 2>/dev/null | sed 's,github.com/seksbot/seks-broker/gateway/internal/,,'; }
printf '\n== by stage: what each takes with all that it calls\n'
top -top -cum -nodecount "${TOP:-60}" -show 'seks-broker|fasthttp\.|Syscall6$|gcBgMarkWorker$|mallocgc$|findRunnable$|^runtime\.mcall$'
printf '\n== by function: what each takes itself\n'
top -top -nodecount "${TOP:-60}"
