// Command acme-conform is holdfast-conform with the company's cases.
package main

import (
	"github.com/holdfast-go/holdfast/conformance/command"
	"github.com/holdfast-go/holdfast/examples/vendorcases"
)

func main() { command.Main(vendorcases.Cases()...) }
