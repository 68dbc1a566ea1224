// An API behind the jwk middleware of npm hono, as a target of holdfast-conform, as its documentation shows. It accepts only
// tokens of typ JWT, or none, unless told: verification.typ names that of access tokens. The scope is the application's.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { jwk } from 'hono/jwk';
import { audience, bearerOnly, issuer, jwksURL, scope } from './api.mjs';

bearerOnly();
const auth = jwk({ jwks_uri: jwksURL, alg: ['RS256'], verification: { iss: issuer, aud: audience, typ: 'at+jwt' } });
const ok = (c) => c.text('ok\n');
const needScope = (c, next) => {
  if (`${c.get('jwtPayload').scope}`.split(' ').includes(scope)) return next();
  return c.text('Forbidden', 403, { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` });
};

const app = new Hono();
app.get('/health', ok);
app.use('/resource', auth);
app.use('/resource/*', auth);
app.all('/resource', ok);
app.all('/resource/*', ok);
app.get('/scoped', auth, needScope, ok);

const [hostname, port] = process.env.HOLDFAST_LISTEN.split(':');
serve({ fetch: app.fetch, hostname, port: Number(port) });
