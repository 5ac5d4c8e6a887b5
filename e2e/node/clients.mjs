// The official clients, each unmodified but for its base URL and its key, behind
// the few calls that run.mjs makes.
import OpenAI, { toFile as openaiFile } from 'openai'
import Anthropic1, { toFile as anthropicFile } from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-sdk-0'

const says = [{ role: 'user', content: 'Say hello.' }]

function openai(base, apiKey) {
  const client = new OpenAI({ baseURL: base + '/api/openai/v1', apiKey, maxRetries: 0 })
  const create = (model, more, options) => client.chat.completions.create({ model, messages: says, ...more }, options)
  return {
    create: async (model) => (await create(model)).choices[0].message.content,
    stream: (signal) => create('gpt-double', { stream: true }, { signal }),
    textOf: (event) => event.choices[0]?.delta.content ?? '',
    upload: async (bytes) => client.files.create({ file: await openaiFile(bytes, 'big.bin'), purpose: 'user_data' }),
    models: () => client.models.list(),
  }
}

function anthropic(SDK, upload) {
  return (base, apiKey) => {
    const client = new SDK({ baseURL: base + '/api/anthropic', apiKey, maxRetries: 0 })
    const create = (model, more, options) => client.messages.create({ model, max_tokens: 64, messages: says, ...more }, options)
    return {
      create: async (model) => (await create(model)).content[0].text,
      stream: (signal) => create('claude-double', { stream: true }, { signal }),
      textOf: (event) => (event.type === 'content_block_delta' ? event.delta.text : ''),
      upload: async (bytes) => upload(client)({ file: await anthropicFile(bytes, 'big.bin') }),
      models: () => client.models.list(),
    }
  }
}

export const clients = {
  'openai': { SDK: OpenAI, connect: openai },
  '@anthropic-ai/sdk 1.x': { SDK: Anthropic1, connect: anthropic(Anthropic1, (c) => c.files.upload.bind(c.files)) },
  '@anthropic-ai/sdk 0.x': { SDK: Anthropic0, connect: anthropic(Anthropic0, (c) => c.beta.files.upload.bind(c.beta.files)) },
}
