// The official MCP client (npm @modelcontextprotocol/sdk), as its documentation shows. Its users log in at the issuer that the
// server's metadata names, without a browser. The settings are a JSON object in the environment variable SETTINGS: client_id, of a public
// client that is registered; guarded and unguarded, the URLs of two endpoints. It prints one line of JSON: what came of each step.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const settings = JSON.parse(process.env.SETTINGS);

// A User is an OAuthClientProvider that keeps all in memory, and logs in under a name.
class User {
  redirectUrl = 'https://app.example/callback';
  logins = 0;

  constructor(name, { grants = [], client } = {}) {
    this.name = name;
    this.client = client;
    this.clientMetadata = {
      client_name: name, redirect_uris: [this.redirectUrl], grant_types: ['authorization_code', ...grants], response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.saved; }
  saveTokens(tokens) { this.saved = tokens; }
  codeVerifier() { return this.verifier; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }

  // redirectToAuthorization does what a browser does, up to the redirect back.
  async redirectToAuthorization(url) {
    this.logins++;
    this.asked = url.searchParams.get('scope');
    url.searchParams.set('login_hint', this.name);
    const cookies = new Map();
    for (let at = url; ;) {
      const answer = await fetch(at, { redirect: 'manual', headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') } });
      await answer.text();
      for (const cookie of answer.headers.getSetCookie()) cookies.set(...cookie.split(';')[0].split(/=(.*)/s, 2));
      at = new URL(answer.headers.get('location'), at);
      if (at.href.startsWith(this.redirectUrl)) {
        this.code = at.searchParams.get('code');
        return;
      }
    }
  }

  // connect begins a session, or takes up the one that is named.
  async connect(endpoint, sessionId) {
    const open = () => new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: this, sessionId });
    this.session = new Client({ name: this.name, version: '1' });
    this.transport = open();
    await this.loggingIn(() => this.session.connect(this.transport), () => (this.transport = open()));
    return this;
  }

  // loggingIn does what wants a login, logs in, and does it again.
  async loggingIn(what, renew = () => this.transport) {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    await this.transport.finishAuth(this.code);
    renew();
    return await what();
  }

  async call(tool) {
    return (await this.session.callTool({ name: tool })).content[0].text;
  }

  async close() {
    await this.transport.terminateSession();
    await this.session.close();
  }
}

async function outcome(what) {
  try {
    return await what();
  } catch (error) {
    return `${error}`;
  }
}

const results = {};
const ada = await new User('ada', { grants: ['refresh_token'] }).connect(settings.guarded);
results.login = `${ada.logins} for ${ada.asked}`;
results.call = await ada.call('whoami');
const session = ada.transport.sessionId;
ada.saved.access_token = 'gone';
results.refreshed = `${await ada.call('whoami')}, ${ada.transport.sessionId === session ? 'same' : 'another'} session, ${ada.logins} login`;

const eve = await new User('eve', { client: { client_id: settings.client_id } }).connect(settings.guarded);
results.stepUp = await eve.loggingIn(() => eve.call('publish'));
results.steppedUp = `${eve.logins} for ${eve.asked}`;

const mallory = await new User('mallory').connect(settings.guarded);
const thief = await new User('mallory').connect(settings.guarded, session);
results.stolen = await outcome(() => thief.loggingIn(() => thief.call('whoami')));
results.unharmed = await ada.call('whoami');

const victim = await new User('ada').connect(settings.unguarded);
const robber = await new User('mallory').connect(settings.unguarded, victim.transport.sessionId);
results.stolenUnguarded = await outcome(() => robber.loggingIn(() => robber.call('whoami')));

for (const user of [ada, eve, mallory]) await user.close();
const late = await new User('ada').connect(settings.guarded, session);
results.ended = await outcome(() => late.loggingIn(() => late.call('whoami')));
console.log(JSON.stringify(results));
process.exit(0);
