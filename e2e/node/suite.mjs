// Runs one client through what it is asked to do, and says how each step went, a
// line of JSON each. clients_node_test.go starts it and judges.
import { createHash } from 'node:crypto'
import { suites } from './suites.mjs'

const { CLIENT, BASE, TOKEN, READ_ONLY, GRANTING } = process.env
const { connect, kinds } = suites[CLIENT]

export function expect(what, got, want) {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

const bytes = Buffer.alloc(300_000)
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) ^ (i >> 8)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const file = { bytes, digest: sha256(bytes), sha256, expect }

async function step(name, call, token) {
  if (!call) return
  let outcome = {}
  try {
    await call(connect(BASE, token), file)
  } catch (e) {
    const kind = Object.entries(kinds).find(([, k]) => e instanceof k)?.[0] ?? e.constructor.name
    outcome = { kind, status: e.status ?? e.responseData?.error?.status ?? 0, message: String(e.message) }
  }
  console.log(JSON.stringify({ step: name, ...outcome }))
}

const { call, stream, pages, upload, download, graphql, more, upstream, writing, granting } = suites[CLIENT].steps
await step('call', call, TOKEN)
await step('stream', stream, TOKEN)
await step('pages', pages, TOKEN)
await step('upload', upload, TOKEN)
await step('download', download, TOKEN)
await step('GraphQL', graphql, TOKEN)
for (const [name, call] of Object.entries(more ?? {})) await step(name, call, TOKEN)
await step("the API's error", upstream, TOKEN)
await step("the broker's error", call, TOKEN.slice(0, -1) + '_')
await step('read-only reads', pages ?? call, READ_ONLY)
await step('read-only refuses', writing, READ_ONLY)
await step('grant refused', granting, TOKEN)
await step('grant allowed', granting, GRANTING)
process.exit(0)
