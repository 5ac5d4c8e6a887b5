// Package broker holds what belongs to the repository as a whole: the sample
// configuration that `seks init` writes.
package broker

import _ "embed"

// Sample is broker.toml, with every key at its default.
//
//go:embed broker.toml
var Sample string
