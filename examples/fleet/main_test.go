package main

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(memberVariable) != "" {
		if err := runMember(os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func TestFleet(t *testing.T) {
	for kind := range stores {
		t.Run(kind, func(t *testing.T) {
			var out strings.Builder
			if err := runFleet(&out, kind); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			t.Log("\n" + out.String())
		})
	}
	if err := runFleet(new(strings.Builder), "etcd"); err == nil {
		t.Error("a store that there is not was started")
	}
}
