// An API for holdfast-conform, on jose and Node's own HTTP server. Put your own verifier in place of check.
//
//   npm install jose
//   holdfast-conform run -dpop disabled -- sh -c 'NODE_EXTRA_CA_CERTS=$HOLDFAST_CA_FILE exec node target.mjs'
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { HOLDFAST_ISSUER: issuer, HOLDFAST_DPOP: dpop, HOLDFAST_LISTEN: listen } = process.env
const words = (name, otherwise) => (process.env[name] ?? otherwise).split(' ')
if (dpop !== 'disabled') throw new Error('this API takes only Bearer tokens: play with -dpop disabled')

let keys
async function check(token) {
  if (!keys) {
    const metadata = await fetch(issuer.replace(/\/$/, '') + '/.well-known/openid-configuration')
    keys = createRemoteJWKSet(new URL((await metadata.json()).jwks_uri))
  }
  const { payload } = await jwtVerify(token, keys, {
    issuer, typ: 'at+jwt', requiredClaims: ['iss', 'aud', 'exp', 'iat'],
    algorithms: words('HOLDFAST_ALGORITHMS', 'RS256'),
    audience: words('HOLDFAST_AUDIENCES', process.env.HOLDFAST_AUDIENCE),
    clockTolerance: Number(process.env.HOLDFAST_LEEWAY ?? 0),
  })
  return payload
}

async function decide(request) {
  if (request.url === '/health') return [200]
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!token) return [401, 'Bearer realm="api"']
  let claims
  try {
    claims = await check(token)
  } catch {
    return [401, 'Bearer error="invalid_token"']
  }
  if (request.url.startsWith('/scoped') && !String(claims.scope ?? '').split(' ').includes('read:conformance')) {
    return [403, 'Bearer error="insufficient_scope", scope="read:conformance"']
  }
  return [200]
}

const [, host, port] = /^(.*):(\d+)$/.exec(listen)
createServer(async (request, response) => {
  const [status, challenge] = await decide(request)
  response.setHeader('Holdfast-Powers', 'algorithms, audiences, leeway')
  if (challenge) response.setHeader('WWW-Authenticate', challenge)
  response.writeHead(status).end()
}).listen(Number(port), host)
