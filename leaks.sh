#!/usr/bin/env bash
# Has a scanner of another make look at all that came out of the scrubber's corpus:
# it finds secrets in what went in, and has to find none in what came out. The
# scanner is pinned, and built once into build/tools, which takes some minutes of
# one CPU; CI leaves this out for that.
set -euo pipefail
cd "$(dirname "$0")"
version=v8.30.1
tools=$PWD/build/tools
scanner=$tools/gitleaks-$version
if [ ! -x "$scanner" ]; then
	GOBIN=$tools go install "github.com/zricethezav/gitleaks/v8@$version"
	mv "$tools/gitleaks" "$scanner"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
SCRUBBED=$out/after go test -count=1 ./gateway/internal/scrub -run '^TestCorpus$' >/dev/null
scan() { "$scanner" stdin --no-banner --no-color --max-decode-depth 5 <"$1" 2>"$out/said"; }
if scan "$out/after.before"; then
	echo "the scanner finds nothing in the corpus itself: it shows nothing"
	exit 1
fi
echo "what went in:  $(tail -n 1 "$out/said" | cut -d' ' -f3-)"
scan "$out/after" || { cat "$out/said"; exit 1; }
echo "what came out: $(tail -n 1 "$out/said" | cut -d' ' -f3-)"
