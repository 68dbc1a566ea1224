// An API behind jwtVerify of npm jose, as a target of holdfast-conform: a remote key set, and the options that its
// documentation has for issuer, audience, algorithms, the type and claims that must be there.
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { audience, issuer, jwksURL, once, verify } from './api.mjs';

const keys = once(async () => createRemoteJWKSet(new URL(await jwksURL())));

verify(async (token) => {
  const { payload } = await jwtVerify(token, await keys(), {
    issuer, audience, typ: 'at+jwt', algorithms: ['RS256'], requiredClaims: ['exp'],
  });
  return payload;
});
