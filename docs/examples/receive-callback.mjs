/**
 * A receiver of results by HTTP callback, with nothing but Node: SECRETS=whsec_…[,whsec_…] PORT=8080 node receive-callback.mjs
 *
 * It verifies the signature over the bytes as they came, refuses what is too old, and takes each result once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const BODY_BYTES_MAX = 4 * 1024 * 1024
/** Difference of both clocks that is still believed; older requests may be recordings. */
const SKEW_SECONDS_MAX = 300
/** Present secret and, while it is being replaced, the next one. */
const secrets = (process.env.SECRETS ?? '').split(',').map((text) => Buffer.from(text.replace(/^whsec_/, ''), 'base64'))
/** In earnest: a table with the id as its key, written in the transaction that uses the result. */
const seenIds = new Set()

function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (!id || !/^\d+$/.test(timestamp ?? '') || !signatures) return false
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > SKEW_SECONDS_MAX) return false
  const given = signatures.split(' ').map((each) => Buffer.from(each.replace(/^v1,/, ''), 'base64'))
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest()
    return given.some((each) => each.length === expected.length && timingSafeEqual(each, expected))
  })
}

async function readBody(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const server = createServer(async (request, response) => {
  const body = await readBody(request)
  if (body === null || !isGenuine(request.headers, body)) return response.writeHead(401).end()
  const id = request.headers['webhook-id']
  if (!seenIds.has(id)) {
    const { orderNo, status, invoices } = JSON.parse(body)
    console.log(`${orderNo}: ${status}, ${invoices.length} invoices`)
    seenIds.add(id)
  }
  // Only now: an answer before the result is safe would lose it when this process dies.
  response.writeHead(204).end()
})
server.listen(Number(process.env.PORT ?? 8080), () => console.log(`listening on ${server.address().port}`))
