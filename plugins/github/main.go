// Command github is the plugin for the GitHub API. See README.md.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {}
