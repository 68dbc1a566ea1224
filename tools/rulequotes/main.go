// Command rulequotes looks up every quote of the register of rules in the text of its RFC:
//
//	rulequotes FOLDER...
//
// The folders hold the texts as the RFC Editor publishes them, rfc9449.txt or rfc9449.txt.gz and so on; Debian's packages
// doc-rfc-std-proposed and doc-rfc-fyi-bcp put them into /usr/share/doc/RFC/links. The exit status is 1 if a quote does not
// stand in its section, word for word. Documents without a text in the folders are named.
package main

import (
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/rules"
)

func main() {
	flag.Parse()
	if err := run(os.Stdout, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "rulequotes:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, folders []string) error {
	if len(folders) == 0 {
		return errors.New("use it as: rulequotes folder... with the texts rfc9449.txt or rfc9449.txt.gz, and others")
	}
	texts := make(map[string]map[string]string) // of each document, its sections
	var found, missing int
	var absent []string
	for _, rule := range rules.All() {
		for _, s := range rule.Sources {
			if s.Quote == "" {
				continue
			}
			if _, read := texts[s.Document]; !read {
				text, err := readRFC(folders, s.Document)
				if errors.Is(err, fs.ErrNotExist) {
					absent = append(absent, s.Document)
				} else if err != nil {
					return err
				}
				texts[s.Document] = sections(text)
			}
			switch {
			case slices.Contains(absent, s.Document):
			case stands(s.Quote, texts[s.Document][sectionOf(s)]):
				found++
			default:
				missing++
				fmt.Fprintf(out, "%s: it does not stand in %s: %s\n", rule.ID, s, s.Quote)
			}
		}
	}
	fmt.Fprintf(out, "%d quotes stand where they are said to, %d do not; no text of %s\n", found, missing, strings.Join(absent, ", "))
	if missing > 0 || found == 0 {
		return fmt.Errorf("%d quotes were found", found)
	}
	return nil
}

// sectionOf is the number of a source's section, without that of an item.
func sectionOf(s rules.Source) string {
	number, _, _ := strings.Cut(s.Section, " ")
	return number
}

// stands tells whether the parts of a quote stand in a text in their order.
func stands(quote, text string) bool {
	text = plain(text)
	for part := range strings.SplitSeq(quote, " [...] ") {
		_, rest, found := strings.Cut(text, plain(part))
		if !found {
			return false
		}
		text = rest
	}
	return true
}

var (
	space    = regexp.MustCompile(`\s+`)
	hyphen   = regexp.MustCompile(`-\s+`)
	pageEnd  = regexp.MustCompile(`\n+[^\n]*\[Page [0-9]+\]\s*\n\f?\s*RFC [^\n]*\n`)
	heading  = regexp.MustCompile(`^(?:Appendix )?([0-9]+(?:\.[0-9]+)*|[A-Z](?:\.[0-9]+)+)\.? {1,3}\S`)
	contents = regexp.MustCompile(`(\. ?){4}`)
)

// plain is text with white space made equal, and without the breaks behind hyphens.
func plain(text string) string {
	return strings.TrimSpace(hyphen.ReplaceAllString(space.ReplaceAllString(text, " "), "-"))
}

// sections parts the text of an RFC, without the ends of its pages. A section is that behind the last heading of its number:
// the table of contents has the others.
func sections(text string) map[string]string {
	all := make(map[string]string)
	var number string
	for line := range strings.Lines(pageEnd.ReplaceAllString(text, "\n")) {
		if at := heading.FindStringSubmatch(line); at != nil && !contents.MatchString(line) {
			number = at[1]
			all[number] = ""
		}
		all[number] += line
	}
	return all
}

// readRFC reads the text of a document. The error is [fs.ErrNotExist] if no folder has it.
func readRFC(folders []string, document string) (string, error) {
	number, isRFC := strings.CutPrefix(document, "RFC ")
	if !isRFC {
		return "", fs.ErrNotExist
	}
	for _, folder := range folders {
		name := filepath.Join(folder, "rfc"+number+".txt")
		if text, err := os.ReadFile(name); err == nil {
			return string(text), nil
		}
		file, err := os.Open(name + ".gz")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		defer file.Close()
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			return "", fmt.Errorf("%s: %w", file.Name(), err)
		}
		text, err := io.ReadAll(unpacked)
		return string(text), err
	}
	return "", fs.ErrNotExist
}
