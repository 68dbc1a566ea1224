package main

import (
	"fmt"
	"os"
	"slices"
)

// A host runs servers as a test does.
type host struct{ cleanups []func() }

// fatal is what a host panics with.
type fatal struct{ error }

func (*host) Helper() {}

func (*host) Fatal(args ...any) { panic(fatal{fmt.Errorf("%s", fmt.Sprint(args...))}) }

func (*host) Fatalf(format string, args ...any) { panic(fatal{fmt.Errorf(format, args...)}) }

func (h *host) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }

// must fails if there is an error.
func (h *host) must(err error) {
	if err != nil {
		h.Fatal(err)
	}
}

func (h *host) TempDir() string {
	dir, err := os.MkdirTemp("", "holdfast-load-")
	h.must(err)
	h.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (h *host) clean() {
	for _, f := range slices.Backward(h.cleanups) {
		f()
	}
}
