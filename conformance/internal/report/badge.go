package report

import (
	"fmt"
	"html/template"
	"io"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// badgeText is a flat badge of two fields, as READMEs show them.
const badgeText = `<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="{{.Label}}: {{.Value}}">
<title>{{.Label}}: {{.Value}}</title>
<rect width="{{.Width}}" height="20" rx="3" fill="{{.Colour}}"/>
<path d="M3 0h{{.Fold}}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{{.LabelAt}}" y="14" textLength="{{.LabelWidth}}">{{.Label}}</text>
<text x="{{.ValueAt}}" y="14" textLength="{{.ValueWidth}}">{{.Value}}</text>
</g>
</svg>
`

// Colours on which white text has a contrast of at least 4.5 (WCAG 2.2, 1.4.3).
const (
	badgeGood = "#2a7d36"
	badgeBad  = "#b3261e"
)

// Badge writes the verdict as an SVG image: how many results of a MUST passed, of those that were decided or should have
// been. It is green if every MUST holds; known failures are said.
func Badge(w io.Writer, run result.Run) error {
	badge, err := template.New("badge").Parse(badgeText)
	if err != nil {
		return err
	}
	must, known := judge(run)
	value, colour := fmt.Sprintf("%d of %d MUST", must[result.Passed], must.run()+known), badgeBad
	if Holds(run) {
		colour = badgeGood
	}
	if known > 0 {
		value += fmt.Sprintf(", %d known", known)
	}
	if len(run.Faults) > 0 {
		value = "incomplete, " + value
	}
	const label, margin, perRune = "holdfast-conform", 10, 7
	width := func(text string) int { return perRune * utf8.RuneCountInString(text) }
	left, right := width(label)+margin, width(value)+margin
	return badge.Execute(w, map[string]any{
		"Label": label, "Value": value, "Colour": colour, "Width": left + right, "Fold": left - 3,
		"LabelAt": left / 2, "LabelWidth": width(label), "ValueAt": left + right/2, "ValueWidth": width(value),
	})
}
