// Command s3 is the plugin for Amazon S3 and everything that speaks its API. See
// README.md.
package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

func init() { seks.Serve(provider) }

func main() {}
