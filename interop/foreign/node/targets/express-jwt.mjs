// An API behind npm express-jwt (on jsonwebtoken) with the keys of jwks-rsa, as a target of holdfast-conform, as both
// READMEs show. Errors are answered by Express itself; the scope is the application's.
import express from 'express';
import { expressjwt } from 'express-jwt';
import jwksRsa from 'jwks-rsa';
import { audience, bearerOnly, issuer, jwksURL, listen, once, scope } from './api.mjs';

bearerOnly();
const secret = once(async () => jwksRsa.expressJwtSecret({
  cache: true, rateLimit: true, jwksRequestsPerMinute: 5, jwksUri: await jwksURL(),
}));
const checkJwt = expressjwt({
  secret: async (request, token) => (await secret())(request, token), audience, issuer, algorithms: ['RS256'],
});
const ok = (_request, response) => response.send('ok\n');
const needScope = (request, response, next) => {
  if (`${request.auth.scope}`.split(' ').includes(scope)) next();
  else response.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`).sendStatus(403);
};

const app = express();
app.get('/health', ok);
app.use('/resource', checkJwt, ok);
app.get('/scoped', checkJwt, needScope, ok);
listen(app);
