// Runs one client through what its users do, against the broker: s3_node_test.go
// starts it, and judges by what it prints, a line of JSON for each step that failed.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { CopyObjectCommand, CreateBucketCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import * as minio from 'minio'

const { CLIENT, BASE, HOST, PORT, SECURE, ID, SECRET, BUCKET, LARGE } = process.env
const all = ['plain', 'a b+c', 'é/ü', '100%', 'a//b', 'x..y']
const bytes = Buffer.alloc(300_000)
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) ^ (i >> 8)

function same(what, got, want) {
  const digest = (b) => createHash('sha256').update(b).digest('hex')
  if (digest(got) !== digest(want)) throw new Error(`${what}: ${got.length} other bytes came back for ${want.length}`)
}

async function collect(stream) {
  const parts = []
  for await (const p of stream) parts.push(p)
  return Buffer.concat(parts)
}

async function sdk() {
  const keys = all
  const c = new S3Client({ endpoint: BASE, forcePathStyle: true, region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId: ID, secretAccessKey: SECRET } })
  const get = async (Key) => Buffer.from(await (await c.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).Body.transformToByteArray())
  await step('create', () => c.send(new CreateBucketCommand({ Bucket: BUCKET })))
  for (const Key of keys) {
    await step(`put and get ${Key}`, async () => {
      await c.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: bytes, Metadata: { a: 'b' } }))
      same(Key, await get(Key), bytes)
    })
  }
  await step('put a stream', async () => {
    await c.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'stream', Body: Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]), ContentLength: bytes.length }))
    same('stream', await get('stream'), bytes)
  })
  await step('put in parts', async () => {
    const large = Buffer.alloc(Number(LARGE), bytes)
    await new Upload({ client: c, params: { Bucket: BUCKET, Key: 'large', Body: Readable.from([large.subarray(0, 7_000_000), large.subarray(7_000_000)]) }, partSize: 5 << 20 }).done()
    same('large', await get('large'), large)
  })
  await step('list, head, range, copy', async () => {
    const l = await c.send(new ListObjectsV2Command({ Bucket: BUCKET }))
    if (l.Contents.length !== keys.length + 2) throw new Error(`${l.Contents.length} objects are listed`)
    const h = await c.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'stream' }))
    if (h.ContentLength !== bytes.length) throw new Error(`it is ${h.ContentLength} long`)
    const r = await c.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'stream', Range: 'bytes=10-19' }))
    same('range', Buffer.from(await r.Body.transformToByteArray()), bytes.subarray(10, 20))
    await c.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy', CopySource: `${BUCKET}/stream` }))
  })
  await step('presigned get and put', async () => {
    const put = await getSignedUrl(c, new PutObjectCommand({ Bucket: BUCKET, Key: 'presigned' }), { expiresIn: 60 })
    const a = await fetch(put, { method: 'PUT', body: bytes })
    if (a.status !== 200) throw new Error(`put: ${a.status} ${await a.text()}`)
    const g = await fetch(await getSignedUrl(c, new GetObjectCommand({ Bucket: BUCKET, Key: 'presigned' })))
    same('presigned', Buffer.from(await g.arrayBuffer()), bytes)
  })
  await step('delete many', async () => {
    const d = await c.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: keys.map((Key) => ({ Key })) } }))
    if (d.Deleted.length !== keys.length) throw new Error(`${d.Deleted.length} are deleted`)
  })
  await refused('a wrong secret', 'SignatureDoesNotMatch', () =>
    new S3Client({ endpoint: BASE, forcePathStyle: true, region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId: ID, secretAccessKey: SECRET + 'x' } }).send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'stream' })).catch((e) => { throw e.$metadata?.httpStatusCode === 403 ? Object.assign(e, { name: 'SignatureDoesNotMatch' }) : e }))
}

async function minioClient() {
  const keys = all.filter((k) => !k.includes('%')) // its own listing can't read a name with one
  const c = new minio.Client({ endPoint: HOST, port: Number(PORT), useSSL: SECURE === 'true', accessKey: ID, secretKey: SECRET, partSize: 8 << 20 })
  await step('create', () => c.makeBucket(BUCKET, 'us-east-1'))
  for (const key of keys) {
    await step(`put and get ${key}`, async () => {
      await c.putObject(BUCKET, key, bytes)
      same(key, await collect(await c.getObject(BUCKET, key)), bytes)
    })
  }
  await step('put a stream in parts', async () => {
    const large = Buffer.alloc(Number(LARGE), bytes)
    await c.putObject(BUCKET, 'large', Readable.from([large]), large.length)
    same('large', await collect(await c.getObject(BUCKET, 'large')), large)
  })
  await step('list', async () => {
    let n = 0
    for await (const _ of c.listObjectsV2(BUCKET, '', true)) n++
    if (n !== keys.length + 1) throw new Error(`${n} objects are listed`)
  })
  await step('presigned get and put', async () => {
    const a = await fetch(await c.presignedPutObject(BUCKET, 'presigned', 60), { method: 'PUT', body: bytes })
    if (a.status !== 200) throw new Error(`put: ${a.status} ${await a.text()}`)
    const g = await fetch(await c.presignedGetObject(BUCKET, 'presigned', 60))
    same('presigned', Buffer.from(await g.arrayBuffer()), bytes)
  })
  await step('delete many', () => c.removeObjects(BUCKET, keys))
}

async function step(name, call) {
  try {
    await call()
    console.log(JSON.stringify({ step: name }))
  } catch (e) {
    console.log(JSON.stringify({ step: name, failed: `${e.name} ${e.message}` }))
  }
}

const refused = (name, want, call) => step(name, () => call().then(() => { throw new Error('it is taken') }, (e) => { if (e.name !== want) throw e }))

await { sdk, minio: minioClient }[CLIENT]()
process.exit(0)
