package grpcguard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/holdfast-go/holdfast/verifier"
)

// ErrorDomain is the domain of the ErrorInfo in the details of a status: its reasons are the error codes of OAuth.
const ErrorDomain = "oauth"

// An answer sends metadata with the answer to a call.
type answer struct{ header, trailer func(metadata.MD) }

// refuse logs why a call may not pass, sends the challenges, and returns the status.
func (g *Guard) refuse(ctx context.Context, method string, send answer, err error) error {
	var refusal *verifier.Error
	if !errors.As(err, &refusal) {
		refusal = misconfigured(err)
	}
	code := codeOf(ctx, refusal)
	g.logger.LogAttrs(ctx, levels[refusal.Class], "call refused",
		slog.String("method", method[:min(len(method), maxLoggedMethod)]),
		slog.String("status", code.String()),
		slog.String("class", string(refusal.Class)),
		slog.String("code", string(refusal.Code)),
		slog.String("rule", refusal.Rule),
		slog.Any("err", err))
	send.trailer(pick(refusal.Header))
	return statusOf(code, refusal).Err()
}

// maxLoggedMethod bounds what is logged of a path, which a client may have written.
const maxLoggedMethod = 256

var levels = map[verifier.Class]slog.Level{
	verifier.Rejected:      slog.LevelInfo,
	verifier.Undecidable:   slog.LevelWarn,
	verifier.Misconfigured: slog.LevelError,
}

// codeOf returns the status code that stands for an error.
func codeOf(ctx context.Context, refusal *verifier.Error) codes.Code {
	switch {
	case refusal.Code == verifier.CodeCanceled && ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Code()
	case refusal.Class == verifier.Undecidable:
		return codes.Unavailable
	case refusal.Class != verifier.Rejected:
		return codes.Internal
	case refusal.Status == http.StatusForbidden:
		return codes.PermissionDenied
	}
	return codes.Unauthenticated
}

// statusOf returns the status with its details, all of fixed texts.
func statusOf(code codes.Code, refusal *verifier.Error) *status.Status {
	var details []protoadapt.MessageV1
	if refusal.OAuthError != "" {
		details = append(details, &errdetails.ErrorInfo{Reason: strings.ToUpper(refusal.OAuthError), Domain: ErrorDomain})
	}
	if wait, err := strconv.Atoi(strings.Join(refusal.Header["Retry-After"], "")); err == nil {
		delay := durationpb.New(time.Duration(wait) * time.Second)
		details = append(details, &errdetails.RetryInfo{RetryDelay: delay})
	}
	plain := status.New(code, refusal.Description)
	if detailed, err := plain.WithDetails(details...); err == nil {
		return detailed
	}
	return plain
}

// pick returns what of an answer's header fields means something in gRPC.
func pick(header map[string][]string) metadata.MD {
	md := metadata.MD{}
	for name, values := range header {
		switch name = strings.ToLower(name); name {
		case "www-authenticate", "dpop-nonce":
			md[name] = values
		}
	}
	return md
}

// refusalOf returns the [verifier.Error] in the error of a method. A status of the method's own stays, unless it is within
// another error: grpc-go would tell the client all of that one's text.
func refusalOf(err error) (*verifier.Error, bool) {
	if _, isStatus := err.(interface{ GRPCStatus() *status.Status }); isStatus {
		return nil, false
	}
	return errors.AsType[*verifier.Error](err)
}

// unlisted is the error of a method that neither Config.Scopes nor Config.Routes has.
func unlisted() *verifier.Error {
	return misconfigured(errors.New("the method is in none of Config.Scopes, Config.Routes and Config.Open of the guard: add it, with no scopes if any good token will do"))
}

func misconfigured(err error) *verifier.Error {
	return &verifier.Error{
		Class: verifier.Misconfigured, Code: verifier.CodeConfig, Err: err,
		Status: http.StatusInternalServerError, OAuthError: "server_error", Description: "The server is misconfigured",
	}
}
