// Command header is the plugin for any API whose whole authentication is one
// header or query parameter. See README.md.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {}
