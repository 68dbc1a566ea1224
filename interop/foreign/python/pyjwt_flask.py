"""An API behind PyJWT and Flask, as a target of holdfast-conform: PyJWKClient, and jwt.decode with the options of its
documentation. PyJWT only verifies the token; the answers are this program's."""

import functools

import jwt
from flask import Flask, request

import api

app = Flask(__name__)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@functools.cache
def keys():
    return jwt.PyJWKClient(api.jwks_url())


def refuse(status, challenge):
    return "", status, {"WWW-Authenticate": challenge}


def check(scope=None):
    """Returns the answer to the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return refuse(401, 'Bearer realm="api"')
    if not token.strip(" "):
        return refuse(400, 'Bearer error="invalid_request"')
    try:
        token = token.lstrip(" ")
        key = keys().get_signing_key_from_jwt(token).key
        claims = jwt.decode(token, key, algorithms=["RS256"], issuer=api.ISSUER, audience=api.AUDIENCE,
                            options={"require": ["exp", "iss", "aud"]})
    except Exception:  # not only PyJWTError: hostile input makes other errors too, and an API refuses those
        return refuse(401, 'Bearer error="invalid_token"')
    if scope and scope not in str(claims.get("scope", "")).split(" "):
        return refuse(403, f'Bearer error="insufficient_scope", scope="{scope}"')
    return "ok\n"


@app.route("/health")
def health():
    return "ok\n"


@app.route("/resource", methods=METHODS)
@app.route("/resource/<path:_>", methods=METHODS)
def resource(_=None):
    return check()


@app.route("/scoped")
def scoped():
    return check(api.SCOPE)


api.serve(app)
