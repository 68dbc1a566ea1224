package vendorcases

import (
	"time"

	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

const policy = "Acme security policy, 4.2"

// Cases are those of the company's rules: what the old gateway wrote is of no use any more, and a token of over an hour
// is refused where that is configured.
func Cases() []player.Case {
	return []player.Case{
		player.TokenCase("ACME-GATEWAY-01.typ", player.BadToken, "a token of the old gateway",
			player.Token{Header: player.Fields{"typ": "acme-gateway+jwt"}}).ReportedAs("TYP-02").As(player.Must, policy),
		player.RequestCase("ACME-GATEWAY-01.field", player.NoCredentials, "a good token in the field of the old gateway",
			func(run *player.Run) player.Request {
				return player.Get().With("X-Acme-Token", run.Sign(player.Token{}))
			}).As(player.Must, policy),

		ageCase("ACME-AGE-01.an-hour", player.Accepted, "iat was an hour ago", -3600),
		ageCase("ACME-AGE-01.over-an-hour", player.BadToken, "iat was an hour and a second ago", -3601),
	}
}

// ageCase is for a verifier that takes tokens of an hour at most. It is played only in process, where the clock stands.
func ageCase(id string, want player.Expectation, reason string, issued player.In) player.Case {
	return player.TokenCase(id, want, reason, player.Token{Claims: player.Fields{"iat": issued}}).
		Configured(func(_ *player.Environment, c *verifier.Config) { c.MaxTokenAge = time.Hour }).
		Needing(player.Clock).ReportedAs("CLAIM-IAT-02").As(player.Must, policy)
}
