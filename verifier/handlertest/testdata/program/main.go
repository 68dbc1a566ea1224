// Program asks for what only tests get.
package main

import "github.com/holdfast-go/holdfast/verifier/handlertest"

func main() { handlertest.Verified(nil) }
