package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// describe writes a request for a report: its first line, its header fields and its form. Tokens and whatever else is
// long are shortened to a digest: they are good for nothing but what they were minted for, and unreadable.
func describe(base string, r player.Request) string {
	if r.Method == "" {
		return ""
	}
	var lines []string
	if r.Head == "" {
		lines = append(lines, r.Method+" "+shorten(base+r.Path))
		if r.Host != "" {
			lines = append(lines, "Host: "+r.Host)
		}
		lines = append(lines, fields(r)...)
	} else {
		for line := range strings.SplitSeq(strings.TrimSpace(r.Head), "\r\n") {
			if rest, found := strings.CutPrefix(line, "%AUTH%"); found {
				lines = append(append(lines, fields(r)...), rest)
				continue
			}
			lines = append(lines, strings.ReplaceAll(line, "%HOST%", hostOf(base)))
		}
	}
	if r.Form != nil {
		lines = append(lines, "", shorten(url.Values(r.Form).Encode()))
	}
	return strings.Join(lines, "\n")
}

func fields(r player.Request) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			lines = append(lines, name+": "+shorten(value))
		}
	}
	return lines
}

// long is a run of characters that is rather a token than a word.
var long = regexp.MustCompile(`[A-Za-z0-9._~+-]{41,}=*`)

func shorten(value string) string {
	shortened := long.ReplaceAllStringFunc(value, func(token string) string {
		sum := sha256.Sum256([]byte(token))
		return fmt.Sprintf("<%d characters, sha256 %s>", len(token), hex.EncodeToString(sum[:4]))
	})
	return result.Printable(shortened)
}

func hostOf(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}
