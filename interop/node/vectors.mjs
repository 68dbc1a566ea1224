// Plays vectors with jose: vectors.mjs FOLDER prints its version and what is decided in each step, as JSON. docs/vectors.md has the
// format. What jose does not check is here, as an API would write it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as jose from 'jose'

class Rejected extends Error {}
class Undecidable extends Error {}
const must = (holds) => { if (!holds) throw new Rejected() }

const now = Date.now
const sha256 = (data) => createHash('sha256').update(data).digest('base64url')
const claim = (claims, name) => name[0] !== '/' ? claims[name] : name.slice(1).split('/').reduce((o, part) => {
  must(o === undefined || typeof o === 'object')
  return o?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
}, claims)
const target = (url) => { must(typeof url === 'string'); const u = new URL(url); must(!u.username); return u.origin + u.pathname }

// A server has the policy of a group, and remembers keys and proofs.
function server(policy, documents) {
  const keySets = new Map(), used = new Set()
  const s = { documents, nonces: [] }

  const get = (url) => {
    if (!(url in s.documents)) throw new Undecidable()
    const document = s.documents[url]
    return typeof document === 'string' ? document : JSON.stringify(document)
  }
  const parse = (text) => { try { return JSON.parse(text) } catch { throw new Undecidable() } }
  const keySet = (issuer) => {
    if (!keySets.has(issuer)) {
      const metadata = parse(get(issuer.replace(/\/$/, '') + '/.well-known/openid-configuration'))
      if (metadata.issuer !== issuer || !metadata.jwks_uri?.startsWith('https://')) throw new Undecidable()
      keySets.set(issuer, jose.createRemoteJWKSet(new URL(metadata.jwks_uri), { [jose.customFetch]: async (url) => new Response(get(url)) }))
    }
    return keySets.get(issuer)
  }

  s.verify = async ({ request, scope }) => {
    const fields = (name) => request.fields.filter((f) => f[0].toLowerCase() === name).map((f) => f[1])
    const [authorization, ...more] = fields('authorization')
    must(authorization !== undefined && more.length === 0 && !new URL(request.url).searchParams.has('access_token') && !request.form)
    const [, word, token] = /^([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*)$/.exec(authorization) ?? []
    const scheme = word?.toLowerCase()
    const offered = { allowed: ['bearer', 'dpop'], required: ['dpop'], disabled: ['bearer'] }[policy.dpop.mode]
    must(offered.includes(scheme))
    const claims = await accessToken(token)
    if (scope) {
      const scopes = policy.issuers.find((i) => i.issuer === claims.iss).scopeClaims.map((name) => claim(claims, name)).find((s) => s !== undefined) ?? ''
      must(!Array.isArray(scopes) || scopes.every((s) => typeof s === 'string'))
      must((Array.isArray(scopes) ? scopes : scopes.split(' ')).includes(scope))
    }
    if (scheme === 'dpop') await proof(request, fields('dpop'), token, claims)
    else bearer(request, fields('dpop'), claims)
  }

  async function accessToken(token) {
    const { iss } = jose.decodeJwt(token)
    const issuer = policy.issuers.find((i) => i.issuer === iss)
    must(issuer)
    const { kid } = jose.decodeProtectedHeader(token)
    must(policy.missingKeyID || typeof kid === 'string' && kid !== '')
    const { payload, protectedHeader } = await jose.jwtVerify(token, keySet(iss), {
      issuer: issuer.issuer, audience: issuer.audiences, algorithms: issuer.algorithms, clockTolerance: policy.leeway,
      maxTokenAge: policy.maxAge || undefined, currentDate: new Date(Date.now()),
      requiredClaims: ['exp', 'iat', ...(policy.profile ? ['sub', 'client_id', 'jti'] : [])],
    })
    must(!('typ' in protectedHeader) || typeof protectedHeader.typ === 'string')
    must(issuer.types.includes((protectedHeader.typ ?? '').toLowerCase().replace(/^application\//, '')))
    must(protectedHeader.typ !== '')
    must(issuer.requiredClaims.every((name) => (claim(payload, name) ?? null) !== null) && payload.jti !== null && payload.cnf !== null)
    const clients = issuer.clientClaims.map((name) => claim(payload, name)).filter((c) => c !== undefined)
    must(clients.every((c) => typeof c === 'string') && new Set(clients.filter((c) => c !== '')).size <= 1)
    must(policy.idTokens || !('nonce' in payload || 'at_hash' in payload || 'c_hash' in payload))
    must(!('events' in payload))
    const { organization } = policy
    must(!organization || (organization.startsWith('org_') ? payload.org_id === organization : payload.org_name === organization.toLowerCase()))
    return payload
  }

  function bearer(request, proofs, { cnf }) {
    must(proofs.length === 0 || policy.dpop.mode === 'disabled')
    const methods = Object.keys(cnf ?? {}).filter((m) => m !== 'jkt' || !policy.dpop.boundAsBearer)
    if (policy.mtls !== 'off' && methods.length === 1 && methods[0] === 'x5t#S256') return certificate(request, cnf)
    must(methods.length === 0 && policy.mtls !== 'required')
  }

  function certificate(request, cnf) {
    must(request.certificate && cnf['x5t#S256'] === sha256(Buffer.from(request.certificate, 'base64')))
  }

  async function proof(request, [proof, ...more], token, { cnf }) {
    must(proof !== undefined && more.length === 0)
    const { payload, protectedHeader: { jwk } } = await jose.jwtVerify(proof, jose.EmbeddedJWK, {
      typ: 'dpop+jwt', algorithms: policy.dpop.algorithms, clockTolerance: policy.dpop.leeway, currentDate: new Date(Date.now()),
      requiredClaims: ['jti', 'htm', 'htu', 'iat', 'ath'],
    })
    const age = Date.now() / 1000 - payload.iat
    must(age <= policy.dpop.maxAge && age >= -policy.dpop.leeway)
    must(payload.htm === request.method && target(payload.htu) === target(request.url))
    must(typeof payload.jti === 'string' && payload.ath === sha256(token))
    const thumbprint = await jose.calculateJwkThumbprint(jwk)
    must(cnf.jkt === thumbprint)
    const others = Object.keys(cnf).filter((method) => method !== 'jkt')
    if (policy.mtls !== 'off' && others.length === 1 && others[0] === 'x5t#S256') certificate(request, cnf)
    else must(others.length === 0)
    if (policy.dpop.nonce === 'required' || policy.dpop.nonce === 'offered' && 'nonce' in payload) must(s.nonces.includes(payload.nonce))
    must(!used.has(thumbprint + payload.jti))
    used.add(thumbprint + payload.jti)
  }
  return s
}

const decided = {}
for (const name of readdirSync(process.argv[2]).filter((n) => n.endsWith('.json') && n !== 'schema.json')) {
  const file = JSON.parse(readFileSync(join(process.argv[2], name)))
  if (file.version !== 1) throw new Error(`${name} has version ${file.version}`)
  for (const group of file.groups) for (const vector of group.vectors) {
    const s = server(group.policy, group.documents)
    decided[vector.id] = []
    for (const step of vector.steps) {
      Date.now = () => step.time * 1000
      s.documents = step.documents ?? s.documents
      s.nonces = step.nonces ?? []
      try {
        await s.verify(step)
        decided[vector.id].push('accepted')
      } catch (error) {
        const away = error instanceof Undecidable || error instanceof jose.errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC'
        decided[vector.id].push(away ? 'undecidable' : 'rejected')
      }
    }
  }
}
Date.now = now
const { version } = JSON.parse(readFileSync(new URL('node_modules/jose/package.json', import.meta.url)))
console.log(JSON.stringify({ version, decided }))
