package broker

import "embed"

// SDK holds the sources of plugin-sdk, which `seks plugin new` brings along: a
// plugin's author needs no network. Its tests are among them, and left out there.
//
//go:embed plugin-sdk/*.go plugin-sdk/*.md plugin-sdk/seks.proto plugin-sdk/abi/*.go plugin-sdk/sdktest/*.go
var SDK embed.FS

// Acme is the example that `seks plugin new` starts from, so that what it writes
// is built and tested here.
//
//go:embed examples/plugins/acme/*.go examples/plugins/acme/Makefile examples/plugins/acme/README.md examples/plugins/acme/testdata
var Acme embed.FS
