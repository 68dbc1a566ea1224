"""What the Python targets share: settings, the issuer's keys, and the server."""

import json
import os
import urllib.request

ISSUER = os.environ["HOLDFAST_ISSUER"]
AUDIENCE = os.environ["HOLDFAST_AUDIENCE"]
SCOPE = "read:conformance"
os.environ["SSL_CERT_FILE"] = os.environ["HOLDFAST_CA_FILE"]  # where Python looks for certificates to trust
if os.environ["HOLDFAST_DPOP"] != "disabled":
    raise SystemExit("this API takes only Bearer tokens: play with -dpop disabled")


def read(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def jwks_url():
    """Asks the issuer's metadata where its keys are."""
    metadata = read(ISSUER + "/.well-known/openid-configuration")
    if metadata["issuer"] != ISSUER:
        raise ValueError("the metadata are of another issuer")
    return metadata["jwks_uri"]


def serve(app):
    host, port = os.environ["HOLDFAST_LISTEN"].rsplit(":", 1)
    app.run(host=host, port=int(port), threaded=True)
