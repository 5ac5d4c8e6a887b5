// The official clients, each unmodified but for its base URL and its key, and
// what each is asked to do. A step throws unless it got what it wanted. Scope is what
// a line of a page that makes such a client has to have.
import { generateKeyPairSync } from 'node:crypto'
import OpenAI6, { toFile as openaiFile } from 'openai'
import OpenAI7 from 'openai-7'
import Anthropic1, { toFile as anthropicFile } from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-sdk-0'
import { Octokit as All } from 'octokit'
import { Octokit as Rest } from '@octokit/rest'
import { Client as Notion, APIResponseError } from '@notionhq/client'
import { GoogleGenAI as Gemini3, ApiError as GeminiError3 } from '@google/genai'
import { GoogleGenAI as Gemini2, ApiError as GeminiError2 } from 'genai-2'
import Cloudflare from 'cloudflare'
import { BraveSearch, BraveSearchError } from 'brave-search'

const says = [{ role: 'user', content: 'Say hello.' }]
const hello = 'Hello from the upstream double.'
const geminiHello = 'Hello from the double of Gemini.'

async function count(pages) {
  let n = 0
  for await (const _ of pages) n++
  return n
}

// masked wants a secret that was born in an answer, and can't be read.
const masked = (secret) => {
  if (!/^\*+$/.test(secret)) throw new Error(`${JSON.stringify(secret)} is not masked`)
}

const openai = (SDK) => ({
  scope: { OpenAI: SDK },
  connect: (base, apiKey) => new SDK({ baseURL: base + '/api/openai/v1', apiKey, maxRetries: 0 }),
  kinds: { APIError: SDK.APIError },
  steps: {
    call: async (c, { expect }) => expect('the text', (await c.chat.completions.create({ model: 'double', messages: says })).choices[0].message.content, hello),
    stream: async (c, { expect }) => {
      let text = ''
      for await (const event of await c.chat.completions.create({ model: 'double', messages: says, stream: true })) text += event.choices[0]?.delta.content ?? ''
      expect('the text', text, hello)
    },
    pages: async (c, { expect }) => expect('45 files or more', (await count(c.files.list({ limit: 20 }))) >= 45, true),
    upload: async (c, { bytes, digest, expect }) => expect('the digest', (await c.files.create({ file: await openaiFile(bytes, 'a.bin'), purpose: 'user_data' })).sha256, digest),
    download: async (c, { sha256, expect }) => {
      const bytes = Buffer.alloc(2000, '\0\xff line\n', 'latin1')
      const { id } = await c.files.create({ file: await openaiFile(bytes, 'b.bin'), purpose: 'user_data' })
      expect('the digest', sha256(Buffer.from(await (await c.files.content(id)).arrayBuffer())), sha256(bytes))
    },
    more: {
      audio: async (c, { sha256, expect }) => {
        const answer = await c.audio.speech.create({ input: 'hello', model: 'tts-1', voice: 'alloy' })
        const said = Buffer.from(await answer.arrayBuffer())
        expect('the digest', sha256(said), answer.headers.get('x-digest'))
        expect('what was heard', (await c.audio.transcriptions.create({ file: await openaiFile(said, 'a.mp3'), model: 'whisper-1' })).text, sha256(said))
      },
      images: async (c, { sha256, expect }) => {
        const { data, response } = await c.images.generate({ prompt: 'a cat' }).withResponse()
        expect('the digest', sha256(Buffer.from(data.data[0].b64_json, 'base64')), response.headers.get('x-digest'))
      },
      batches: async (c, { expect }) => {
        const { id } = await c.batches.create({ completion_window: '24h', endpoint: '/v1/chat/completions', input_file_id: 'file-1' })
        expect('the batch', (await c.batches.retrieve(id)).id, id)
      },
      responses: async (c, { expect }) => expect('the text', (await c.responses.create({ model: 'double', input: 'hello' })).output_text, hello),
      embeddings: async (c, { expect }) => expect('the number of vectors', (await c.embeddings.create({ model: 'double', input: 'hello' })).data.length, 1),
    },
    upstream: (c) => c.chat.completions.create({ model: 'error-429', messages: says }),
    writing: (c) => c.chat.completions.create({ model: 'double', messages: says }),
    granting: async (c) => masked((await c.post('/organization/admin_api_keys', { body: { name: 'a' } })).value),
  },
})

const anthropic = (SDK, files) => ({
  scope: { Anthropic: SDK },
  connect: (base, apiKey) => new SDK({ baseURL: base + '/api/anthropic', apiKey, maxRetries: 0 }),
  kinds: { APIError: SDK.APIError },
  steps: {
    call: async (c, { expect }) => expect('the text', (await c.messages.create({ model: 'double', max_tokens: 64, messages: says })).content[0].text, hello),
    stream: async (c, { expect }) => {
      let text = ''
      for await (const e of await c.messages.create({ model: 'double', max_tokens: 64, messages: says, stream: true })) if (e.type === 'content_block_delta') text += e.delta.text
      expect('the text', text, hello)
    },
    pages: async (c, { expect }) => expect('the number of models', await count(c.models.list()), 3),
    upload: async (c, { bytes, digest, expect }) => expect('the digest', (await files(c).upload({ file: await anthropicFile(bytes, 'a.bin') })).sha256, digest),
    more: {
      // The SDK follows the URL that the batch has for its results.
      batches: async (c, { expect }) => {
        const { id } = await c.messages.batches.create({ requests: [{ custom_id: 'one', params: { model: 'double', max_tokens: 8, messages: says } }] })
        const texts = []
        for await (const line of await c.messages.batches.results(id)) texts.push(line.result.message.content[0].text)
        expect('the texts', texts.join(), hello)
      },
      'count tokens': async (c, { expect }) => expect('more than none', (await c.messages.countTokens({ model: 'double', messages: says })).input_tokens > 0, true),
    },
    upstream: (c) => c.messages.create({ model: 'error-529', max_tokens: 64, messages: says }),
    writing: (c) => c.messages.create({ model: 'double', max_tokens: 64, messages: says }),
    granting: async (c) => masked((await c.post('/v1/organizations/webhooks', { body: { url: 'https://example.com/', enabled_events: [] } })).signing_secret),
  },
})

const repo = { owner: 'octo', repo: 'hello' }
// Octokit's error has no class to import from here; it is known by its name.
class RequestError {
  static [Symbol.hasInstance](e) {
    return e.name === 'HttpError'
  }
}
const octokit = (SDK, rest, more) => ({
  scope: { Octokit: SDK },
  connect: (base, auth) => new SDK({ auth, baseUrl: base + '/api/github', retry: { enabled: false }, throttle: { enabled: false }, log: { debug() {}, info() {}, warn() {}, error() {} } }),
  kinds: { RequestError },
  steps: {
    call: async (c, { expect }) => expect('the name', (await rest(c).repos.get(repo)).data.full_name, 'octo/hello'),
    pages: async (c, { expect }) => expect('the number of issues', (await c.paginate(rest(c).issues.listForRepo, { ...repo, per_page: 2 })).length, 5),
    // By the URL that the release's answer has, at GitHub's host for uploads.
    upload: async (c, { bytes, digest, expect }) => {
      const { data } = await rest(c).repos.getReleaseByTag({ ...repo, tag: 'v1' })
      expect('the digest', (await rest(c).repos.uploadReleaseAsset({ url: data.upload_url, name: 'a.bin', data: bytes })).data.label, digest)
    },
    download: async (c, { expect }) => {
      const { data } = await rest(c).repos.downloadZipballArchive({ ...repo, ref: 'main' })
      expect('the download', Buffer.from(data).toString().includes('token "SIGNED"'), true)
    },
    upstream: (c) => rest(c).repos.get({ ...repo, repo: 'missing' }),
    writing: (c) => rest(c).issues.create({ ...repo, title: 'a' }),
    granting: async (c) => {
      await rest(c).repos.createDeployKey({ ...repo, title: 'a', key: 'ssh-ed25519 AAAA' })
      masked((await rest(c).apps.createInstallationAccessToken({ installation_id: 1 })).data.token)
      masked((await rest(c).actions.createRemoveTokenForRepo(repo)).data.token)
    },
    ...more,
  },
})

const graphql = {
  graphql: async (c, { expect }) => {
    expect('the login', (await c.graphql('query ($n: Int) { viewer { login } }', { n: 1 })).viewer.login, 'octo')
    expect('the star', (await c.graphql('mutation { s: addStar(input: {starrableId: "x"}) { clientMutationId } }')).addStar.clientMutationId, '1')
  },
}

// What GitHub's API and gitea's have in common.
const gitea = {
  graphql: undefined,
  download: undefined,
  upload: async (c, { bytes, digest, sha256, expect }) => {
    const { data } = await c.rest.repos.createRelease({ ...repo, tag_name: 'v2', name: 'two' })
    const asset = (await c.rest.repos.uploadReleaseAsset({ url: data.upload_url + '{?name}', name: 'a.bin', data: bytes })).data
    const back = Buffer.from(await (await fetch(asset.browser_download_url)).arrayBuffer())
    expect('the digest', sha256(back), digest)
  },
  more: {
    contents: async (c, { expect }) => {
      const file = { ...repo, path: 'dir/b file.bin', branch: 'main' }
      const content = Buffer.from([0, 255, 1, 254]).toString('base64')
      await c.rest.repos.createOrUpdateFileContents({ ...file, message: 'b', content })
      expect('the file', (await c.rest.repos.getContent({ ...file, ref: 'main' })).data.content, content)
    },
    // By a redirect to a path, which fetch follows.
    moved: async (c, { expect }) => {
      await c.rest.repos.createForAuthenticatedUser({ name: 'was' })
      await c.rest.repos.update({ owner: 'octo', repo: 'was', name: 'is' })
      expect('the name', (await c.rest.repos.get({ owner: 'octo', repo: 'was' })).data.full_name, 'octo/is')
      await c.rest.repos.delete({ owner: 'octo', repo: 'is' })
    },
  },
  pages: async (c, { expect }) => expect('5 issues or more', (await c.paginate(c.rest.issues.listForRepo, repo)).length >= 5, true),
  granting: async (c) => {
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    const key = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), Buffer.from(x, 'base64url')])
    await c.rest.repos.createDeployKey({ ...repo, title: 'b', key: 'ssh-ed25519 ' + key.toString('base64') })
  },
}

const gemini = (SDK, kind) => ({
  scope: { GoogleGenAI: SDK },
  connect: (base, apiKey) => new SDK({ apiKey, httpOptions: { baseUrl: base + '/api/gemini', retryOptions: { attempts: 1 } } }),
  kinds: { ApiError: kind },
  steps: {
    call: async (c, { expect }) => expect('the text', (await c.models.generateContent({ model: 'double-1', contents: 'Say hello.' })).text, geminiHello),
    stream: async (c, { expect }) => {
      let text = ''
      for await (const part of await c.models.generateContentStream({ model: 'double-1', contents: 'Say hello.' })) text += part.text
      expect('the text', text, geminiHello)
    },
    pages: async (c, { expect }) => expect('the number of models', await count(await c.models.list({ config: { pageSize: 2 } })), 3),
    upload: async (c, { bytes, digest, expect }) => expect('the digest', (await c.files.upload({ file: new Blob([bytes]), config: { mimeType: 'text/plain' } })).sha256Hash, digest),
    more: {
      embeddings: async (c, { expect }) => expect('the number of vectors', (await c.models.embedContent({ model: 'double-1', contents: 'hello' })).embeddings.length, 1),
      'count tokens': async (c, { expect }) => expect('the number', (await c.models.countTokens({ model: 'double-1', contents: 'hello' })).totalTokens, 3),
    },
    upstream: (c) => c.models.generateContent({ model: 'error-429', contents: 'Say hello.' }),
    writing: (c) => c.models.generateContent({ model: 'double-1', contents: 'Say hello.' }),
    granting: async (c) => masked((await c.authTokens.create({ config: { httpOptions: { apiVersion: 'v1alpha' } } })).name),
  },
})

const cloudflare = {
  scope: { Cloudflare },
  connect: (base, apiToken) => new Cloudflare({ apiToken, baseURL: base + '/api/cloudflare/client/v4', maxRetries: 0 }),
  kinds: { APIError: Cloudflare.APIError },
  steps: {
    call: async (c, { expect }) => expect('the name', (await c.zones.get({ zone_id: 'zone1' })).name, 'zone1.example'),
    pages: async (c, { expect }) => expect('the number of zones', await count(c.zones.list({ per_page: 2 })), 5),
    // A value of KV, which is any bytes.
    upload: async (c, { bytes, expect }) => {
      const where = { account_id: 'a1', namespace_id: 'n1' }
      await c.kv.namespaces.values.update('a/b', { ...where, value: await openaiFile(bytes, 'value') })
      const back = Buffer.from(await (await c.kv.namespaces.values.get('a/b', where)).arrayBuffer())
      expect('the same bytes came back', back.equals(bytes), true)
    },
    more: {
      D1: async (c, { expect }) => expect('the number of results', await count(c.d1.database.query('d1', { account_id: 'a1', sql: 'SELECT 1' })), 1),
      // In parts, one of them the code. By itself the client calls all of it
      // application/javascript, which the real API refuses too.
      Worker: async (c, { bytes, expect }) => {
        const made = await c.workers.scripts.update('hello', { account_id: 'a1', metadata: { main_module: 'worker.js' }, files: [await openaiFile(bytes, 'worker.js', { type: 'application/javascript+module' })] }, { headers: { 'Content-Type': null } })
        expect('has modules', made.has_modules, true)
      },
    },
    upstream: (c) => c.zones.get({ zone_id: 'missing' }),
    writing: (c) => c.d1.database.query('d1', { account_id: 'a1', sql: 'SELECT 1' }),
    granting: async (c) => masked((await c.user.tokens.create({ name: 'a', policies: [] })).value),
  },
}

const notion = {
  scope: { Client: Notion },
  connect: (base, auth) => new Notion({ auth, baseUrl: base + '/api/notion', retry: false, logLevel: 'error', logger: () => {} }),
  kinds: { APIResponseError },
  steps: {
    call: async (c, { expect }) => expect('the name', (await c.users.me({})).name, 'Double'),
    pages: async (c, { expect }) => {
      let n = 0, start_cursor
      do {
        const list = await c.search({ page_size: 2, start_cursor })
        n += list.results.length
        start_cursor = list.next_cursor ?? undefined
      } while (start_cursor)
      expect('the number of pages', n, 5)
    },
    upload: async (c, { bytes, expect }) => {
      const made = await c.fileUploads.create({ mode: 'single_part', filename: 'a.txt', content_type: 'text/plain' })
      const sent = await c.fileUploads.send({ file_upload_id: made.id, file: { filename: 'a.txt', data: new Blob([bytes], { type: 'text/plain' }) } })
      expect('the length', sent.content_length, bytes.length)
    },
    upstream: (c) => c.pages.retrieve({ page_id: 'missing' }),
    writing: (c) => c.pages.create({ parent: { page_id: 'p' }, properties: {} }),
  },
}

const brave = {
  scope: { BraveSearch },
  connect: (base, key) => {
    const c = new BraveSearch(key)
    c.baseUrl = base + '/api/brave/res/v1' // it has no option for it
    return c
  },
  kinds: { BraveSearchError },
  steps: {
    call: async (c, { expect }) => expect('the title', (await c.webSearch('seks')).web.results[0].title, 'About seks'),
    upstream: (c) => c.webSearch('error'),
  },
}

// Behind an API's own endpoints for OpenAI's SDKs, which the doubles don't have: the
// error that they answer with is the API's.
const elsewhere = {
  scope: { OpenAI: OpenAI6 },
  steps: {
    call: async (c, { expect }) => {
      const e = await c.chat.completions.create({ model: 'double', messages: says }).catch((e) => e)
      expect('a status of the API that knows no such path', e.status === 404 || e.status === 400, true)
      expect("the broker's word", e.headers.get('x-seks-error'), null)
    },
  },
}

export const suites = {
  'openai': openai(OpenAI6),
  'openai-7': openai(OpenAI7),
  'openai, elsewhere': elsewhere,
  '@anthropic-ai/sdk': anthropic(Anthropic1, (c) => c.files),
  'anthropic-sdk-0': anthropic(Anthropic0, (c) => c.beta.files),
  'octokit': octokit(All, (c) => c.rest, graphql),
  'octokit, gitea': octokit(All, (c) => c.rest, gitea),
  '@octokit/rest': octokit(Rest, (c) => c.rest, graphql),
  '@notionhq/client': notion,
  '@google/genai': gemini(Gemini3, GeminiError3),
  'genai-2': gemini(Gemini2, GeminiError2),
  'cloudflare': cloudflare,
  'brave-search': brave,
}
