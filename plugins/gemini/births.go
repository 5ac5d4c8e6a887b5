package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a new secret. An ephemeral token is its own
// name. https://ai.google.dev/gemini-api/docs/ephemeral-tokens
var births = seks.ReadBirths(`
POST /auth_tokens                       name
POST /webhooks                          new_signing_secret newSigningSecret
POST /webhooks/{id}:rotateSigningSecret secret
`)
