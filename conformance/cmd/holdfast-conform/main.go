package main

import "github.com/holdfast-go/holdfast/conformance/command"

func main() { command.Main() }
