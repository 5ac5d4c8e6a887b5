package main

import seks "github.com/seksbot/seks-broker/plugin-sdk"

// births are the answers that hold a secret, new or of another system: who reads
// it has access that no token of the broker's ends. By the ends of their paths,
// below an account or a zone. The fields are those of cloudflare-go v6.10.0.
var births = seks.ReadBirths(`
POST  /user/tokens                                 result.value
PUT   /user/tokens/{id}/value                      result
POST  /accounts/{account}/tokens                   result.value
PUT   /accounts/{account}/tokens/{id}/value        result

POST  /access/service_tokens                       result.client_secret
POST  /access/service_tokens/{id}/rotate           result.client_secret
POST  /access/service_tokens/{id}/refresh          result.client_secret
POST  /access/apps                                 result.saas_app.client_secret
POST  /access/identity_providers                   result.scim_config.secret
PUT   /access/identity_providers/{id}              result.scim_config.secret
POST  /r2/temp-access-credentials                  result.secretAccessKey result.sessionToken
POST  /cfd_tunnel                                  result.token result.credentials_file
GET   /cfd_tunnel/{id}/token                       result
POST  /cfd_tunnel/{id}/management                  result
POST  /warp_connector                              result.token result.credentials_file
GET   /warp_connector/{id}/token                   result
POST  /mnm/vpc-flows/token                         result
POST  /magic/ipsec_tunnels/{id}/psk_generate       result.psk

POST  /challenges/widgets                          result.secret
GET   /challenges/widgets/{id}                     result.secret
PUT   /challenges/widgets/{id}                     result.secret
POST  /challenges/widgets/{id}/rotate_secret       result.secret
GET   /images/v1/keys                              result.keys.*.value
PUT   /images/v1/keys/{id}                         result.keys.*.value
DELETE /images/v1/keys/{id}                        result.keys.*.value
POST  /calls/apps                                  result.secret
POST  /calls/turn_keys                             result.key
POST  /stream/keys                                 result.pem result.jwk
POST  /stream/{id}/token                           result.token
GET   /stream/webhook                              result.secret
PUT   /stream/webhook                              result.secret
POST  /stream/live_inputs                          result.rtmps.streamKey result.rtmpsPlayback.streamKey result.srt.passphrase result.srtPlayback.passphrase
GET   /stream/live_inputs/{id}                     result.rtmps.streamKey result.rtmpsPlayback.streamKey result.srt.passphrase result.srtPlayback.passphrase
PUT   /stream/live_inputs/{id}                     result.rtmps.streamKey result.rtmpsPlayback.streamKey result.srt.passphrase result.srtPlayback.passphrase
GET   /secondary_dns/tsigs                         result.*.secret
GET   /secondary_dns/tsigs/{id}                    result.secret
POST  /secondary_dns/tsigs                         result.secret
PUT   /secondary_dns/tsigs/{id}                    result.secret
POST  /realtime/kit/{app}/meetings/{id}/participants            data.token
POST  /realtime/kit/{app}/meetings/{id}/participants/{id}/token data.token
POST  /dlp/datasets                                result.secret
POST  /dlp/datasets/{id}/upload                    result.secret
`)
