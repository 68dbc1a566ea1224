// Command algorithmtable prints the table of signature algorithms in docs/algorithms.md.
package main

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

func main() { fmt.Print(jwk.Table()) }
