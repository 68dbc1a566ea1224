// Command onbehalfof shows a call that goes on behalf of its user: an application calls API orders with the user's
// token; orders calls API stock, and stock calls API suppliers. No API passes on the token that it was sent: only that
// API accepts it. Each exchanges it at the issuer for one that is for the next API (RFC 8693), still of the
// user, which says who acts for the user.
//
// It starts the issuer and the three APIs on this machine, prints what each API sees, and exits 0 only if that is as
// expected.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onbehalfof:", err)
		os.Exit(1)
	}
}

// scope is what the user lets the application do, and each API the next one for it.
const scope = "read:orders"

func run(ctx context.Context, out io.Writer) error {
	tenant, err := issuer.Start()
	if err != nil {
		return err
	}
	defer tenant.Close()

	// From the last one to the first, as each has to know the next.
	var (
		apis []*api
		next *api
	)
	for _, name := range []string{"suppliers", "stock", "orders"} {
		a, err := startAPI(tenant, name, next)
		if err != nil {
			return err
		}
		defer a.close()
		apis, next = append(apis, a), a
	}
	suppliers, stock, orders := apis[0], apis[1], apis[2]

	// What a login brings: see examples/weblogin.
	token, err := tenant.Token(verifiertest.Claims{
		"sub": "ada", "client_id": "web-shop", "aud": orders.audience, "scope": scope,
	})
	if err != nil {
		return err
	}
	seen, err := orders.call(ctx, token)
	if err != nil {
		return err
	}
	if err := showChain(out, seen); err != nil {
		return err
	}
	return showRefusals(ctx, out, token, stock, suppliers)
}

// The actors, by the subjects that the test issuer gives them. It writes no iss: there is only one issuer here.
var stock, orders = verifier.Actor{Subject: "stock"}, verifier.Actor{Subject: "orders"}

// expected is what each API is to see of a call by way of those before it.
var expected = []sight{
	{API: "orders", User: "ada", Client: "web-shop"},
	{API: "stock", User: "ada", Client: "orders", Actor: orders, Chain: []verifier.Actor{orders}},
	{API: "suppliers", User: "ada", Client: "stock", Actor: stock, Chain: []verifier.Actor{stock, orders}},
}

// showChain prints what the APIs saw.
func showChain(out io.Writer, seen []sight) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "API\tUSER\tTOKEN ISSUED TO\tWHO ACTS\tDELEGATION CHAIN, NEWEST FIRST\t")
	for _, s := range seen {
		var chain []string
		for _, actor := range s.Chain {
			chain = append(chain, actor.Subject)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", s.API, s.User, s.Client, orDash(s.Actor.Subject), orDash(strings.Join(chain, " < ")))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !slices.EqualFunc(seen, expected, sight.equal) {
		return fmt.Errorf("the APIs saw %+v, and %+v was expected", seen, expected)
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// showRefusals prints what an API that passes a token on, or takes one that is not its own, gets from the next API and
// from the issuer.
func showRefusals(ctx context.Context, out io.Writer, token string, stock, suppliers *api) error {
	fmt.Fprintln(out)
	_, passedOn := stock.call(ctx, token)
	_, notItsOwn := stock.exchange(ctx, token, suppliers.audience)
	wrong := 0
	for _, c := range []struct {
		what string
		err  error
		want string
	}{
		{"the user's token, passed on to stock as it is", passedOn, "stock answers 401"},
		{"the user's token, exchanged by stock, which it is not for", notItsOwn, "invalid_request"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			wrong++
		}
		fmt.Fprintf(out, "%s: %v\n", c.what, c.err)
	}
	if wrong > 0 {
		return fmt.Errorf("%d refusals were not as expected", wrong)
	}
	fmt.Fprintln(out, "\nall as expected")
	return nil
}
