// One API behind a verifier for Node.js, set up as its README says. It prints its port once it listens.
import { createServer } from 'node:http';

const [, , kind] = process.argv;
const { ISSUER: issuer, AUDIENCE: audience, TTL: ttl } = process.env;
const cacheMaxAge = ttl ? Number(ttl) : undefined;
const cpu = () => { const { user, system } = process.cpuUsage(); return String(user + system); };
const bearer = (request) => request.headers.authorization?.replace(/^Bearer /, '') ?? '';

// guarded makes an API of what verifies a request.
function guarded(verify) {
  return async (request, response) => {
    if (request.url === '/cpu') return response.end(cpu());
    try {
      await verify(request);
    } catch {
      return response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end();
    }
    return response.end('ok\n');
  };
}

const kinds = {
  bare: async () => guarded(() => {}),

  async 'express-oauth2-jwt-bearer'() {
    const { default: express } = await import('express');
    const { auth } = await import('express-oauth2-jwt-bearer');
    const app = express();
    app.get('/cpu', (_request, response) => response.send(cpu()));
    app.get('/orders', auth({ issuerBaseURL: issuer, audience, ...(cacheMaxAge && { cacheMaxAge }) }), (_request, response) => response.send('ok\n'));
    app.use((error, _request, response, _next) => response.set(error.headers ?? {}).status(error.status ?? 500).end());
    return app;
  },

  async jose() {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    const keys = createRemoteJWKSet(new URL('jwks', issuer), { ...(cacheMaxAge && { cacheMaxAge }) });
    return guarded((request) => jwtVerify(bearer(request), keys, { issuer, audience, algorithms: ['RS256'] }));
  },

  async oauth4webapi() {
    const oauth = await import('oauth4webapi');
    let metadata;
    return guarded(async (incoming) => {
      metadata ??= await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer)));
      const request = new Request('http://api.example/orders', { headers: incoming.headers });
      return oauth.validateJwtAccessToken(metadata, request, audience, { signingAlgorithms: ['RS256'] });
    });
  },

  async 'fast-jwt'() {
    const { createVerifier } = await import('fast-jwt');
    const { default: buildGetJwks } = await import('get-jwks');
    const jwks = buildGetJwks({ providerDiscovery: true, issuersWhitelist: [issuer], ...(ttl && { ttl: Number(ttl) }) });
    const verify = createVerifier({
      key: ({ header }) => jwks.getPublicKey({ kid: header.kid, alg: header.alg, domain: issuer }),
      cache: true, algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience,
    });
    return guarded((request) => verify(bearer(request)));
  },
};

const server = createServer(await kinds[kind]());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
