// Package fiberguard is middleware of github.com/gofiber/fiber/v3 that lets requests pass by the word of an
// [httpguard.Guard].
//
//	app := fiber.New()
//	app.Use(fiberguard.Require(guard))
//	app.Post("/orders/:id", fiberguard.Require(guard, "write:orders"), func(c fiber.Ctx) error {
//		token, _ := httpguard.From(c.Context())
//		return c.SendString("order of " + token.Subject)
//	})
//
// The guard sees the request as Fiber's server received it: its target, all fields of each name, the client's address and
// certificate. So DPoP, proxies, mTLS, [httpguard.Config.Refuse] and routes of [httpguard.Guard.For] are as in net/http.
// Fiber's own adaptor passes on only the last of several fields of one name, which hides a second Authorization field from
// the guard.
//
// A request has no context that ends when its client leaves, since Fiber has none. Every wait of a verifier is bounded.
package fiberguard
