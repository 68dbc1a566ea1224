package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/holdfast-go/holdfast/verifier"
)

// A problem is what a user is told when something went wrong.
type problem struct {
	Status      int
	Title, Text string
	TryAgain    bool // whether it may help to log in again
}

var (
	unknownLogin = problem{http.StatusBadRequest, "We don't know this login",
		"It was not started in this browser, took too long, or was finished already. You are not logged in by it.", true}
	badRequest = problem{http.StatusBadRequest, "This request makes no sense",
		"The link that brought you here is incomplete. You are not logged in by it.", true}
	denied = problem{http.StatusForbidden, "You were not let in",
		"You, or the login service, did not allow the login.", true}
	notGranted = problem{http.StatusBadGateway, "The login service refused",
		"It could not log you in. This is not your fault.", true}
	notRedeemed = problem{http.StatusBadRequest, "This login can't be finished",
		"The login service does not accept it any more. It may have been used before.", true}
	notBelieved = problem{http.StatusBadRequest, "This login can't be trusted",
		"What the login service sent does not fit the login that you started, so you are not logged in.", true}
	unavailable = problem{http.StatusServiceUnavailable, "The login service can't be reached",
		"Please try again in a moment.", true}
	broken = problem{http.StatusInternalServerError, "Something is broken here",
		"This is not your fault. Please tell those who run this application.", false}
	notFound = problem{http.StatusNotFound, "There is no such page",
		"The address may be mistyped, or the page is gone.", false}
)

// refused says what an error code of an authorization endpoint means to the user (RFC 6749 section 4.1.2.1). Nothing of
// the answer itself is shown: anyone can write such a link.
func refused(code string) problem {
	switch code {
	case "access_denied":
		return denied
	case "temporarily_unavailable":
		return unavailable
	}
	return notGranted
}

// problemOf says what the user is told of an error: whether it helps to try again now or later.
func problemOf(err error) problem {
	var (
		decision *verifier.Error
		answered *oauth2.RetrieveError
	)
	switch {
	case errors.As(err, &decision) && decision.Class == verifier.Undecidable:
		return unavailable
	case errors.As(err, &decision) && decision.Class == verifier.Misconfigured:
		return broken
	case errors.As(err, &decision), errors.Is(err, errMixUp), errors.Is(err, errNoIssuer), errors.Is(err, errNoIDToken):
		return notBelieved
	case errors.As(err, &answered) && answered.ErrorCode == "invalid_grant": // RFC 6749 section 5.2
		return notRedeemed
	case errors.As(err, &answered) && answered.ErrorCode != "":
		return notGranted
	}
	return unavailable
}

// fail logs an error, and tells the user of it.
func (a *app) fail(w http.ResponseWriter, r *http.Request, p problem, err error) {
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	a.logger.LogAttrs(r.Context(), level, "login failed",
		slog.Int("status", p.Status), slog.String("told", p.Title), slog.Any("err", loggable(err)))
	a.showProblem(w, r, p)
}

// loggable leaves out what a token endpoint sent: the error of package oauth2 quotes the whole body of its answer.
func loggable(err error) error {
	if answered, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the token endpoint answered %d", answered.Response.StatusCode)
	}
	return err
}

func (a *app) showProblem(w http.ResponseWriter, r *http.Request, p problem) {
	a.show(w, r, view{p.Status, "problem.html", p, noForms})
}
