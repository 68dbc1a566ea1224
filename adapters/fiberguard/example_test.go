package fiberguard_test

import (
	"fmt"
	"io"
	"net/http/httptest"

	"github.com/gofiber/fiber/v3"

	"github.com/holdfast-go/holdfast/adapters/fiberguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An app whose routes all need a token, and one of them a scope. In production the Fetcher is an httpfetch.Fetcher.
func Example() {
	issuer := must(verifiertest.NewIssuer("https://tenant.example/"))
	v := must(verifier.New(verifier.Config{Domain: "tenant.example", Audiences: []string{"https://api.example"}, Fetcher: issuer}))
	defer v.Close()
	guard := must(httpguard.New(v, httpguard.Config{PublicURL: "https://api.example"}))

	app := fiber.New()
	app.Use(fiberguard.Require(guard))
	app.Get("/orders", func(c fiber.Ctx) error {
		token, _ := httpguard.From(c.Context())
		return c.SendString("orders of " + token.Subject)
	})
	app.Post("/orders", fiberguard.Require(guard, "write:orders"), func(c fiber.Ctx) error { return c.SendString("ordered") })

	token := must(issuer.Token(verifiertest.Claims{"aud": "https://api.example"}))
	for _, method := range []string{"GET", "POST"} {
		request := httptest.NewRequest(method, "/orders", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		answer := must(app.Test(request))
		fmt.Println(answer.StatusCode, string(must(io.ReadAll(answer.Body))))
	}
	// Output:
	// 200 orders of user-1
	// 403 {"error":"insufficient_scope","error_description":"The access token lacks a needed scope"}
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
