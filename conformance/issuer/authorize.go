package issuer

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An authorization is what a client asks a user for (RFC 6749 section 4.1.1).
type authorization struct {
	client       Client
	redirectURI  string
	state        string
	challenge    string // of PKCE, by S256
	nonce        string
	scope        string
	audiences    []string
	organization string
	invitation   string
	prompt       []string
	maxAge       time.Duration // negative if any age will do
	loginHint    string
}

const (
	codeLife  = time.Minute
	loginLife = 10 * time.Minute
	// maxForm bounds the body of a request, and maxLogin the name that a user logs in with.
	maxForm  = 64 << 10
	maxLogin = 100
)

// authorize is the authorization endpoint (RFC 6749 section 3.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	parameters := r.URL.Query()
	if r.Method == http.MethodPost {
		if !parseForm(w, r) {
			showError(w, "The request's form can't be read.")
			return
		}
		parameters = r.PostForm
	}
	client, known := s.client(parameters.Get("client_id"))
	switch {
	// RFC 6749 section 4.1.2.1: the browser is sent only to an address that is known to be the client's.
	case !known || len(parameters["client_id"]) > 1:
		showError(w, "No client of this client_id is registered.")
		return
	case len(parameters["redirect_uri"]) > 1 || !slices.Contains(client.RedirectURIs, parameters.Get("redirect_uri")):
		showError(w, "This redirect_uri is not registered for the client.")
		return
	}
	asked, refused := readAuthorization(client, parameters)
	if refused != nil {
		s.sendError(w, r, asked, refused)
		return
	}
	current, loggedIn := s.session(r)
	fresh := loggedIn && (asked.maxAge < 0 || s.now().Sub(current.since) <= asked.maxAge)
	switch {
	case fresh && !slices.Contains(asked.prompt, "login") && !slices.Contains(asked.prompt, "select_account"):
		s.sendCode(w, r, asked, current)
	case slices.Contains(asked.prompt, "none"):
		s.sendError(w, r, asked, refuse("login_required", "the user is not logged in"))
	default:
		s.askLogin(w, asked, "")
	}
}

// readAuthorization reads what is asked for. What it returns can be sent back to, whether or not it refuses.
func readAuthorization(client Client, parameters url.Values) (authorization, *refusal) {
	asked := authorization{
		client:       client,
		redirectURI:  parameters.Get("redirect_uri"),
		state:        parameters.Get("state"),
		challenge:    parameters.Get("code_challenge"),
		nonce:        parameters.Get("nonce"),
		scope:        parameters.Get("scope"),
		audiences:    audiences(parameters),
		organization: parameters.Get("organization"),
		invitation:   parameters.Get("invitation"),
		prompt:       strings.Fields(parameters.Get("prompt")),
		maxAge:       -1,
		loginHint:    parameters.Get("login_hint"),
	}
	if written := parameters.Get("max_age"); written != "" {
		seconds, err := strconv.ParseUint(written, 10, 31)
		if err != nil {
			return asked, refuse(invalidRequest, "max_age is not a number of seconds")
		}
		asked.maxAge = time.Duration(seconds) * time.Second
	}
	method := parameters.Get("code_challenge_method")
	switch {
	case repeated(parameters, "resource", "audience"):
		return asked, refuse(invalidRequest, "a parameter is repeated")
	case parameters.Has("request"):
		return asked, refuse("request_not_supported", "request objects are not supported")
	case parameters.Has("request_uri"):
		return asked, refuse("request_uri_not_supported", "request objects are not supported")
	case parameters.Get("response_type") != "code":
		return asked, refuse("unsupported_response_type", "response_type is not code")
	case parameters.Has("response_mode") && parameters.Get("response_mode") != "query":
		return asked, refuse(invalidRequest, "response_mode is not query")
	// RFC 9700 section 2.1.1: public clients must use PKCE, and plain protects little.
	case asked.challenge == "" && client.public():
		return asked, refuse(invalidRequest, "code_challenge is missing, and the client is public")
	case asked.challenge != "" && (method != "S256" || len(asked.challenge) != challengeLength):
		return asked, refuse(invalidRequest, "code_challenge is not one of code_challenge_method S256")
	case asked.invitation != "" && asked.organization == "":
		return asked, refuse(invalidRequest, "an invitation names no organization")
	case slices.Contains(asked.prompt, "none") && len(asked.prompt) > 1:
		return asked, refuse(invalidRequest, "prompt is none and more")
	}
	return asked, nil
}

// challengeLength is that of a SHA-256 in base64url (RFC 7636 section 4.2).
const challengeLength = 43

// audiences are the APIs that a token is asked for: by resource (RFC 8707 section 2), and by Auth0's audience, which
// RFC 8693 section 2.1 has too.
func audiences(parameters url.Values) []string {
	named := slices.Concat(parameters["audience"], parameters["resource"])
	return slices.DeleteFunc(named, func(name string) bool { return name == "" })
}

// repeated reports whether a parameter other than those of exceptions is repeated (RFC 6749 section 3.1).
func repeated(parameters url.Values, exceptions ...string) bool {
	for name, values := range parameters {
		if len(values) > 1 && !slices.Contains(exceptions, name) {
			return true
		}
	}
	return false
}

// login takes what the login page sends.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if !parseForm(w, r) {
		showError(w, "The request's form can't be read.")
		return
	}
	s.mu.Lock()
	asked, pending := s.pending.take(r.PostForm.Get("request"), s.now())
	s.mu.Unlock()
	login := strings.TrimSpace(r.PostForm.Get("login"))
	switch {
	case !pending:
		showError(w, "This login has ended. Please start it again where you came from.")
	case r.PostForm.Has("deny"):
		s.sendError(w, r, asked, refuse("access_denied", "the user did not log in"))
	case login == "" || len(login) > maxLogin:
		s.askLogin(w, asked, "Please enter a name of at most 100 characters.")
	default:
		s.sendCode(w, r, asked, s.startSession(w, login))
	}
}

func (s *Server) askLogin(w http.ResponseWriter, asked authorization, fault string) {
	s.mu.Lock()
	handle := s.pending.add(asked, s.now().Add(loginLife))
	s.mu.Unlock()
	show(w, http.StatusOK, "login.html", loginPage{
		Request: handle, Client: asked.client.ID, Organization: asked.organization, Invited: asked.invitation != "",
		Hint: asked.loginHint, Fault: fault,
	})
}

// sendCode sends the browser back to the client with a code for what was asked.
func (s *Server) sendCode(w http.ResponseWriter, r *http.Request, asked authorization, from session) {
	issued := &code{
		grant: &grant{
			client:       asked.client.ID,
			claims:       s.userClaims(from.login),
			scope:        asked.scope,
			audiences:    asked.audiences,
			organization: asked.organization,
			authTime:     from.since,
		},
		redirectURI: asked.redirectURI,
		challenge:   asked.challenge,
		nonce:       asked.nonce,
	}
	s.mu.Lock()
	handle := s.codes.add(issued, s.now().Add(codeLife))
	s.mu.Unlock()
	s.sendBack(w, r, asked, url.Values{"code": {handle}})
}

func (s *Server) sendError(w http.ResponseWriter, r *http.Request, asked authorization, refused *refusal) {
	s.sendBack(w, r, asked, url.Values{"error": {refused.Code}, "error_description": {refused.Description}})
}

// sendBack sends the browser back to the client (RFC 6749 section 4.1.2), with the issuer's name against mix-ups (RFC
// 9207 section 2).
func (s *Server) sendBack(w http.ResponseWriter, r *http.Request, asked authorization, answer url.Values) {
	answer.Set("iss", s.URL)
	if asked.state != "" {
		answer.Set("state", asked.state)
	}
	redirect(w, r, asked.redirectURI, answer)
}

// redirect sends the browser to a registered address, with more parameters. By 303 the browser does not send its form
// again (RFC 9700 section 4.12).
func redirect(w http.ResponseWriter, r *http.Request, registered string, parameters url.Values) {
	target, err := url.Parse(registered)
	if err != nil {
		showError(w, "The registered address is not a URL.")
		return
	}
	query := target.Query()
	for name, values := range parameters {
		query[name] = values
	}
	target.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

// parseForm reads the form that is the request's body.
func parseForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	return r.ParseForm() == nil
}
