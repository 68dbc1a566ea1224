/*
Command holdfast-conform plays Holdfast's catalogue of rules on an API, in whatever language it is written, and reports
which rules of RFC 9449, RFC 6750, RFC 9068 and their kin it keeps.

	holdfast-conform list [-json]
	holdfast-conform powers [-json | -markdown]
	holdfast-conform run [flags] -- command [arguments]
	holdfast-conform run [flags] -url http://127.0.0.1:8080 -dpop allowed -issuer-listen 127.0.0.1:8443 -ca-file issuer.pem
	holdfast-conform run [flags] -vectors folder
	holdfast-conform diff old.json new.json
	holdfast-conform record folder

List prints the catalogue: every case with its rule, level, section and reason. Those marked "in process" need
a look inside; conformance.TestVerifier plays them, and run does not. The others are played over HTTP. About half of them take a power, which an
API may have or not; powers lists these, and docs/guide/prove.md says how an API gets them.

Run starts an issuer over TLS, starts the API by the command (once for each DPoP mode, and once for each thing that the
issuer must do from the start, such as being away), waits until it is healthy, plays the cases and ends it again. It prints
a table by topic, and writes reports as told by -json, -junit, -html, -markdown and -badge. It exits with 0 only when every MUST holds, with 1
when one does not or is undecided, and with 2 when it could not begin. Failures that are known go to a file, on each line the
ID of a case and the reason; with -known they do not count, so that only a new failure ends with 1.

Diff compares two reports of -json: it prints the cases that are worse, better or otherwise changed, and exits with 1 if one
is worse.

Record writes the cases as vectors, files that a verifier in any language can play without a network, and run -vectors
plays such files on Holdfast itself; docs/vectors.md describes them.

# What is asked of the API

Its environment says what to trust:

	HOLDFAST_ISSUER    the identifier of the issuer, an https URL; its metadata are at .well-known/openid-configuration
	HOLDFAST_AUDIENCE  the audience that tokens must name
	HOLDFAST_CA_FILE   a PEM file with the certificate of the issuer
	HOLDFAST_DPOP      allowed (Bearer and DPoP), required (only DPoP) or disabled (only Bearer)
	HOLDFAST_LISTEN    the address to listen on, as in 127.0.0.1:40001

It must accept access tokens that are signed by RS256, and proofs that are signed by ES256; take proofs of at least a
minute's age; want no nonce; and serve

	GET /health      200, without a token, as soon as it takes requests; it must not wait for the issuer
	/resource        200 to any method with a good token, and so below: /resource/...
	GET /scoped      200 with a good token that has the scope read:conformance

What else it can do are powers, which it declares in the field Holdfast-Powers of its answer to /health: settings that it reads from more variables, and
more paths. It is started again for each combination of settings. Cases of powers that it does not declare are not counted.

An example is in examples/conformtarget. An API that can't be started by the command is given by -url: then it must have
been set up for the issuer at the address of -issuer-listen, whose certificate -ca-file writes.

# How answers are checked

A rule about tokens or proofs is kept by an API that lets a request pass or rejects it (400, 401 or 403) as the case
expects; how it says so is what the rules CHAL and a few of CRED and DPOP are about, whose cases are checked
exactly. A deviation elsewhere is noted.
With -strict every answer must be the exact one.
*/
package main
