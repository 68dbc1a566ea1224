// An API behind validateJwtAccessToken of npm oauth4webapi, as a target of holdfast-conform. The function decides; what
// is answered when it throws is this server's: one challenge for each scheme on offer, the error on the one that was
// used. The function has no mode without DPoP, remembers no proof, does not tell a bad proof from a bad token, and leaves
// the scope to its caller.
import { createServer } from 'node:http';
import * as oauth from 'oauth4webapi';

const { HOLDFAST_ISSUER, HOLDFAST_AUDIENCE, HOLDFAST_DPOP, HOLDFAST_LISTEN } = process.env;
if (HOLDFAST_DPOP === 'disabled') {
  console.error('oauth4webapi: DPoP cannot be disabled');
  process.exit(1);
}

const options = { requireDPoP: HOLDFAST_DPOP === 'required', signingAlgorithms: ['RS256', 'ES256'] };
const schemes = options.requireDPoP ? ['DPoP'] : ['Bearer', 'DPoP'];

// Metadata are fetched when first needed, and again if that failed; keys are cached by the function.
let metadata;
async function authorizationServer() {
  if (!metadata) {
    const issuer = new URL(HOLDFAST_ISSUER);
    metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
  }
  return metadata;
}

// What reaches the function is the request as it came: repeated fields are joined as RFC 9110 section 5.3 says. Host must be
// no more than a host.
function toRequest({ method, url, rawHeaders }) {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const base = new URL(`http://${headers.get('host')}`);
  if (base.href !== `http://${base.host}/`) throw new TypeError('malformed Host');
  return new Request(new URL(url, base), { method, headers });
}

// refuse answers with the error, and what else there is to say of it, on the challenge of the scheme that was used.
function refuse(response, status, used, error) {
  const challenges = schemes.map((scheme) => {
    const parameters = [scheme === 'DPoP' ? 'algs="ES256 RS256"' : 'realm="api"'];
    if (error && scheme.toLowerCase() === used?.toLowerCase()) parameters.unshift(error);
    return `${scheme} ${parameters.join(', ')}`;
  });
  response.writeHead(status, { 'WWW-Authenticate': challenges, 'Cache-Control': 'no-store' }).end();
}

// Codes of errors that are the issuer's, and no fault of the token.
const ofIssuer = [oauth.RESPONSE_IS_NOT_CONFORM, oauth.RESPONSE_IS_NOT_JSON, oauth.JSON_ATTRIBUTE_COMPARISON,
  oauth.MISSING_SERVER_METADATA, oauth.INVALID_SERVER_METADATA, oauth.HTTP_REQUEST_FORBIDDEN];

function isOfIssuer(error) {
  return ofIssuer.includes(error.code) || error.message === 'fetch failed';
}

const server = createServer(async (incoming, response) => {
  const path = incoming.url.split('?')[0];
  if (path === '/health') {
    response.end('ok\n');
    return;
  }
  const used = incoming.headers.authorization?.split(' ')[0];
  if (!used) {
    refuse(response, 401);
    return;
  }
  let request;
  try {
    request = toRequest(incoming);
  } catch {
    refuse(response, 400, used, 'error="invalid_request"');
    return;
  }
  try {
    const claims = await oauth.validateJwtAccessToken(await authorizationServer(), request, HOLDFAST_AUDIENCE, options);
    if (path === '/scoped' && !`${claims.scope}`.split(' ').includes('read:conformance')) {
      refuse(response, 403, used, 'error="insufficient_scope", scope="read:conformance"');
      return;
    }
    response.end('ok\n');
  } catch (error) {
    if (isOfIssuer(error)) {
      response.writeHead(503, { 'Retry-After': '5' }).end();
    } else if (error.code === oauth.INVALID_REQUEST) {
      refuse(response, 400, used, 'error="invalid_request"');
    } else {
      refuse(response, 401, used, 'error="invalid_token"');
    }
  }
});

const [host, port] = HOLDFAST_LISTEN.split(':');
server.listen(Number(port), host);
