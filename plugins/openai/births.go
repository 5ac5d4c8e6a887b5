package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a new secret. The paths are those of OpenAI's
// own OpenAPI file (github.com/openai/openai-openapi).
var births = seks.ReadBirths(`
POST /v1/organization/admin_api_keys                                       value
POST /v1/organization/projects/{project_id}/service_accounts               api_key.value
POST /v1/organization/projects/{project_id}/service_accounts/{id}          api_key.value
POST /v1/organization/projects/{project_id}/service_accounts/{id}/api_keys value
POST /v1/realtime/client_secrets                                           value session.client_secret
POST /v1/realtime/sessions                                                 client_secret
POST /v1/realtime/transcription_sessions                                   client_secret
POST /v1/realtime/translations/client_secrets                              value session.client_secret
POST /v1/chatkit/sessions                                                  client_secret
`)

func plan(v *seks.View) *seks.Plan { return births.Watch(seks.Bearer("api_key"), v) }
