// An API behind verifyAccessTokenRequest of npm better-auth, as a target of holdfast-conform: the entry point that its
// documentation recommends to resource servers, with its replay store in memory. It takes both schemes and has no mode
// that requires or disables DPoP. The function decides; what is answered is this server's, from the error's body: one
// challenge for each scheme, the error on the one that was used.
import { createServer } from 'node:http';
import { requestToResourceInput, verifyAccessTokenRequest } from 'better-auth/oauth2';
import { audience, dpop, issuer, jwksURL, listen, scope } from './api.mjs';

if (dpop !== 'allowed') {
  console.error('better-auth accepts both schemes: play with -dpop allowed');
  process.exit(1);
}

// What reaches the function is the request as it came. Host must be no more than a host.
function toRequest({ method, url, rawHeaders }) {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const base = new URL(`http://${headers.get('host')}`);
  if (base.href !== `http://${base.host}/`) throw new TypeError('malformed Host');
  return new Request(new URL(url, base), { method, headers });
}

function refuse(response, status, used, body) {
  const challenges = ['Bearer', 'DPoP'].map((scheme) => {
    const parameters = [scheme === 'DPoP' ? 'algs="ES256"' : 'realm="api"'];
    if (body?.error && scheme.toLowerCase() === used) {
      parameters.unshift(`error="${body.error}"`);
      if (body.scope) parameters.push(`scope="${body.scope}"`);
    }
    return `${scheme} ${parameters.join(', ')}`;
  });
  response.writeHead(status, { 'WWW-Authenticate': challenges }).end();
}

listen(createServer(async (incoming, response) => {
  const path = incoming.url.split('?')[0];
  if (path === '/health') return response.end('ok\n');
  const used = incoming.headers.authorization?.split(' ')[0].toLowerCase();
  let request;
  try {
    request = toRequest(incoming);
  } catch {
    return refuse(response, 400, used, { error: 'invalid_request' });
  }
  try {
    await verifyAccessTokenRequest(requestToResourceInput(request), {
      jwksUrl: await jwksURL(),
      verifyOptions: { issuer, audience, typ: 'at+jwt' },
      requiredScopes: path === '/scoped' ? [scope] : [],
      dpop: { signingAlgorithms: ['ES256'] },
    });
    return response.end('ok\n');
  } catch (error) {
    return refuse(response, error.statusCode ?? 401, used, error.body);
  }
}));
