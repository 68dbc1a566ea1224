package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/rules"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// HTML writes the run as one page that is complete: it asks for no other file, and its own policy
// forbids every script and style but its own, so that text of a target stays text. Without scripts it is a list.
func HTML(w io.Writer, run result.Run) error {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	return page.Execute(w, newPage(printableRun(run)))
}

// A page is what page.html shows.
type page struct {
	Title, Target, Verdict string
	Holds                  bool
	Started, Machine, Took string
	Modes                  []string
	Faults                 []string
	Results                int
	Counts                 []pageCount
	Levels                 []pageLevel
	Topics                 []pageTopic

	Policy string
	Style  template.CSS
	Script template.JS
}

// A pageCount is how many cases ended so; From is how many a bar shows before them.
type pageCount struct {
	Outcome result.Outcome
	N, From int
}

// A pageLevel is one level's part of a topic, or of the whole run.
type pageLevel struct {
	Level       rules.Level
	Passed, Run int
	Counts      []pageCount // of those run
}

// A pageTopic is one topic with its cases, those first that want a look.
type pageTopic struct {
	ID, Name string
	Title    string
	Levels   []pageLevel
	Counts   []pageCount
	Cases    []pageCase
}

// A pageCase is one case.
type pageCase struct {
	result.Result
	Anchor  string
	Open    bool
	Sources []source
	Took    string
}

// topicTitles say what the topics are about, for those who did not read docs/rules.md.
var topicTitles = sync.OnceValue(func() map[string]string {
	titles := make(map[string]string)
	for _, t := range rules.Topics() {
		titles[t.Name] = t.Title
	}
	return titles
})

func newPage(run result.Run) page {
	s := summarize(run)
	p := page{
		Title: title(run), Target: run.Target, Verdict: verdict(run), Holds: Holds(run),
		Started: run.Started.UTC().Format("2 January 2006, 15:04 UTC"),
		Machine: run.Started.UTC().Format("2006-01-02T15:04:05Z"), Took: rounded(run.Duration),
		Modes: run.Modes, Faults: run.Faults, Results: len(run.Results),
		Counts: counts(s.all), Levels: pageLevels(s.topic),
		Policy: "default-src 'none'; img-src data:; style-src " + hashOf(pageStyle) + "; script-src " + hashOf(pageScript) +
			"; base-uri 'none'; form-action 'none'",
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), // from the program itself
	}
	for i, t := range s.topics {
		shown := pageTopic{
			ID: "topic-" + strconv.Itoa(i+1), Name: t.Name, Title: topicTitles()[t.Name],
			Levels: pageLevels(t), Counts: counts(t.all),
		}
		for at, r := range run.Results {
			if r.Topic == t.Name {
				shown.Cases = append(shown.Cases, newPageCase(at, r))
			}
		}
		slices.SortStableFunc(shown.Cases, func(a, b pageCase) int {
			return slices.Index(outcomes, a.Outcome) - slices.Index(outcomes, b.Outcome)
		})
		p.Topics = append(p.Topics, shown)
	}
	return p
}

func newPageCase(at int, r result.Result) pageCase {
	return pageCase{
		Result: r, Anchor: "case-" + strconv.Itoa(at+1), Open: r.Outcome == result.Failed,
		Sources: sources(r.Section), Took: rounded(r.Duration),
	}
}

// pageLevels has a row for each level, also where a topic has no case of it.
func pageLevels(t topic) []pageLevel {
	var rows []pageLevel
	for _, level := range levels {
		found := t.levels[level]
		row := pageLevel{Level: level, Passed: found[result.Passed], Run: found.run()}
		from := 0
		for _, outcome := range []result.Outcome{result.Passed, result.Failed, result.Undecided} {
			row.Counts = append(row.Counts, pageCount{outcome, found[outcome], from})
			from += found[outcome]
		}
		rows = append(rows, row)
	}
	return rows
}

func counts(t tally) []pageCount {
	var all []pageCount
	for _, outcome := range outcomes {
		all = append(all, pageCount{Outcome: outcome, N: t[outcome]})
	}
	return all
}

// hashOf is how a Content-Security-Policy names an inline style or script.
func hashOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

// A source is a piece of the text that says where a rule comes from, with the address of the RFC's section if it names
// one.
type source struct{ Text, URL string }

var rfcSection = regexp.MustCompile(`RFC ([0-9]{1,5})(?: (?:section )?([0-9]+(?:\.[0-9]+)*))?`)

// sources parts text such as "RFC 9449 4.3 (9), RFC 9110 9.1" so that each RFC can be linked.
func sources(text string) []source {
	var parts []source
	add := func(text, url string) {
		if text != "" {
			parts = append(parts, source{text, url})
		}
	}
	end := 0
	for _, at := range rfcSection.FindAllStringSubmatchIndex(text, -1) {
		add(text[end:at[0]], "")
		url := "https://www.rfc-editor.org/rfc/rfc" + strings.TrimLeft(text[at[2]:at[3]], "0")
		if at[4] >= 0 {
			url += "#section-" + text[at[4]:at[5]]
		}
		add(text[at[0]:at[1]], url)
		end = at[1]
	}
	add(text[end:], "")
	return parts
}
