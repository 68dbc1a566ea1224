package catalogue

import (
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// wireCases are about requests that are written byte for byte (RFC 9112).
func wireCases() []Case {
	const close = "%AUTH%Connection: close\r\n\r\n"
	return []Case{
		wireCase("PROXY-01.http10", Accepted, "HTTP/1.0 with a Host field", "/resource", "", "GET /resource HTTP/1.0\r\nHost: %HOST%\r\n%AUTH%\r\n"),
		wireCase("PROXY-01.pipelined", Accepted, "a good request behind one without credentials, on the same connection", "/resource",
			"GET /resource HTTP/1.1\r\nHost: %HOST%\r\n\r\n", "GET /resource HTTP/1.1\r\nHost: %HOST%\r\n"+close),
		pipelinedBehindGood(),
		wireCase("PROXY-01.large-field", Accepted, "a good request with a field of 60 KB", "/resource", "",
			"GET /resource HTTP/1.1\r\nHost: %HOST%\r\nX-Pad: "+strings.Repeat("x", 60<<10)+"\r\n"+close).Having("bounds"),

		headCase("PROXY-04.empty-host", "an empty Host field", "GET /resource HTTP/1.1\r\nHost: \r\n"+close),
		headCase("PROXY-04.host-list", "a Host with a comma", "GET /resource HTTP/1.1\r\nHost: %HOST%,shop.example\r\n"+close),
		headCase("PROXY-04.host-query", "a Host with a query", "GET /resource HTTP/1.1\r\nHost: %HOST%?x\r\n"+close),
		headCase("PROXY-04.host-fragment", "a Host with a fragment", "GET /resource HTTP/1.1\r\nHost: %HOST%#x\r\n"+close),
		headCase("PROXY-04.host-url", "a Host that is a URL", "GET /resource HTTP/1.1\r\nHost: http://%HOST%\r\n"+close),
		headCase("PROXY-04.host-port", "a Host whose port is not a number", "GET /resource HTTP/1.1\r\nHost: 127.0.0.1:80a\r\n"+close),
		headCase("PROXY-04.host-backslash", "a Host with a backslash", "GET /resource HTTP/1.1\r\nHost: %HOST%\\@shop.example\r\n"+close),
		headCase("PROXY-04.same-host-twice", "the same Host twice", "GET /resource HTTP/1.1\r\nHost: %HOST%\r\nHost: %HOST%\r\n"+close),

		wireCase("PROXY-06.absolute-query", Accepted, "an absolute target with a query", "/resource", "",
			"GET http://%HOST%/resource?a=b HTTP/1.1\r\nHost: %HOST%\r\n"+close),
		wireCase("PROXY-06.absolute-other-host", BadProof, "a proof for the Host field, with an absolute target of another host", "/resource", "",
			"GET http://shop.example/resource HTTP/1.1\r\nHost: %HOST%\r\n"+close).ReportedAs("DPOP-CLM-04"),
		headCase("PROXY-06.absolute-userinfo", "an absolute target with userinfo",
			"GET http://user@%HOST%/resource HTTP/1.1\r\nHost: %HOST%\r\n"+close).As(Ours, "RFC 9110 4.2.4"),

		pathCase("DPOP-CLM-06.request-encoded-letter", Accepted, "a letter in percent-encoding here, and not there", "/resource/%61", "/resource/a"),
		pathCase("DPOP-CLM-06.both-encoded-slash", Accepted, "an encoded slash here and there", "/resource/a%2Fb", "/resource/a%2Fb"),
		pathCase("DPOP-CLM-06.encoded-tilde", Accepted, "a tilde here, and an encoded one there", "/resource/~a", "/resource/%7Ea"),
		pathCase("DPOP-CLM-07.request-encoded-slash", BadProof, "an encoded slash here, and a slash there", "/resource/a%2Fb", "/resource/a/b"),
		pathCase("DPOP-CLM-07.request-double-encoding", BadProof, "a letter that is encoded twice here, and not there", "/resource/%2561", "/resource/a"),
		pathCase("DPOP-CLM-07.plus", BadProof, "a plus sign here, and an encoded space there", "/resource/a+b", "/resource/a%20b"),
		pathCase("DPOP-CLM-07.semicolon", BadProof, "a parameter here, and none there", "/resource/a;b=c", "/resource/a"),
		pathCase("DPOP-CLM-07.encoded-question-mark", BadProof, "an encoded question mark here, and a question mark there", "/resource/a%3Fb", "/resource/a?b"),
	}
}

// wireCase writes a good request with its proof as head says, behind another one if before is not empty.
func wireCase(id string, want Expectation, reason, path, before, head string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		r := run.Proved(run.Sign(Token{Bound: true}), Proof{}).At(path)
		r.Before, r.Head = before, head
		return r
	}).In(Allowed, Required).Needing(Guard)
}

// pipelinedBehindGood has a request without credentials follow a good one on the same connection.
func pipelinedBehindGood() Case {
	return RequestCase("PROXY-01.pipelined-behind-good", NoCredentials, "a request without credentials behind a good one, on the same connection", func(run *Run) Request {
		good := run.Carry(Token{})
		var fields strings.Builder
		for name, values := range good.Header {
			fields.WriteString(name + ": " + values[0] + "\r\n")
		}
		r := Get()
		r.Before = "GET /resource HTTP/1.1\r\nHost: %HOST%\r\n" + fields.String() + "\r\n"
		r.Head = "GET /resource HTTP/1.1\r\nHost: %HOST%\r\nConnection: close\r\n\r\n"
		return r
	}).Needing(Guard).ReportedAs("CRED-01")
}

// pathCase sends a proof for one path to another.
func pathCase(id string, want Expectation, reason, path, proved string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": run.URL + proved}}).At(path)
	}).In(Allowed, Required).ReportedAs("DPOP-CLM-04")
}
