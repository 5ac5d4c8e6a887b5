package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a new secret.
// https://developers.notion.com/reference/create-a-token
var births = seks.ReadBirths(`
POST /v1/oauth/token access_token refresh_token
`)

func plan(v *seks.View) *seks.Plan { return births.Watch(seks.Bearer("api_key"), v) }
