package grpcguard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/holdfast-go/holdfast/verifier"
)

// A Guard lets calls pass by a verifier's word. It is safe for concurrent use.
type Guard struct {
	verifier   *verifier.Verifier
	optional   bool
	endStreams bool
	open       map[string]bool
	needs      map[string]need // nil if any good token will do
	urls       publicURLs
	logger     *slog.Logger
}

// A need is what a method needs, and whether an anonymous call may reach it where the guard is optional.
type need struct {
	route     verifier.Route
	anonymous bool
}

// UnaryInterceptor is a [grpc.UnaryServerInterceptor]. It sees a call after grpc-go has read its message, whose size
// [grpc.MaxRecvMsgSize] bounds.
func (g *Guard) UnaryInterceptor(ctx context.Context, message any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if g.open[info.FullMethod] {
		return handler(ctx, message)
	}
	// A call that is not grpc-go's own, such as that of a test, has no header and no trailer to set.
	send := answer{
		header:  func(md metadata.MD) { _ = grpc.SetHeader(ctx, md) },
		trailer: func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) },
	}
	verified, err := g.admit(ctx, info.FullMethod)
	if err != nil {
		return nil, g.refuse(ctx, info.FullMethod, send, err)
	}
	if verified != nil {
		send.header(pick(verified.Header))
		ctx = NewContext(ctx, verified)
	}
	result, err := handler(ctx, message)
	if refusal, ours := refusalOf(err); ours {
		return nil, g.refuse(ctx, info.FullMethod, send, refusal)
	}
	return result, err
}

// StreamInterceptor is a [grpc.StreamServerInterceptor]. It verifies the token once, before the first message.
func (g *Guard) StreamInterceptor(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if g.open[info.FullMethod] {
		return handler(server, stream)
	}
	ctx := stream.Context()
	send := answer{header: func(md metadata.MD) { _ = stream.SetHeader(md) }, trailer: stream.SetTrailer}
	verified, err := g.admit(ctx, info.FullMethod)
	if err != nil {
		return g.refuse(ctx, info.FullMethod, send, err)
	}
	guarded := &guardedStream{ServerStream: stream, ctx: ctx}
	if verified != nil {
		send.header(pick(verified.Header))
		if g.endStreams {
			var cancel context.CancelFunc
			guarded.ctx, cancel = verified.UntilExpiry(ctx)
			defer cancel()
		}
		guarded.ctx = NewContext(guarded.ctx, verified)
	}
	err = handler(server, guarded)
	if refusal, ours := guarded.refusal(err); ours {
		return g.refuse(ctx, info.FullMethod, send, refusal)
	}
	return err
}

// admit decides whether a call may pass. It returns neither a token nor an error for an anonymous one that may.
func (g *Guard) admit(ctx context.Context, method string) (*verifier.Verified, error) {
	if !isFullMethod(method) {
		return nil, g.verifier.Malformed(ruleMethod, "the path is not /service/method")
	}
	needed, listed := g.needOf(method)
	verified, err := g.verify(ctx, method, needed.route)
	anonymous := g.optional && needed.anonymous && errors.Is(err, verifier.CodeCredentialsMissing)
	switch {
	case err != nil && !anonymous:
		return nil, err
	case !listed:
		return nil, unlisted()
	}
	return verified, nil
}

// verify asks the verifier about the call as its client sent it: a POST request over HTTP/2. As in httpguard, the URL is
// worked out only where it counts (PROXY-07).
func (g *Guard) verify(ctx context.Context, method string, route verifier.Route) (*verifier.Verified, error) {
	sent, _ := metadata.FromIncomingContext(ctx)
	request := verifier.Request{
		Method: http.MethodPost, URL: method, Header: sent, ClientCertificate: clientCertificate(ctx), Route: route,
	}
	if g.verifier.NeedsURL(request) {
		authority := strings.Join(sent.Get(":authority"), ",") // grpc-go lets one pass
		url, serves := g.urls.of(method, authority)
		if !serves {
			return nil, g.verifier.Misdirected(ruleHosts, "the call's :authority is of none of the URLs configured (Config.PublicURLs)")
		}
		request.URL = url
	}
	return g.verifier.VerifyRequest(ctx, request)
}

// clientCertificate returns the certificate that the client proved to hold in the TLS handshake, in DER; nil if it has
// none, or the connection is not TLS's.
func clientCertificate(ctx context.Context) []byte {
	caller, found := peer.FromContext(ctx)
	if !found {
		return nil
	}
	info, isTLS := caller.AuthInfo.(credentials.TLSInfo)
	if !isTLS || len(info.State.PeerCertificates) == 0 {
		return nil
	}
	return info.State.PeerCertificates[0].Raw
}

// needOf returns what a method needs, and false if neither Config.Scopes nor Config.Routes says.
func (g *Guard) needOf(method string) (need, bool) {
	if g.needs == nil {
		return need{anonymous: true}, true
	}
	if needed, listed := g.needs[method]; listed {
		return needed, true
	}
	service, _, _ := strings.Cut(method[1:], "/")
	if needed, listed := g.needs[service]; listed {
		return needed, true
	}
	return need{anonymous: true}, false
}

type verifiedKey struct{}

// From returns the verified token of a call that passed a [Guard]. It reports false for a call of an open method, and
// for an anonymous one, which only an optional guard lets pass.
func From(ctx context.Context) (*verifier.Verified, bool) {
	verified, ok := ctx.Value(verifiedKey{}).(*verifier.Verified)
	return verified, ok
}

// NewContext returns a context from which [From] takes verified, as for a call that passed a guard: for tests of
// methods, which get a token from package handlertest.
func NewContext(ctx context.Context, verified *verifier.Verified) context.Context {
	return context.WithValue(ctx, verifiedKey{}, verified)
}
