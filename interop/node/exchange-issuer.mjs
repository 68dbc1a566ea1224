// A certified OpenID provider (npm oidc-provider) whose users log in without being asked, as login_hint or as ada, where clients
// register themselves (RFC 7591), and which exchanges tokens (RFC 8693): npm oidc-provider leaves that grant to its users. Settings as in issuer.mjs; clients with dpop_bound_access_tokens have to
// send a nonce in their DPoP proofs.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';

const settings = JSON.parse(process.env.SETTINGS);
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

const resource = (indicator) => ({
  audience: indicator,
  scope: 'read:orders write:orders mcp publish',
  accessTokenFormat: 'jwt',
  accessTokenTTL: 300,
  jwt: { sign: { alg: 'RS256' } },
});

const provider = new Provider(settings.issuer, {
  jwks: settings.jwks,
  clients: settings.clients,
  scopes: ['openid', 'offline_access', 'read:orders', 'mcp', 'publish'],
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'name'] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Ada' }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  // Whoever logs in permits all that is asked for.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    for (const indicator of [ctx.oidc.params.resource].flat().filter(Boolean)) grant.addResourceScope(indicator, ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  extraTokenClaims: (ctx) => ctx.state.act && { act: ctx.state.act },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    revocation: { enabled: true },
    jwtUserinfo: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: (ctx) => ctx.oidc.client?.dpopBoundAccessTokens },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => resource(indicator),
    },
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

const publicKeys = createLocalJWKSet({
  keys: settings.jwks.keys.map(({ kty, n, e, crv, x, y, kid, alg, use }) => ({ kty, n, e, crv, x, y, kid, alg, use })),
});

async function exchange(ctx) {
  const { params, client } = ctx.oidc;
  if (params.subject_token_type !== accessTokenType) throw new errors.InvalidRequest('subject_token_type is not supported');
  let subject;
  try {
    ({ payload: subject } = await jwtVerify(params.subject_token, publicKeys, { issuer: settings.issuer, typ: 'at+jwt' }));
  } catch {
    throw new errors.InvalidRequest('subject_token is not good');
  }
  if (!params.audience) throw new errors.InvalidTarget('audience is missing');
  ctx.state.act = { sub: client.clientId, ...(subject.act && { act: subject.act }) };
  const { AccessToken, ResourceServer } = ctx.oidc.provider;
  const token = new AccessToken({ accountId: subject.sub, client, scope: params.scope, gty: 'token-exchange' });
  token.resourceServer = new ResourceServer(params.audience, resource(params.audience));
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: accessTokenType,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: params.scope,
  };
}
provider.registerGrantType('urn:ietf:params:oauth:grant-type:token-exchange', exchange, [
  'subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope',
]);

const answer = provider.callback();
async function logIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params.login_hint ?? 'ada' } });
}
const server = createServer({ cert: readFileSync(settings.cert), key: readFileSync(settings.key) }, (request, response) =>
  request.url.startsWith('/interaction/') ? logIn(request, response) : answer(request, response));
server.listen(settings.port, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
