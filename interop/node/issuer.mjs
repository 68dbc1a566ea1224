// A certified OpenID provider (npm oidc-provider) as Holdfast's tests want it. Its settings are a JSON object in the
// environment variable SETTINGS: issuer, port, cert and key (PEM files), jwks (private), and clients. It prints "ready" when it
// listens, and ends when its standard input does.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.env.SETTINGS);

// The resource says how its tokens are signed: https://api.example/RS256.
function resource(indicator) {
  return {
    audience: indicator,
    scope: 'read:orders write:orders',
    accessTokenFormat: 'jwt',
    accessTokenTTL: 300,
    jwt: { sign: { alg: indicator.slice(indicator.lastIndexOf('/') + 1) } },
  };
}

const provider = new Provider(settings.issuer, {
  jwks: settings.jwks,
  clients: settings.clients,
  scopes: ['openid'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => resource(indicator),
    },
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

const server = createServer({ cert: readFileSync(settings.cert), key: readFileSync(settings.key) }, provider.callback());
server.listen(settings.port, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
