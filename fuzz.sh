#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time, one after the other.
set -euo pipefail
cd "$(dirname "$0")"
time=${1:-10m}
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# At the end of its time Go's fuzzer now and then says "context deadline exceeded" of
# itself, and fails with no input to show: that is no finding, and is tried again.
fuzz() {
	local package=$1 target=$2
	for try in 1 2 3; do
		echo "fuzz $package $target for $time"
		if go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1x 2>&1 | tee "$out"; then
			return 0
		fi
		grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input written' "$out" || return 1
	done
	return 1
}

grep -rl --include='*_test.go' '^func Fuzz' gateway plugin-sdk bench plugins | while read -r file; do
	package=./$(dirname "$file")
	grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | cut -d' ' -f2 | while read -r target; do
		fuzz "$package" "$target"
	done
done
