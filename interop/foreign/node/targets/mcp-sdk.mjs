// An API behind requireBearerAuth of npm @modelcontextprotocol/sdk, as a target of holdfast-conform. The middleware takes
// the token, the scopes and the expiry, and writes the answers; the token's verifier is the application's, here
// jwtVerify of jose.
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { audience, bearerOnly, issuer, jwksURL, listen, once, scope } from './api.mjs';

bearerOnly();
const keys = once(async () => createRemoteJWKSet(new URL(await jwksURL())));
const verifier = {
  async verifyAccessToken(token) {
    const remote = await keys();
    try {
      const { payload } = await jwtVerify(token, remote, { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'], requiredClaims: ['exp'] });
      return { token, clientId: `${payload.client_id}`, scopes: `${payload.scope ?? ''}`.split(' '), expiresAt: payload.exp };
    } catch {
      throw new InvalidTokenError('the token is not valid');
    }
  },
};
const resourceMetadataUrl = 'https://api.conformance.example/.well-known/oauth-protected-resource';
const ok = (_request, response) => response.send('ok\n');

const app = express();
app.get('/health', ok);
app.use('/resource', requireBearerAuth({ verifier, resourceMetadataUrl }), ok);
app.get('/scoped', requireBearerAuth({ verifier, resourceMetadataUrl, requiredScopes: [scope] }), ok);
listen(app);
