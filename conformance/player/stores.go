package player

import "github.com/holdfast-go/holdfast/verifier"

func (s Settings) stores(c *verifier.Config) {}
