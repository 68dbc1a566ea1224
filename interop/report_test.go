package interop

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// reportPage is the golden page of package report: of every outcome and level, and with text of a hostile target.
const reportPage = "../conformance/internal/report/testdata/report.html"

// TestReportInABrowser opens the HTML report of holdfast-conform in Chromium. The folder SCREENSHOTS, if set, keeps the
// pictures for someone to look at.
func TestReportInABrowser(t *testing.T) {
	for _, screen := range []struct {
		name   string
		width  int64
		height int64
		scheme string
	}{
		{"phone", 390, 844, "light"},
		{"phone in the dark", 390, 844, "dark"},
		{"desktop", 1280, 900, "light"},
		{"desktop in the dark", 1280, 900, "dark"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			tab := openTab(t)
			tab.do(t,
				chromedp.EmulateViewport(screen.width, screen.height), colorScheme(screen.scheme),
				chromedp.Navigate(fileURL(t, reportPage)),
			)
			if wide := evaluate[int64](t, tab, `document.documentElement.scrollWidth`); wide > screen.width {
				t.Errorf("the page is %d pixels wide on a screen of %d", wide, screen.width)
			}
			dark := evaluate[bool](t, tab,
				`getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((part) => part < 60)`)
			if dark != (screen.scheme == "dark") {
				t.Errorf("the background is dark: %t", dark)
			}
			tab.screenshot(t, strings.ReplaceAll(screen.name, " ", "-"))
			tab.checkQuiet(t)
		})
	}
}

func TestReportFilters(t *testing.T) {
	tab := openTab(t)
	tab.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(fileURL(t, reportPage)))
	const all = 12
	set := func(name, value string) string {
		return `filters.elements['` + name + `'].value = '` + value + `'; filters.dispatchEvent(new Event('input'));`
	}
	for _, row := range []struct {
		name   string
		script string
		want   []string // the cases shown, by ID
	}{
		{"topic", set("topic", "JWS"), []string{"JWS-18.zip", "JWS-09.alg-none"}},
		{"level", set("level", "SHOULD"), []string{"CLAIM-ORG-01.other-organization", "CHAL-11.no-store"}},
		{"outcome", set("outcome", "failed"),
			[]string{"CRED-03.two-fields", "JWS-18.zip", "DPOP-RPL-01.second-use", "DPOP-RPL-01.second-use"}},
		{"mode", set("mode", "required"), []string{"DPOP-RPL-01.second-use"}},
		{"text of an ID", set("text", "rpl-0"),
			[]string{"DPOP-RPL-01.second-use", "DPOP-RPL-01.second-use", "DPOP-RPL-03.concurrent-uses"}},
		{"text of details that are closed", set("text", "settable CLOCK"), []string{"CACHE-04.past-hard-ttl"}},
		{"all five", set("mode", "allowed") + set("topic", "DPOP") + set("level", "MUST") + set("outcome", "undecided") +
			set("text", "exactly"),
			[]string{"DPOP-RPL-03.concurrent-uses"}},
		{"nothing", set("text", "no such case"), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			evaluate[bool](t, tab, row.script+`true`)
			if got := tab.shown(t); !slices.Equal(got, row.want) {
				t.Errorf("shown are %q, want %q", got, row.want)
			}
			hint := evaluate[bool](t, tab, `!document.getElementById('nothing').hidden`)
			if hint != (row.want == nil) {
				t.Errorf("the page says that nothing is shown: %t", hint)
			}
			tab.do(t, chromedp.Click(chromedp.CSS(`button[name=all]`)))
			if got := tab.shown(t); len(got) != all {
				t.Errorf("after Show all %d of %d results are shown", len(got), all)
			}
		})
	}

	t.Run("by hand", func(t *testing.T) {
		tab.do(t, chromedp.SendKeys(chromedp.CSS(`input[name=text]`), "bound"))
		tab.do(t, chromedp.Click(chromedp.CSS(`input[value=passed]`)))
		if got := tab.shown(t); !slices.Equal(got, []string{"CRED-09.token-over-bound"}) {
			t.Errorf("shown are %q", got)
		}
		if status := evaluate[string](t, tab, `document.querySelector('output').value`); status != "1 of 12 results" {
			t.Errorf("the status is %q", status)
		}
		tab.do(t, chromedp.Click(chromedp.CSS(`button[name=toggle]`)))
		if open := evaluate[bool](t, tab, `document.querySelector('li:not([hidden]) details').open`); !open {
			t.Error("Open all left the case closed")
		}
		tab.do(t, chromedp.Click(chromedp.CSS(`button[name=all]`)))
	})
	tab.checkQuiet(t)
}

// Text of the target stays text: it is shown, and acts on nothing.
func TestReportHostileText(t *testing.T) {
	tab := openTab(t)
	tab.do(t, chromedp.Navigate(fileURL(t, reportPage)))
	if title := evaluate[string](t, tab, `document.title`); title == "owned" {
		t.Error("a script of the target ran")
	}
	if images := evaluate[int](t, tab, `document.images.length`); images != 0 {
		t.Errorf("the target's text became %d images", images)
	}
	text := evaluate[string](t, tab, `document.querySelector('.actual pre').textContent`)
	if !strings.Contains(text, "<script>") {
		t.Errorf("the target's answer is shown as %q", text)
	}
	tab.checkQuiet(t)
}

func TestReportWithoutScripts(t *testing.T) {
	tab := openTab(t)
	tab.do(t, noScripts(), chromedp.Navigate(fileURL(t, reportPage)))
	if got := tab.shown(t); len(got) != 12 {
		t.Errorf("%d results are shown", len(got))
	}
	if hidden := evaluate[bool](t, tab, `document.getElementById('filters').hidden`); !hidden {
		t.Error("filters that can't work are shown")
	}
	tab.checkQuiet(t)
}

// Every control has a name, headings leave no level out, and the text has the contrast of WCAG 2.2 level AA.
func TestReportAccessibility(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			tab := openTab(t)
			tab.do(t, colorScheme(scheme), chromedp.Navigate(fileURL(t, reportPage)))
			for _, fault := range evaluate[[]string](t, tab, accessibilityFaults) {
				t.Error(fault)
			}
		})
	}
}

// accessibilityFaults is a script that lists what is wrong.
const accessibilityFaults = `(() => {
  const faults = [];
  for (const control of document.querySelectorAll('input, select, button')) {
    const named = control.tagName === 'BUTTON' ? control : control.labels[0];
    const name = [...named?.childNodes ?? []].filter((part) => part !== control).map((part) => part.textContent);
    if (!name.join('').trim()) faults.push('a control without a name: ' + control.name);
  }
  let before = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push('a level is left out before ' + heading.textContent);
    before = level;
  }
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const paint = (colors) => { // what colors give, one over another
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map((part) => linear(part / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('script, .unseen') || !element.checkVisibility()) continue;
    const backgrounds = [];
    for (let at = element; at; at = at.parentElement) backgrounds.unshift(getComputedStyle(at).backgroundColor);
    const text = luminance(paint([...backgrounds, getComputedStyle(element).color]));
    const back = luminance(paint(backgrounds));
    const contrast = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    const where = element.tagName + '.' + element.className;
    if (contrast < 4.5 && !seen.has(where))
      faults.push('contrast ' + contrast.toFixed(2) + ' of ' + where + ': ' + node.data.trim().slice(0, 30));
    seen.add(where);
  }
  return faults;
})()`

// shown returns the IDs of the cases that can be seen.
func (b *tab) shown(t *testing.T) []string {
	t.Helper()
	return evaluate[[]string](t, b,
		`[...document.querySelectorAll('.topic li h4')].filter((id) => id.checkVisibility()).map((id) => id.textContent)`)
}
