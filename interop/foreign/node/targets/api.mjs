// What the Node.js targets share: discovery, and for a library that only verifies a token the glue, an API that takes the
// token from the request and writes the challenges.
import { createServer } from 'node:http';

export const { HOLDFAST_ISSUER: issuer, HOLDFAST_AUDIENCE: audience, HOLDFAST_DPOP: dpop } = process.env;
export const scope = 'read:conformance';

const [host, port] = process.env.HOLDFAST_LISTEN.split(':');
export const listen = (server) => server.listen(Number(port), host);

export function bearerOnly() {
  if (dpop === 'disabled') return;
  console.error('this API takes only Bearer tokens: play with -dpop disabled');
  process.exit(1);
}

// once returns make's first success, and asks again after a failure: an API starts while its issuer is away.
export function once(make) {
  let made;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

// jwksURL asks the issuer's metadata where its keys are, for a library that leaves discovery to the application.
export const jwksURL = once(async () => {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
  const metadata = await answer.json();
  if (!answer.ok || metadata.issuer !== issuer) throw new Error('the metadata are not of the issuer');
  return metadata.jwks_uri;
});

// bearer returns the token of a request, undefined if it has none.
function bearer({ headersDistinct }) {
  const fields = headersDistinct.authorization ?? [];
  if (fields.length > 1) throw new TypeError('several Authorization fields');
  const [, scheme, token] = /^(\S+) *(.*)$/.exec(fields[0] ?? '') ?? [];
  if (scheme?.toLowerCase() !== 'bearer') return undefined;
  if (!token) throw new TypeError('no token');
  return token;
}

// verify serves an API behind a function that verifies a token and returns its claims.
export function verify(verifyToken) {
  bearerOnly();
  const server = createServer(async (request, response) => {
    const refuse = (status, challenge) => response.writeHead(status, { 'WWW-Authenticate': challenge }).end();
    const path = request.url.split('?')[0];
    if (path === '/health') return response.end('ok\n');
    let token;
    try {
      token = bearer(request);
    } catch {
      return refuse(400, 'Bearer error="invalid_request"');
    }
    if (!token) return refuse(401, 'Bearer realm="api"');
    try {
      const claims = await verifyToken(token);
      if (path === '/scoped' && !`${claims.scope}`.split(' ').includes(scope)) {
        return refuse(403, `Bearer error="insufficient_scope", scope="${scope}"`);
      }
      return response.end('ok\n');
    } catch {
      return refuse(401, 'Bearer error="invalid_token"');
    }
  });
  listen(server);
}
