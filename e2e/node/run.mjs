// Runs one client through its calls. node_test.go starts it, reads what it says,
// a line of JSON each, and answers a line where it waits for one: so the test
// can look at the API between two steps.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { clients } from './clients.mjs'

const { CLIENT, BASE, TOKEN, NARROW } = process.env
const { SDK, connect } = clients[CLIENT]
const client = connect(BASE, TOKEN)

const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (step, what) => console.log(JSON.stringify({ step, ...what }))
const hear = async () => (await heard.next()).value

async function create() {
  say('create', { text: await client.create('double') })
}

async function stream() {
  let text = ''
  let events = 0
  for await (const event of await client.stream()) {
    text += client.textOf(event)
    if (++events === 1) {
      say('first event')
      await hear()
    }
  }
  say('stream', { text, events })
}

async function upload() {
  const bytes = Buffer.alloc(3_000_000)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) ^ (i >> 8)
  const file = await client.upload(bytes)
  say('upload', { filename: file.filename, size: file.bytes ?? file.size_bytes, same: file.sha256 === createHash('sha256').update(bytes).digest('hex') })
}

// The process lives on until it has heard, so that it is the abort that closes
// the connection.
async function abort() {
  do {
    const controller = new AbortController()
    try {
      for await (const _ of await client.stream(controller.signal)) {
        say('streaming')
        await hear()
        controller.abort()
      }
    } catch (e) {
      if (!(e instanceof SDK.APIUserAbortError)) throw e
    }
    say('aborted')
  } while ((await hear()) === 'again')
}

const kinds = ['AuthenticationError', 'PermissionDeniedError', 'RateLimitError', 'InternalServerError']

async function errors() {
  const bad = connect(BASE, TOKEN.slice(0, -1) + '_')
  for (const [name, call] of [
    ['bad token', () => bad.create('double')],
    ['denied', () => connect(BASE, NARROW).create('double')],
    ['upstream 429', () => client.create('error-429')],
    ['upstream 500', () => client.create('error-500')],
  ]) {
    try {
      await call()
      say('error', { name, kind: 'none' })
    } catch (e) {
      say('error', {
        name, kind: kinds.find((k) => e instanceof SDK[k]) ?? e.constructor.name, status: e.status, message: e.message,
        code: e.code ?? e.error?.error?.details?.error_code ?? '', retry: e.headers?.get('retry-after') ?? '', broker: e.headers?.get('x-seks-error') ?? '',
      })
    }
  }
  const models = await connect(BASE, NARROW).models()
  say('allowed', { models: models.data.length })
}

for (const step of [create, stream, upload, abort, errors]) await step()
say('end')
process.exit(0) // standard input is still open
