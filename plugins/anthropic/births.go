package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a new secret, or one of another system. The
// paths are those of anthropic-sdk-go 1.84.0.
var births = seks.ReadBirths(`
POST /v1/oauth/token                                                                 access_token refresh_token
GET  /v1/environments/{environment_id}/work/poll                                     secret data.*.secret
POST /v1/organizations/webhooks                                                      signing_secret
POST /v1/organizations/webhooks/{webhook_endpoint_id}/regenerate_signing_secret      signing_secret
POST /v1/tunnels                                                                     tunnel_token
POST /v1/tunnels/{tunnel_id}/reveal_token                                            tunnel_token
POST /v1/tunnels/{tunnel_id}/rotate_token                                            tunnel_token
`)
