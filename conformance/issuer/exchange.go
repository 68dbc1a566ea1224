package issuer

import (
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	jwtType         = "urn:ietf:params:oauth:token-type:jwt"
	// maxActors bounds a delegation chain.
	maxActors = 32
)

// subjectClaims are what an exchange reads of a token.
type subjectClaims struct {
	jwt.Claims
	OrganizationID   string `json:"org_id"`
	OrganizationName string `json:"org_name"`
	Actor            *actor `json:"act"`
}

// An actor is who acts for a token's subject, and for whom it does so (RFC 8693 section 4.1).
type actor struct {
	Subject string `json:"sub"`
	Actor   *actor `json:"act,omitempty"`
}

func (a *actor) depth() int {
	depth := 0
	for ; a != nil; a = a.Actor {
		depth++
	}
	return depth
}

// exchange answers the grant of RFC 8693: an access token of this issuer for another one, for the same subject. The
// actor is the client itself, or the subject of the actor token, if there is one; those who acted before it follow.
func (s *Server) exchange(request tokenRequest) (tokenResponse, *refusal) {
	form := request.form
	switch requested := form.Get("requested_token_type"); {
	case request.client.public():
		return tokenResponse{}, refuse("unauthorized_client", "the client is public")
	case requested != "" && requested != accessTokenType && requested != jwtType:
		return tokenResponse{}, refuse(invalidRequest, "requested_token_type is not supported")
	case form.Has("actor_token_type") && !form.Has("actor_token"):
		return tokenResponse{}, refuse(invalidRequest, "actor_token_type without actor_token")
	case form.Has("audience") && form.Get("audience") == "":
		return tokenResponse{}, refuse(invalidTarget, "audience is empty")
	}
	subject, refused := s.exchanged(form.Get("subject_token"), form.Get("subject_token_type"))
	if refused != nil {
		return tokenResponse{}, refused
	}
	if own := request.client.Audience; own != "" && !subject.Audience.Contains(own) {
		return tokenResponse{}, refuse(invalidRequest, "the subject token is for another API than the client")
	}
	acting := &actor{Subject: request.client.ID, Actor: subject.Actor}
	if form.Has("actor_token") {
		claims, refused := s.exchanged(form.Get("actor_token"), form.Get("actor_token_type"))
		if refused != nil {
			return tokenResponse{}, refused
		}
		acting.Subject = claims.Subject
	}
	if acting.depth() > maxActors {
		return tokenResponse{}, refuse(invalidRequest, "too many have acted for the subject")
	}
	claims := verifiertest.Claims{"sub": subject.Subject, "act": acting}
	nameOrganization(claims, form.Get("organization"))
	if !form.Has("organization") {
		keep(claims, "org_id", subject.OrganizationID)
		keep(claims, "org_name", subject.OrganizationName)
	}
	response, refused := s.accessToken(request, claims, form.Get("scope"), audiences(form))
	response.IssuedTokenType = accessTokenType
	return response, refused
}

// exchanged reads a subject or actor token (RFC 8693 section 2.1): an access token of this issuer that has not expired.
func (s *Server) exchanged(token, tokenType string) (subjectClaims, *refusal) {
	if tokenType != accessTokenType && tokenType != jwtType {
		return subjectClaims{}, refuse(invalidRequest, "the token type is not supported")
	}
	var claims subjectClaims
	if s.readToken(token, &claims) != nil || claims.Expiry == nil || claims.Subject == "" {
		return subjectClaims{}, refuse(invalidRequest, "a token of the exchange is not one of this issuer")
	}
	if claims.ValidateWithLeeway(jwt.Expected{Issuer: s.URL, Time: s.now()}, 0) != nil {
		return subjectClaims{}, refuse(invalidRequest, "a token of the exchange has expired or is another issuer's")
	}
	return claims, nil
}

func keep(claims verifiertest.Claims, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

var errNotSigned = errors.New("issuer: not a token of this issuer")

// readToken verifies the signature of a token by one of the issuer's keys, and reads claims from it.
func (s *Server) readToken(token string, claims any) error {
	for _, key := range s.Keys() {
		public, err := verifiertest.NewPublicKey(key.Public())
		if err != nil {
			return err
		}
		if payload, err := public.Open(token); err == nil {
			return json.Unmarshal(payload, claims)
		}
	}
	return errNotSigned
}
