// An API behind npm fast-jwt with the keys of get-jwks, as a target of holdfast-conform: get-jwks' own example for fast-jwt
// with discovery, and the options of fast-jwt for algorithms, issuer, audience and claims that must be there.
import buildGetJwks from 'get-jwks';
import { createVerifier } from 'fast-jwt';
import { audience, issuer, verify } from './api.mjs';

const getJwks = buildGetJwks({ issuersWhitelist: [issuer], providerDiscovery: true });

verify(createVerifier({
  key: ({ header }) => getJwks.getPublicKey({ kid: header.kid, alg: header.alg, domain: issuer }),
  algorithms: ['RS256'],
  allowedIss: issuer,
  allowedAud: audience,
  requiredClaims: ['iss', 'aud', 'exp'],
}));
