package command

import (
	"fmt"
	"io"
	"os"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// A progress is shown on one line of a terminal that is written again and again, elsewhere on a line for each DPoP mode.
type progress struct {
	w        io.Writer
	terminal bool
	mode     string
	failed   int
	shown    bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, isFile := w.(*os.File); isFile {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// clearLine is the control sequence that goes to the line's start and erases it (ECMA-48, 8.3.41).
const clearLine = "\r\x1b[K"

func (p *progress) show(done, total int, r result.Result) {
	if r.Outcome == result.Failed {
		p.failed++
	}
	p.shown = true
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "%s%d of %d, %d failed: DPoP %s, %.50s", clearLine, done, total, p.failed, r.Mode, r.ID)
	case r.Mode != p.mode || done == total:
		p.mode = r.Mode
		fmt.Fprintf(p.w, "%d of %d, %d failed: DPoP %s\n", done, total, p.failed, r.Mode)
	}
}

func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, clearLine)
	}
}
