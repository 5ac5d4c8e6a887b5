// Command notion is the plugin for the Notion API. See README.md.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {}
