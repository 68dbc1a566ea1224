package routers

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Fiber has a server of its own. What looks odd on the wire is answered as by net/http's.
func TestFiberOnTheWire(t *testing.T) {
	a := newAPI(t)
	base := serveFiber(t, fiberApp(a.guard))
	address := strings.TrimPrefix(base, "http://")
	good := "Bearer " + a.token(nil)
	bound := a.token(verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": must(a.client.Thumbprint())}})
	field := func(name, value string) string { return name + ": " + value + "\r\n" }
	authorization := func(value string) string { return field("Authorization", value) }
	proof := func(method, htu string) string {
		return authorization("DPoP "+bound) + field("DPoP", must(a.client.Proof(method, htu, bound, nil, nil))) + field("X-Forwarded-For", "203.0.113.5") +
			field("X-Forwarded-Proto", "https") + field("X-Forwarded-Host", "api.example")
	}
	const offersBearer, order = `Bearer realm="api"`, "https://api.example/orders/7"
	missing := []string{offersBearer, offersDPoP}
	malformed := []string{`Bearer error="invalid_request", error_description="The request is malformed"`, offersDPoP}
	badProof := []string{offersBearer, `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`}
	refusedByServer := []string{"?"}

	for _, c := range []struct {
		name   string
		line   string // "GET /orders/7 HTTP/1.1" if empty
		fields string
		noHost bool

		status     int
		challenges []string
	}{
		{name: "a good token", fields: authorization(good), status: 200},
		{name: "CRED-01 OPTIONS", line: "OPTIONS /orders/7 HTTP/1.1", fields: field("Origin", "https://app.example"), status: 401, challenges: missing},
		{name: "CRED-01 HEAD", line: "HEAD /orders/7 HTTP/1.1", status: 401, challenges: missing},
		{name: "HEAD", line: "HEAD /orders/7 HTTP/1.1", fields: authorization(good), status: 200},
		{name: "CRED-03 two Authorization fields", fields: authorization(good) + field("authorization", good), status: 400, challenges: malformed},
		{name: "CRED-03 an empty field, then a good one", fields: authorization("") + authorization(good), status: 400, challenges: malformed},
		{name: "CRED-08 a token in the query too", line: "GET /orders/7?access_token=x HTTP/1.1", fields: authorization(good), status: 400, challenges: malformed},
		{name: "CRED-09 a token of 60 kB", fields: authorization("Bearer " + strings.Repeat("a", 60_000)), status: 401,
			challenges: []string{`Bearer error="invalid_token", error_description="The access token is too large"`, offersDPoP}},
		{name: "DPOP-CLM-04 a proof", fields: proof("GET", order), status: 200},
		{name: "DPOP-REQ-01 two proofs", fields: proof("GET", order) + field("DPoP", "x"), status: 401, challenges: badProof},
		{name: "DPOP-CLM-02 a proof of another method", fields: proof("POST", order), status: 401, challenges: badProof},
		{name: "DPOP-CLM-04 an encoded slash", line: "GET /orders/a%2fb HTTP/1.1", fields: proof("GET", "https://api.example/orders/a%2Fb"), status: 200},
		{name: "DPOP-CLM-04 an encoded slash is not a slash", line: "GET /orders/a%2fb HTTP/1.1", fields: proof("GET", "https://api.example/orders/a/b"), status: 401, challenges: badProof},
		{name: "PROXY-06 absolute form", line: "GET " + order + " HTTP/1.1", fields: proof("GET", order), status: 200},
		{name: "PROXY-06 absolute form of another host", line: "GET https://shop.example/orders/7 HTTP/1.1", fields: proof("GET", order), status: 400, challenges: malformed},
		{name: "HTTP/1.0", line: "GET /orders/7 HTTP/1.0", fields: proof("GET", order), status: 200},
		{name: "no host", noHost: true, fields: authorization(good), status: 400, challenges: refusedByServer},
		{name: "two hosts", fields: field("host", "shop.example") + authorization(good), status: 400, challenges: refusedByServer},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.line == "" {
				c.line = "GET /orders/7 HTTP/1.1"
			}
			if !c.noHost {
				c.fields = field("Host", address) + c.fields
			}
			connection := must(net.Dial("tcp", address))
			defer connection.Close()
			if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			must(io.WriteString(connection, c.line+"\r\n"+c.fields+"\r\n"))
			method, _, _ := strings.Cut(c.line, " ")
			answer, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body := must(io.ReadAll(answer.Body))
			if answer.StatusCode != c.status || (c.status == 200 && method != "HEAD") != strings.HasSuffix(string(body), "of user-1") {
				t.Errorf("answered %d %s, want %d", answer.StatusCode, body, c.status)
			}
			challenges := answer.Header.Values("WWW-Authenticate")
			if !slices.Equal(c.challenges, refusedByServer) && !slices.Equal(challenges, c.challenges) {
				t.Errorf("the challenges are %q, want %q", challenges, c.challenges)
			}
		})
	}
}
