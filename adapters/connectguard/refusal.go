package connectguard

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// ErrorDomain is the domain of the ErrorInfo in the details of an error: its reasons are the error codes of OAuth.
const ErrorDomain = "oauth"

var errorWriter = connect.NewErrorWriter()

// Refuse writes the answer to a refused request in the protocol of the request: it is for [httpguard.Config.Refuse]. A
// request of none of the three protocols is answered as if Connect called, in JSON and with a status of HTTP.
func Refuse(w http.ResponseWriter, r *http.Request, refusal httpguard.Refusal) {
	// The guard has set the header fields. It holds the writer to the status of the refusal, while gRPC's own status is
	// behind one of success.
	if guarded, ok := w.(interface{ Raw() http.ResponseWriter }); ok {
		w = guarded.Raw()
	}
	// A client that has gone away is not waiting for it.
	_ = errorWriter.Write(w, r, errorOf(r.Context(), refusal, w.Header().Get("Retry-After")))
}

// Error returns err as a method should return it: with the code, the text and the details of the [verifier.Error] in it,
// such as that of [verifier.Verified.RequireScopes]. Any other error is returned as it is, and so are nil and one that has
// a code of Connect's already.
func Error(err error) error {
	if _, coded := errors.AsType[*connect.Error](err); coded {
		return err
	}
	e, ours := errors.AsType[*verifier.Error](err)
	if !ours {
		return err
	}
	refusal := httpguard.Refusal{Class: e.Class, Status: e.Status, OAuthError: e.OAuthError, Description: e.Description}
	return errorOf(context.Background(), refusal, strings.Join(e.Header["Retry-After"], ""))
}

// errorOf returns the error of the RPC, all of fixed texts.
func errorOf(ctx context.Context, refusal httpguard.Refusal, retryAfter string) *connect.Error {
	told := connect.NewError(codeOf(ctx, refusal), errors.New(refusal.Description))
	add := func(message proto.Message) {
		if detail, err := connect.NewErrorDetail(message); err == nil {
			told.AddDetail(detail)
		}
	}
	if refusal.OAuthError != "" {
		add(&errdetails.ErrorInfo{Reason: strings.ToUpper(refusal.OAuthError), Domain: ErrorDomain})
	}
	if seconds, err := strconv.Atoi(retryAfter); err == nil {
		add(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(seconds) * time.Second)})
	}
	return told
}

// codeOf returns the code that stands for a refusal. A client that has left is not an outage.
func codeOf(ctx context.Context, refusal httpguard.Refusal) connect.Code {
	switch {
	case refusal.Class == verifier.Undecidable && ctx.Err() != nil:
		return connect.CodeCanceled
	case refusal.Class == verifier.Undecidable:
		return connect.CodeUnavailable
	case refusal.Class != verifier.Rejected:
		return connect.CodeInternal
	case refusal.Status == http.StatusForbidden:
		return connect.CodePermissionDenied
	}
	return connect.CodeUnauthenticated
}
