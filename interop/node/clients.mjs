// Clients with DPoP: npm openid-client and npm oauth4webapi, which are certified, and fetch with npm dpop, each as its documentation
// shows. The settings are a JSON object in the environment variable SETTINGS: issuer, client_id, client_secret, resource, algorithm,
// and api, the URL to call. For each client it prints one line of JSON: its name and the status of two calls of the API.
import * as DPoPProofs from 'dpop';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

const settings = JSON.parse(process.env.SETTINGS);
const api = new URL(settings.api);
const parameters = { resource: settings.resource, scope: 'read:orders' };

async function withOpenIDClient() {
  const config = await openid.discovery(new URL(settings.issuer), settings.client_id, settings.client_secret, openid.ClientSecretBasic(settings.client_secret));
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair(settings.algorithm));
  const tokens = await openid.clientCredentialsGrant(config, parameters, { DPoP });
  const call = () => openid.fetchProtectedResource(config, tokens.access_token, api, 'GET', null, null, { DPoP });
  return { type: tokens.token_type, statuses: [(await call()).status, (await call()).status] };
}

async function withOAuth4WebAPI() {
  const issuer = new URL(settings.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
  const client = { client_id: settings.client_id };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(settings.algorithm));

  // A server may ask for a nonce: the request is then made once more, with the nonce that DPoP has kept.
  const withRetry = async (request) => {
    try {
      return await request();
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return await request();
    }
  };
  const tokens = await withRetry(async () => {
    const response = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic(settings.client_secret), new URLSearchParams(parameters), { DPoP });
    return await oauth.processClientCredentialsResponse(server, client, response);
  });
  const call = () => withRetry(() => oauth.protectedResourceRequest(tokens.access_token, 'GET', api, undefined, undefined, { DPoP }));
  return { type: tokens.token_type, statuses: [(await call()).status, (await call()).status] };
}

async function withDPoP() {
  const keys = await DPoPProofs.generateKeyPair(settings.algorithm);
  const metadata = await (await fetch(new URL('/.well-known/openid-configuration', settings.issuer))).json();
  let nonce;
  const send = async (url, method, { headers = {}, body } = {}, token = undefined) => {
    const proof = await DPoPProofs.generateProof(keys, String(url), method, nonce, token);
    const response = await fetch(url, { method, body, headers: { ...headers, DPoP: proof } });
    nonce = response.headers.get('DPoP-Nonce') ?? nonce;
    return response;
  };
  const credentials = Buffer.from(`${settings.client_id}:${settings.client_secret}`).toString('base64');
  const granted = await send(metadata.token_endpoint, 'POST', {
    headers: { Authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
  const tokens = await granted.json();
  nonce = undefined; // of the issuer
  const call = async () => {
    const token = tokens.access_token;
    const once = () => send(api, 'GET', { headers: { Authorization: `DPoP ${token}` } }, token);
    const response = await once();
    return response.status === 401 && nonce ? once() : response;
  };
  return { type: tokens.token_type.toLowerCase(), statuses: [(await call()).status, (await call()).status] };
}

for (const [name, run] of Object.entries({ 'openid-client': withOpenIDClient, oauth4webapi: withOAuth4WebAPI, dpop: withDPoP })) {
  try {
    console.log(JSON.stringify({ name, ...(await run()) }));
  } catch (error) {
    console.log(JSON.stringify({ name, error: `${error}: ${JSON.stringify(error.cause ?? null)}` }));
  }
}
