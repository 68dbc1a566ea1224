package integration

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/rules"
)

// objectionRow is a row of docs/objections.md: what was changed, from which level to which, and why.
var objectionRow = regexp.MustCompile(`(?m)^\| ([A-Z][^|]*) \| (MUST|SHOULD|OURS) \| (MUST|SHOULD|OURS) \| [^|]+ \|$`)

// TestObjectionsHaveTheLevels holds the page to the register and the catalogue: what was changed is so now.
func TestObjectionsHaveTheLevels(t *testing.T) {
	page, err := os.ReadFile("../docs/objections.md")
	if err != nil {
		t.Fatal(err)
	}
	levels := make(map[string]rules.Level)
	for _, r := range rules.All() {
		levels[r.ID] = r.Level
	}
	for _, c := range catalogue.Cases() {
		levels[c.ID] = c.Level
	}
	rows := objectionRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Errorf("the page has %d rows", len(rows))
	}
	for _, row := range rows {
		for id := range strings.SplitSeq(row[1], ", ") {
			if levels[id] != rules.Level(row[3]) {
				t.Errorf("%s is %q, and not %s as the page says", id, levels[id], row[3])
			}
		}
	}
}
