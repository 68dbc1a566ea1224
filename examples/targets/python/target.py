"""An API for holdfast-conform, on PyJWT and Python's own HTTP server. Put your own verifier in place of check.

    pip install 'pyjwt[crypto]' && holdfast-conform run -dpop disabled -- python3 target.py"""

import functools
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

ISSUER = os.environ["HOLDFAST_ISSUER"]
os.environ["SSL_CERT_FILE"] = os.environ["HOLDFAST_CA_FILE"]  # where Python looks for certificates to trust
if os.environ["HOLDFAST_DPOP"] != "disabled":
    raise SystemExit("this API takes only Bearer tokens: play with -dpop disabled")


@functools.cache
def keys():
    with urllib.request.urlopen(ISSUER.rstrip("/") + "/.well-known/openid-configuration") as answer:
        return jwt.PyJWKClient(json.load(answer)["jwks_uri"])


def check(token):
    """Returns the claims of a good token."""
    key = keys().get_signing_key_from_jwt(token).key
    audience = os.environ.get("HOLDFAST_AUDIENCES", os.environ["HOLDFAST_AUDIENCE"]).split(" ")
    return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, audience=audience, options={"require": ["exp", "iat"]})


def decide(path, authorization):
    """Returns the status of the answer, and the challenge."""
    scheme, _, token = authorization.partition(" ")
    if path == "/health":
        return 200, None
    if scheme.lower() != "bearer":
        return 401, 'Bearer realm="api"'
    try:
        claims = check(token.strip(" "))
    except (jwt.PyJWTError, OSError, ValueError):
        return 401, 'Bearer error="invalid_token"'
    if path == "/scoped" and "read:conformance" not in str(claims.get("scope", "")).split(" "):
        return 403, 'Bearer error="insufficient_scope", scope="read:conformance"'
    return 200, None


class API(BaseHTTPRequestHandler):
    def answer(self):
        status, challenge = decide(self.path, self.headers.get("Authorization", ""))
        self.send_response(status)
        self.send_header(*("WWW-Authenticate", challenge) if challenge else ("Holdfast-Powers", "audiences"))
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer


host, port = os.environ["HOLDFAST_LISTEN"].rsplit(":", 1)
ThreadingHTTPServer((host, int(port)), API).serve_forever()
