package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a new secret, by the ends of their paths: the
// beginnings have several names. The paths are those of @octokit/openapi 23.0.2.
var births = seks.ReadBirths(`
POST  /app/installations/{installation_id}/access_tokens token
POST  /actions/runners/registration-token                token
POST  /actions/runners/remove-token                      token
POST  /actions/runners/generate-jitconfig                encoded_jit_config
POST  /app-manifests/{code}/conversions                  client_secret webhook_secret pem
POST  /applications/{client_id}/token                    token
PATCH /applications/{client_id}/token                    token
POST  /applications/{client_id}/token/scoped             token
`)
