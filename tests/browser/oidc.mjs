// The application as others wrote it: `oidc-provider`, a certified OAuth server, with its own login and consent pages.
//
// Codes are for one use, a code that is sent again revokes the tokens of its grant, and redirect URIs are compared byte for byte.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { is } from './tally.mjs';

const CLIENT = { client_id: 'appfabric', client_secret: 'a-secret-of-no-one' };

export class Oidc {
  // How long a code can be redeemed and a person may take over one page, in seconds; for what is issued from now on.
  codeLifetime = 60;
  patience = 600;
  // What AppFabric was given: the code and redirect URI of each request that was good for a token, and the token.
  redeemed = [];
  // Why others at the token endpoint got none.
  refused = [];
  failures = [];

  // Listens; who may come is told by `register`, when the redirect URI is known.
  static async start() {
    const oidc = new Oidc();
    oidc.server = createServer((request, answer) => oidc.answer(request, answer)).listen(0, '127.0.0.1');
    await once(oidc.server, 'listening');
    const { port } = oidc.server.address();
    // Another site than the function's to a browser; AppFabric does not care.
    oidc.origin = `http://localhost:${port}`;
    oidc.tokenEndpoint = `http://127.0.0.1:${port}/token`;
    return oidc;
  }

  // What tells the local example of it. Everybody is asked for consent, whatever they consented to before.
  options() {
    const authorizationEndpoint = `${this.origin}/auth?scope=openid+offline_access&prompt=consent`;
    return [
      '--authorization-endpoint', authorizationEndpoint, '--token-endpoint', this.tokenEndpoint,
      '--client-id', CLIENT.client_id, '--client-secret', CLIENT.client_secret,
    ];
  }

  register(redirectUri) {
    this.redirectUri = redirectUri;
    const provider = new Provider(this.origin, {
      clients: [{
        ...CLIENT,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      }],
      // AppFabric sends none.
      pkce: { required: () => false },
      cookies: { keys: ['a-key-of-no-one'] },
      features: { introspection: { enabled: true } },
      ttl: { AuthorizationCode: () => this.codeLifetime, Interaction: () => this.patience },
    });
    provider.on('grant.success', ({ oidc: { params }, body }) => {
      this.redeemed.push({ code: params.code, redirectUri: params.redirect_uri, token: body.access_token });
    });
    provider.on('grant.error', (_, { error, error_detail }) => this.refused.push(`${error}: ${error_detail}`));
    provider.on('server_error', (_, error) => this.failures.push(String(error)));
    this.answer = provider.callback();
  }

  // Whether the provider would still let the holder of this token in (RFC 7662).
  async active(token) {
    const answer = await this.post('/token/introspection', { token });
    is(answer.status, 200, 'the status of the introspection');
    return (await answer.json()).active;
  }

  // A code at the token endpoint by hand.
  redeem(code, redirectUri = this.redirectUri) {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  }

  post(path, form) {
    return fetch(new URL(path, this.tokenEndpoint), { method: 'POST', body: new URLSearchParams({ ...form, ...CLIENT }) });
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

// Signs in, unless the browser is signed in already, and comes to the consent page.
export async function signIn(page) {
  await page.getByRole('heading', { name: /^(Sign-in|Authorize)$/ }).waitFor();
  if (await page.getByRole('heading', { name: 'Sign-in' }).count()) {
    await page.getByPlaceholder('Enter any login').fill('alice');
    await page.getByPlaceholder('and password').fill('a-password-of-no-one');
    await page.getByRole('button', { name: 'Sign-in' }).click();
  }
  await page.getByRole('heading', { name: 'Authorize' }).waitFor();
}

export async function consent(page) {
  await page.getByRole('button', { name: 'Continue' }).click();
}

export async function cancel(page) {
  await page.getByRole('link', { name: 'Cancel' }).click();
}

// Consents on the page that is shown, and answers where the provider would send the browser, which stays where it is.
export async function consentWithoutDelivery(page) {
  const to = { maxRedirects: 0 };
  const submitted = await page.request.post(await page.locator('form').first().getAttribute('action'), { ...to, form: { prompt: 'consent' } });
  const resumed = await page.request.get(new URL(submitted.headers().location, page.url()).href, to);
  is(resumed.status(), 303, 'the status of the authorization response');
  return resumed.headers().location;
}
