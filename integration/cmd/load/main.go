// Command load shows what an API costs and answers while a part that it depends on fails: a replay store that is paused,
// killed or dark, and issuers that hang. Each row starts an API in a process of its own, sends it requests at a fixed rate
// over loopback, and lets the part fail after the first second. Bearer requests of an issuer that answers go on meanwhile.
//
// It prints a table in Markdown, or with -write puts it into a file, between two markers. It needs redis-server and memcached.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	if os.Getenv(apiVariable) != "" {
		exitOn(serveAPI(os.Stdin, os.Stdout))
		return
	}
	file := flag.String("write", "", "put the table into this `file`, between its markers, besides printing it")
	only := flag.String("row", "", "play only the rows whose name contains this `text`")
	flag.Parse()
	table, err := play(*only)
	fmt.Print(table)
	exitOn(err)
	if *file != "" {
		exitOn(write(*file, table))
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// The markers between which the table stands.
const (
	begin = "<!-- begin of what `make load` writes -->\n"
	end   = "<!-- end of what `make load` writes -->\n"
)

// write puts text between the markers of a file.
func write(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := bytes.Cut(old, []byte(begin))
	_, after, foundEnd := bytes.Cut(rest, []byte(end))
	if !found || !foundEnd {
		return fmt.Errorf("%s lacks the markers %q and %q", path, begin, end)
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%s%s\n%s\n%s%s", before, begin, text, end, after), 0o644)
}

// play plays the rows, and returns them as a table.
func play(only string) (string, error) {
	var table bytes.Buffer
	fmt.Fprintf(&table, "Measured with %s on %s/%s. The API, the client and the servers share %d cores. A store fails after %v.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), healthy)
	fmt.Fprintln(&table, "| what fails | load, requests a second | answers | p50, p99 of the 503s | p50, p99 of the 200s | Bearer at the same time: answers; p50, p99 | goroutines before, peak, after | descriptors before, peak, after |")
	fmt.Fprintln(&table, "|---|---|---|---|---|---|---|---|")
	var failed error
	for _, r := range rows() {
		if !r.named(only) {
			continue
		}
		fmt.Fprintln(os.Stderr, "load:", r.name)
		measured, err := r.measure()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.name, err))
			continue
		}
		fmt.Fprintln(&table, measured)
	}
	return table.String(), failed
}
