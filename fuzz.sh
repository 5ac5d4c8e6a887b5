#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time, one after the other.
set -euo pipefail
cd "$(dirname "$0")"
time=${1:-10m}
grep -rl --include='*_test.go' '^func Fuzz' gateway plugin-sdk bench plugins | while read -r file; do
	package=./$(dirname "$file")
	grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | cut -d' ' -f2 | while read -r target; do
		echo "fuzz $package $target for $time"
		go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1x
	done
done
