"""Plays vectors with PyJWT: vectors.py FOLDER prints its version and what is decided in each step, as JSON.
docs/vectors.md has the format. What PyJWT does not check is here, as an API would write it."""

import base64
import datetime
import glob
import hashlib
import json
import os
import re
import sys
from urllib.parse import parse_qs, urlsplit

import jwt
import jwt.api_jwt


class Rejected(Exception):
    pass


class Undecidable(Exception):
    pass


class Clock(datetime.datetime):
    """The time of the step, where PyJWT asks for it."""

    seconds = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(cls.seconds, tz)


jwt.api_jwt.datetime = Clock


def must(holds):
    if not holds:
        raise Rejected


def sha256(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


MISSING = object()


def claim(claims, name):
    """Returns a claim by its name or JSON Pointer."""
    for part in name[1:].replace("~1", "\0").split("/") if name[0] == "/" else [name]:
        must(isinstance(claims, dict))
        claims = claims.get(part.replace("\0", "/").replace("~0", "~"), MISSING)
        if claims is MISSING:
            break
    return claims


def target(url):
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower(), parts.path


def thumbprint(jwk):
    members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    return sha256(json.dumps({m: jwk[m] for m in members}, separators=(",", ":"), sort_keys=True).encode())


class Server:
    """Has the policy of a group, and remembers keys and proofs."""

    def __init__(self, policy, documents):
        self.policy, self.documents = policy, documents
        self.nonces, self.keys, self.used = [], {}, set()

    def get(self, url):
        if url not in self.documents:
            raise Undecidable
        document = self.documents[url]
        try:
            return json.loads(document) if isinstance(document, str) else document
        except ValueError:
            raise Undecidable from None

    def fetch(self, issuer):
        metadata = self.get(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer or not str(metadata.get("jwks_uri")).startswith("https://"):
            raise Undecidable
        try:
            self.keys[issuer] = jwt.PyJWKSet.from_dict(self.get(metadata["jwks_uri"])).keys, Clock.seconds
        except (jwt.PyJWTError, AttributeError, TypeError):
            raise Undecidable from None

    def key(self, issuer, header):
        kid = header.get("kid")
        must(self.policy["missingKeyID"] or kid)
        for fresh in (False, True):
            if fresh or issuer not in self.keys or Clock.seconds - self.keys[issuer][1] >= 600:
                self.fetch(issuer)
            found = [k for k in self.keys[issuer][0] if kid in (None, k.key_id) and k.public_key_use in (None, "sig")]
            if kid is None:
                must(len(found) == 1)
            if found:
                return found[0]
        raise Rejected

    def verify(self, step):
        policy, request = self.policy, step["request"]
        fields = lambda name: [v for n, v in request["fields"] if n.lower() == name]  # noqa: E731
        authorization = fields("authorization")
        must(len(authorization) == 1 and "access_token" not in parse_qs(urlsplit(request["url"]).query) and "form" not in request)
        found = re.fullmatch(r"([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*)", authorization[0])
        must(found)
        scheme, token = found[1].lower(), found[2]
        must(scheme in {"allowed": ("bearer", "dpop"), "required": ("dpop",), "disabled": ("bearer",)}[policy["dpop"]["mode"]])
        claims = self.access_token(token)
        if "scope" in step:
            issuer = next(i for i in policy["issuers"] if i["issuer"] == claims["iss"])
            scopes = next((s for s in (claim(claims, name) for name in issuer["scopeClaims"]) if s is not MISSING), "")
            if isinstance(scopes, str):
                scopes = scopes.split(" ")
            must(isinstance(scopes, list) and all(isinstance(s, str) for s in scopes) and step["scope"] in scopes)
        if scheme == "dpop":
            self.proof(request, fields("dpop"), token, claims)
        else:
            self.bearer(request, fields("dpop"), claims)

    def access_token(self, token):
        policy = self.policy
        header = jwt.get_unverified_header(token)
        iss = jwt.decode(token, options={"verify_signature": False}).get("iss")
        issuer = next((i for i in policy["issuers"] if i["issuer"] == iss), None)
        must(issuer)
        must(header.get("alg") in issuer["algorithms"])
        claims = jwt.decode(
            token, self.key(iss, header).key, algorithms=issuer["algorithms"], issuer=iss, audience=issuer["audiences"], leeway=policy["leeway"],
            options={"require": ["iss", "aud", "exp", "iat"] + (["sub", "client_id", "jti"] if policy["profile"] else [])},
        )
        must(not policy["maxAge"] or Clock.seconds - claims["iat"] <= policy["maxAge"])
        must(header.get("typ", "absent") != "" and header.get("typ", "").lower().removeprefix("application/") in issuer["types"])
        must(all(claim(claims, name) not in (MISSING, None) for name in issuer["requiredClaims"]))
        clients = [c for c in (claim(claims, name) for name in issuer["clientClaims"]) if c is not MISSING]
        must(all(isinstance(c, str) for c in clients) and len({c for c in clients if c}) <= 1)
        must(policy["idTokens"] or not {"nonce", "at_hash", "c_hash"} & claims.keys())
        must("events" not in claims)
        organization = policy["organization"]
        if organization.startswith("org_"):
            must(claims.get("org_id") == organization)
        elif organization:
            must(claims.get("org_name") == organization.lower())
        return claims

    def bearer(self, request, proofs, claims):
        policy = self.policy
        must(not proofs or policy["dpop"]["mode"] == "disabled")
        cnf = claims.get("cnf", {})
        methods = [m for m in cnf if m != "jkt" or not policy["dpop"]["boundAsBearer"]]
        if policy["mtls"] != "off" and methods == ["x5t#S256"]:
            return self.certificate(request, cnf)
        must(not methods and policy["mtls"] != "required")

    def certificate(self, request, cnf):
        must("certificate" in request and cnf["x5t#S256"] == sha256(base64.b64decode(request["certificate"])))

    def proof(self, request, proofs, token, claims):
        policy = self.policy["dpop"]
        must(len(proofs) == 1)
        header = jwt.get_unverified_header(proofs[0])
        jwk, algorithm = header["jwk"], header["alg"]
        must(str(header.get("typ")).lower().removeprefix("application/") == "dpop+jwt")
        must(algorithm in policy["algorithms"] and not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & jwk.keys())
        proof = jwt.decode(
            proofs[0], jwt.PyJWK(jwk, algorithm).key, algorithms=policy["algorithms"], leeway=policy["leeway"],
            options={"require": ["jti", "htm", "htu", "iat", "ath"], "verify_aud": False},
        )
        must(-policy["leeway"] <= Clock.seconds - proof["iat"] <= policy["maxAge"])
        must(proof["htm"] == request["method"] and target(proof["htu"]) == target(request["url"]))
        must(proof["ath"] == sha256(token.encode()))
        cnf = claims.get("cnf", {})
        must(cnf.get("jkt") == thumbprint(jwk))
        others = [m for m in cnf if m != "jkt"]
        if self.policy["mtls"] != "off" and others == ["x5t#S256"]:
            self.certificate(request, cnf)
        else:
            must(not others)
        if policy["nonce"] == "required" or policy["nonce"] == "offered" and "nonce" in proof:
            must(proof.get("nonce") in self.nonces)
        used = thumbprint(jwk) + proof["jti"]
        must(used not in self.used)
        self.used.add(used)


def play(folder):
    decided = {}
    for name in glob.glob(os.path.join(folder, "[!s]*.json")):
        with open(name, encoding="utf-8") as f:
            file = json.load(f)
        assert file["version"] == 1, name
        for group in file["groups"]:
            for vector in group["vectors"]:
                server = Server(group["policy"], group["documents"])
                decided[vector["id"]] = [decide(server, step) for step in vector["steps"]]
    return decided


def decide(server, step):
    Clock.seconds = step["time"]
    server.documents = step.get("documents", server.documents)
    server.nonces = step.get("nonces", [])
    try:
        server.verify(step)
        return "accepted"
    except Undecidable:
        return "undecidable"
    except Exception:  # what an API answers 401 or, at worst, 500
        return "rejected"


print(json.dumps({"version": jwt.__version__, "decided": play(sys.argv[1])}))
