// An API behind JwtVerifier of npm aws-jwt-verify, as a target of holdfast-conform, with the parameters of its README for
// the tokens of any issuer.
import { JwtVerifier } from 'aws-jwt-verify';
import { audience, issuer, jwksURL, once, verify } from './api.mjs';

const verifier = once(async () => JwtVerifier.create({ issuer, audience, jwksUri: await jwksURL() }));

verify(async (token) => (await verifier()).verify(token));
