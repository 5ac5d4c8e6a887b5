// Command brave is the plugin for the Brave Search API. See README.md.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {}
