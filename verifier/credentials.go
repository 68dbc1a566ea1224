package verifier

import "strings"

// A Scheme is an authentication scheme of the Authorization header field, in its registered spelling.
type Scheme string

// The schemes that access tokens come with.
const (
	Bearer     Scheme = "Bearer" // RFC 6750
	DPoPScheme Scheme = "DPoP"   // RFC 9449
)

// credentials finds the access token of a request.
type credentials struct {
	schemes  []Scheme // on offer, in the order of challenges
	maxBytes int      // of a token
}

// offered returns the scheme of that name (compared without case) in its registered spelling, empty if it is not
// offered.
func (c *credentials) offered(name string) Scheme {
	for _, scheme := range c.schemes {
		if strings.EqualFold(name, string(scheme)) {
			return scheme
		}
	}
	return ""
}

// A presented token is what a request was sent with.
type presented struct {
	scheme Scheme // empty if it could not be read
	token  string
	field  bool   // the token is from the Authorization field
	proof  string // the value of the first DPoP header field
	proofs int    // how many of these fields there are

	possession *Possession // what the sender proved to hold otherwise; nil where the request has to show it
}

// find finds the one access token of a request. Nothing later reads the header again. That the token is a token68 (RFC
// 9110 section 11.2) is left to [presented.fault]: what is not can't be a good JWS, and what is a good JWS need not be
// looked at twice.
func (c *credentials) find(r Request) (presented, *Error) {
	authorization, dpop := r.fields()
	sent := presented{field: true, proof: dpop.first, proofs: dpop.count}
	switch {
	case authorization.count == 0:
		return sent, credentialsMissing.fail("CRED-01", "no Authorization header field")
	case authorization.count > 1:
		return sent, requestMalformed.fail("CRED-03", "several Authorization header fields")
	}
	name, token, separated := strings.Cut(authorization.first, " ")
	sent.token = strings.TrimLeft(token, " ")
	if strings.ContainsRune(name, '\t') || strings.HasPrefix(sent.token, "\t") {
		return sent, requestMalformed.fail("CRED-06", "a tab between scheme and token")
	}
	if !isToken(name) {
		return sent, requestMalformed.fail("CRED-04", "the scheme is empty or no token of RFC 9110")
	}
	if sent.scheme = c.offered(name); sent.scheme == "" {
		return sent, schemeNotOffered.fail("CRED-07", "the scheme is not offered")
	}
	switch {
	case !separated || sent.token == "":
		return sent, requestMalformed.fail("CRED-04", "scheme without a token")
	case len(sent.token) > c.maxBytes:
		return sent, tokenTooLarge.fail("CRED-09", "the token is over the size bound")
	case r.tokenElsewhere():
		return sent, requestMalformed.fail("CRED-08", "a second access token in the query or form")
	}
	if err := sent.checkProofs(); err != nil {
		return sent, sent.fault(err)
	}
	return sent, nil
}

// checkProofs wants one proof with the DPoP scheme (RFC 9449 section 4.3, item 1).
func (p presented) checkProofs() *Error {
	switch {
	case p.scheme != DPoPScheme:
	case p.proofs == 0, p.proofs == 1 && p.proof == "":
		return proofInvalid.fail("DPOP-REQ-02", "no DPoP header field, or an empty one")
	case p.proofs > 1 || strings.Contains(p.proof, ","):
		return proofInvalid.fail("DPOP-REQ-01", "several DPoP proofs")
	}
	return nil
}

// fault returns what is wrong with the token as part of the header, which comes before err, what else is wrong.
func (p presented) fault(err *Error) *Error {
	if p.field && !isToken68(p.token) {
		return requestMalformed.fail("CRED-05", "the token has characters that no token68 has")
	}
	return err
}

// isToken reports whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool { return s != "" && tokenCharacters.all(s) }

// isToken68 reports whether s is a token68 of RFC 9110 section 11.2, which is RFC 6750's b64token.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && token68Characters.all(body)
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var (
	tokenCharacters   = characters(alphanumeric + "!#$%&'*+-.^_`|~")
	token68Characters = characters(alphanumeric + "-._~+/")
)

// A characterSet is looked up, since tokens are long.
type characterSet [256]bool

func characters(list string) *characterSet {
	var set characterSet
	for _, c := range []byte(list) {
		set[c] = true
	}
	return &set
}

func (set *characterSet) all(s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}
