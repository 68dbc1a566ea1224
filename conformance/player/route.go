package player

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// The paths of powers.
const (
	RoutePath  = "/route"  // what is below it is in [Routes]
	ClientPath = "/client" // tells the client of the token
	ActorsPath = "/actors" // tells who acts for its subject

	// MetadataPath is where metadata of a protected resource are, before its own path (RFC 9728 section 3).
	MetadataPath = "/.well-known/oauth-protected-resource"
)

// NeededScope is the scope that /scoped needs.
const NeededScope = "read:conformance"

// Routes returns what the paths below /route need besides a good token.
func Routes() map[string]verifier.Route {
	strong := []string{"mfa", "phr"}
	return map[string]verifier.Route{
		"/gold":          {RequiredValues: []ports.RequiredValue{{Claim: "tier", OneOf: []string{"gold"}}}},
		"/permitted":     {RequiredValues: []ports.RequiredValue{{Claim: "permissions", ContainsAny: []string{"orders:refund", "admin"}}}},
		"/tier":          {RequiredClaims: []string{"tier"}},
		"/either":        {Scopes: []string{"api"}, AnyScope: []string{"read", "admin"}},
		"/dpop":          {DPoP: true},
		"/certificate":   {CertificateBound: true},
		"/recent":        {MaxAge: time.Minute},
		"/strong":        {ACRValues: strong},
		"/recent-strong": {MaxAge: time.Minute, ACRValues: strong},
		"/customer": {AuthorizationDetails: []verifier.AuthorizationDetail{
			{Type: "customer", Actions: []string{"read", "write"}, DataTypes: []string{"contacts"}},
		}},
		"/one-detail": {DetailsPolicy: func(details verifier.AuthorizationDetails) error {
			if len(details) != 1 {
				return errors.New("there is not one detail")
			}
			return nil
		}},
	}
}

// routeOf returns what a path needs.
func routeOf(path string) verifier.Route {
	path, _, _ = strings.Cut(path, "?")
	if path == "/scoped" {
		return verifier.Route{Scopes: []string{NeededScope}}
	}
	below, _ := strings.CutPrefix(path, RoutePath)
	return Routes()[below]
}

// An Actor is one of those that /actors tells.
type Actor struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

// tell is what the path of a power answers of a token that passed.
func tell(path string, verified *verifier.Verified) ([]byte, error) {
	switch path {
	case ClientPath:
		return json.Marshal(map[string]string{"client": verified.ClientID})
	case ActorsPath:
		chain, err := verified.DelegationChain()
		if err != nil {
			return nil, err
		}
		actors := []Actor{}
		for _, actor := range chain {
			actors = append(actors, Actor(actor))
		}
		return json.Marshal(map[string][]Actor{"actors": actors})
	}
	return nil, nil
}
