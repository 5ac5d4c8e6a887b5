package main

import "testing"

func TestPluginCases(t *testing.T) {
	out := "goos: linux\nBenchmarkModules/Go/a_call,_kept-2  \t 100\t  281.5 ns/op\t 0 B/op\nBenchmarkModules/example_scripted/instantiate 3 90 ns/op\nBenchmarkSigV4-16 \t 1 \t 30000 ns/op\nPASS\n"
	var got []string
	for _, line := range benchLine.FindAllStringSubmatch(out, -1) {
		name, module := pluginCase(line[1])
		got = append(got, name+"|"+module+"|"+line[2])
	}
	want := []string{"a call, kept|Go|281.5", "instantiate|example scripted|90", "SigV4 in full, ten headers signed, not kept|Go|30000"}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
