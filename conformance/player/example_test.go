package player_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// A rule of a company's own: tokens of the old gateway are of no use any more.
func ExampleTokenCase() {
	c := player.TokenCase("ACME-GATEWAY-01.typ", player.BadToken, "a token of the old gateway",
		player.Token{Header: player.Fields{"typ": "acme-gateway+jwt"}}).ReportedAs("TYP-02").As(player.Must, "Acme security policy, 4.2")
	fmt.Println(c.ID, c.Level, c.Expected, player.Validate([]player.Case{c}))
	// Output: ACME-GATEWAY-01.typ MUST 401 invalid_token <nil>
}
