package seks

import (
	"strings"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Catalogue reads a manifest's Operations from a table, a line each, as a
// plugin with many of them keeps it in a file of its own:
//
//	read   repos.get          GET   /repos/{owner}/{repo}
//	grant  repos.create-key   POST  /repos/{owner}/{repo}/keys
//
// The columns are class, name, method and path, with any space between them;
// empty lines and lines that begin with "#" are left out. It panics on any other
// line: the table is part of the program.
func Catalogue(table string) []Operation {
	ops := make([]Operation, 0, strings.Count(table, "\n")+1)
	for line := range strings.Lines(table) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		var columns [4]string
		for i := range columns {
			word, rest, _ := strings.Cut(line, " ")
			columns[i], line = word, strings.TrimLeft(rest, " ")
		}
		class := classes[columns[0]]
		if class == 0 || columns[3] == "" || line != "" {
			panic("seks: no line of a catalogue, which is CLASS NAME METHOD PATH: " + strings.Join(columns[:], " ") + " " + line)
		}
		ops = append(ops, Operation{Name: columns[1], Class: class, Method: columns[2], Path: columns[3]})
	}
	return ops
}

var classes = map[string]abi.Class{"read": Read, "write": Write, "grant": Grant}
