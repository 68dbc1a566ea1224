"""An API behind Authlib's ResourceProtector for Flask, as a target of holdfast-conform: a JWTBearerTokenValidator of its
own claims_options, as guides for it show, since that of version 1.2.0 asks for the claims of another grant and for no
audience. The key set is imported once, when first needed; Authlib of this version fetches none."""

import functools

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc7523 import JWTBearerTokenValidator
from flask import Flask

import api

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Validator(JWTBearerTokenValidator):
    def __init__(self):
        super().__init__(None, realm="api")
        self.claims_options = {
            "exp": {"essential": True},
            "iss": {"essential": True, "value": api.ISSUER},
            "aud": {"essential": True, "value": api.AUDIENCE},
        }

    def authenticate_token(self, token_string):
        self.public_key = key_set()
        return super().authenticate_token(token_string)


@functools.cache
def key_set():
    return JsonWebKey.import_key_set(api.read(api.jwks_url()))


app = Flask(__name__)
require_auth = ResourceProtector()
require_auth.register_token_validator(Validator())


@app.route("/health")
def health():
    return "ok\n"


@app.route("/resource", methods=METHODS)
@app.route("/resource/<path:_>", methods=METHODS)
@require_auth()
def resource(_=None):
    return "ok\n"


@app.route("/scoped")
@require_auth(api.SCOPE)
def scoped():
    return "ok\n"


api.serve(app)
