// Package grpcguard puts a [verifier.Verifier] in front of a gRPC server: a call that may pass reaches its method with
// the verified token in the context, any other gets the right status code, details and challenge.
//
//	guard, err := grpcguard.New(v, grpcguard.Config{PublicURLs: []string{"https://api.example"}})
//	server := grpc.NewServer(grpc.ChainUnaryInterceptor(guard.UnaryInterceptor), grpc.ChainStreamInterceptor(guard.StreamInterceptor))
//	token, ok := grpcguard.From(ctx) // in the method
//
// Install both interceptors: each sees only its kind of call.
//
// # Credentials
//
// The access token is in the metadata key authorization, as in HTTP: Bearer and the token, or DPoP and the token. No
// other key is read for one: neither authorization-bin nor grpcgateway-authorization. The client's certificate (RFC
// 8705) is that of the connection. Certificates that a proxy forwards are not read: behind a proxy that ends TLS, a
// token that is bound to a certificate is rejected.
//
// # DPoP
//
// A gRPC call is an HTTP request, so its DPoP proof (RFC 9449) is one of that request: htm is POST, and htu is the URL
// that the client called, https://api.example/package.Service/Method. It is sent in the metadata key dpop. The server
// gets scheme and host from [Config.PublicURLs], and never only from :authority, which the client writes. A stream has one
// proof, for its beginning. A new nonce comes in the key dpop-nonce: in the header of a call that passes, in the
// trailer of one that is refused for it.
//
// # Answers
//
//	class          code                                           details
//	rejected       Unauthenticated; PermissionDenied for a scope  ErrorInfo; www-authenticate in the trailer
//	undecidable    Unavailable                                    ErrorInfo, RetryInfo
//	misconfigured  Internal                                       ErrorInfo
//
// The reason of ErrorInfo is the OAuth error code in upper case, such as INVALID_TOKEN or USE_DPOP_NONCE, and its domain
// is [ErrorDomain]. There is none where no credentials were sent. A call whose client left ends as Canceled or
// DeadlineExceeded. A method may return an error of [verifier.Verified.RequireScopes] as it is: the interceptors answer
// it in the same way. Behind [grpc.Server.ServeHTTP] the trailer has no www-authenticate, since net/http leaves it out
// (RFC 9110 section 6.5.1).
//
// What a client is told is made of fixed texts. What happened is for the operator: set [Config.Logger].
package grpcguard
