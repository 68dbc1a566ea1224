// An API behind npm express-oauth2-jwt-bearer, as a target of holdfast-conform, set up as its README shows. Errors are
// answered by Express itself, as the README's "Error Handling" says.
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';

const { HOLDFAST_ISSUER, HOLDFAST_AUDIENCE, HOLDFAST_DPOP, HOLDFAST_LISTEN } = process.env;

const checkJwt = auth({
  issuerBaseURL: HOLDFAST_ISSUER,
  audience: HOLDFAST_AUDIENCE,
  dpop: { enabled: HOLDFAST_DPOP !== 'disabled', required: HOLDFAST_DPOP === 'required' },
});
const ok = (_request, response) => response.send('ok\n');

const app = express();
app.get('/health', ok);
app.use('/resource', checkJwt, ok);
app.get('/scoped', checkJwt, requiredScopes('read:conformance'), ok);

const [host, port] = HOLDFAST_LISTEN.split(':');
app.listen(Number(port), host);
