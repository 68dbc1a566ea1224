package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/holdfast-go/holdfast/verifier/idtoken"
)

// passedOn are parameters of /login that are the issuer's business: an Auth0 organization, and an invitation to it. The link
// in an invitation also has organization_name, which is for display, and does not go to the issuer.
var passedOn = []string{"organization", "invitation"}

// maxParameter bounds each of them.
const maxParameter = 256

// login sends the browser to the issuer.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	for _, name := range passedOn {
		if len(r.URL.Query().Get(name)) > maxParameter {
			a.showProblem(w, r, badRequest)
			return
		}
	}
	config, err := a.oauth(r.Context())
	if err != nil {
		a.fail(w, r, problemOf(err), err)
		return
	}
	begun := attempt{
		State:        rand.Text(),
		Nonce:        rand.Text(),
		CodeVerifier: oauth2.GenerateVerifier(),
		Organization: r.URL.Query().Get("organization"),
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(begun.CodeVerifier),
		oauth2.SetAuthURLParam("nonce", begun.Nonce),
	}
	if a.audience != "" {
		options = append(options, oauth2.SetAuthURLParam("audience", a.audience))
	}
	for _, name := range passedOn {
		if value := r.URL.Query().Get(name); value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if err := a.attempts.begin(w, r, begun); err != nil {
		a.fail(w, r, broken, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, config.AuthCodeURL(begun.State, options...), http.StatusSeeOther)
}

// oauth is the configuration of the code flow, by what the issuer publishes.
func (a *app) oauth(ctx context.Context) (*oauth2.Config, error) {
	metadata, err := a.verifier.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if metadata.AuthorizationEndpoint == "" || metadata.TokenEndpoint == "" {
		return nil, errors.New("the issuer's metadata has no authorization_endpoint or no token_endpoint")
	}
	endpoint := oauth2.Endpoint{
		AuthURL: metadata.AuthorizationEndpoint, TokenURL: metadata.TokenEndpoint, AuthStyle: oauth2.AuthStyleInHeader,
	}
	if a.clientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client says its client_id, and nothing else
	}
	return &oauth2.Config{
		ClientID:     a.clientID,
		ClientSecret: a.clientSecret,
		Endpoint:     endpoint,
		RedirectURL:  a.baseURL + callbackPath,
		Scopes:       []string{"openid", "profile", "email"},
	}, nil
}

// callback is where the issuer sends the browser back to. Whatever is wrong, a session that there is stays as it is, so
// that a link in a stranger's page can't log anyone out, or in.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	answer := r.URL.Query()
	begun, err := a.attempts.take(w, r, answer.Get("state"))
	if err != nil {
		a.fail(w, r, unknownLogin, err)
		return
	}
	if err := a.checkIssuer(r.Context(), answer); err != nil {
		a.fail(w, r, problemOf(err), err)
		return
	}
	if answer.Has("error") {
		a.fail(w, r, refused(answer.Get("error")), errors.New("the issuer refused the login"))
		return
	}
	if answer.Get("code") == "" {
		a.fail(w, r, badRequest, errors.New("the callback has neither code nor error"))
		return
	}
	verified, raw, err := a.redeem(r.Context(), answer, begun)
	if err != nil {
		a.fail(w, r, problemOf(err), err)
		return
	}
	if err := a.startSession(r.Context(), verified, raw); err != nil {
		a.fail(w, r, broken, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/dashboard", http.StatusSeeOther)
}

var (
	errMixUp     = errors.New("iss is not the issuer that was asked")
	errNoIssuer  = errors.New("iss is missing, and the issuer's metadata say that it names itself in each answer")
	errNoIDToken = errors.New("the token endpoint's answer has no id_token")
)

// checkIssuer refuses what another issuer answered, whose code must not reach this one (RFC 9207 section 2.4).
func (a *app) checkIssuer(ctx context.Context, answer url.Values) error {
	metadata, err := a.verifier.Metadata(ctx)
	switch {
	case err != nil:
		return err
	case answer.Has("iss") && answer.Get("iss") != metadata.Issuer:
		return errMixUp
	case !answer.Has("iss") && metadata.AuthorizationResponseIssParameterSupported:
		return errNoIssuer
	}
	return nil
}

// redeem gets an ID token with the code, and verifies it.
func (a *app) redeem(ctx context.Context, answer url.Values, begun attempt) (*idtoken.Verified, string, error) {
	config, err := a.oauth(ctx)
	if err != nil {
		return nil, "", err
	}
	clientContext := context.WithValue(ctx, oauth2.HTTPClient, a.client) // as package oauth2 wants it
	tokens, err := config.Exchange(clientContext, answer.Get("code"), oauth2.VerifierOption(begun.CodeVerifier))
	if err != nil {
		return nil, "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, "", errNoIDToken
	}
	verified, err := a.ids.Verify(ctx, raw, idtoken.Expect{Nonce: begun.Nonce, Organization: begun.Organization})
	return verified, raw, err
}

// startSession logs the user in, under a new handle: the old one may be known to whoever planted it.
func (a *app) startSession(ctx context.Context, verified *idtoken.Verified, raw string) error {
	known, err := newUser(verified, raw)
	if err != nil {
		return err
	}
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.sessions.SetDeadline(ctx, time.Now().Add(sessionLife))
	return save(ctx, a.sessions, userKey, known)
}
