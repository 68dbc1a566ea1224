package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
)

// The plot's measures, in pixels.
const (
	plotWidth   = 760
	barsLeft    = 190 // where the bars begin
	barsWidth   = 480
	barHeight   = 16
	barDistance = 20
	groupMargin = 34
	plotTop     = 56
)

// plotStyle is readable by day and by night.
const plotStyle = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 } .group { font-weight: 600 } .name { text-anchor: end }
  .paper { fill: #ffffff } .value { fill: #57606a } .ours { fill: #1a7f5a } .peer { fill: #a8b1bd }
  .floor { stroke: #cf4a2e; stroke-dasharray: 4 3 } .floor-label { fill: #b03a20 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .paper { fill: #0d1117 } .value { fill: #9198a1 } .ours { fill: #3fb98a }
    .peer { fill: #5b6572 } .floor { stroke: #ff8f73 } .floor-label { fill: #ff8f73 }
  }
`

// plot draws how long each verifier takes, by the floor of its row, as SVG: the rows of tokens and proofs on one core.
func (r *results) plot(w io.Writer) error {
	var rows []row
	longest := 1.0
	for _, name := range []string{
		bearerRS256UnseenRead, bearerRS256SeenRead, bearerRS256Unseen, bearerRS256Seen, bearerES256Unseen, dpopUnseen, dpopSeen,
	} {
		row, found := r.find(name, oneCore)
		if !found {
			continue
		}
		rows = append(rows, row)
		for i := range row.cells {
			longest = max(longest, row.toFloor(i))
		}
	}
	height := plotTop
	for _, row := range rows {
		height += groupMargin + barDistance*(len(row.cells)-1)
	}
	height += 16

	p := svg{bufio.NewWriter(w)}
	const title = "Time to verify, by that of bare cryptography (less is better)"
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"`, plotWidth, height)
	p.line(` role="img" aria-label="%s">`, title)
	p.line(`<style>%s</style>`, plotStyle)
	p.line(`<rect class="paper" width="%d" height="%d"/>`, plotWidth, height)
	p.text("title", 16, 26, title)
	scale := barsWidth / longest
	y := plotTop
	for _, row := range rows {
		p.text("group", 16, y+16, row.workload)
		y += groupMargin - 8
		for i, c := range row.cells {
			if i == floorCell {
				continue
			}
			class := "peer"
			if isHoldfast(c.contender) {
				class = "ours"
			}
			width := scale * row.toFloor(i)
			p.text("name", barsLeft-8, y+13, c.contender)
			p.line(`<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, barsLeft, y, width, barHeight)
			p.text("value", barsLeft+width+6, y+13, ratio(row.toFloor(i))+" ×")
			y += barDistance
		}
		y += 8
	}
	// The floor goes over the bars: what is beyond it is the price of everything but cryptography.
	floor := barsLeft + scale
	p.line(`<line class="floor" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, floor, floor, plotTop-2, height-12)
	p.text("floor-label", floor+6, plotTop-4, "bare cryptography")
	p.line("</svg>")
	return p.Flush()
}

// An svg is a picture that is being written.
type svg struct{ *bufio.Writer }

func (p svg) line(format string, values ...any) { fmt.Fprintf(p, format+"\n", values...) }

func (p svg) text(class string, x float64, y int, text string) {
	p.line(`<text class="%s" x="%.1f" y="%d">%s</text>`, class, x, y, html.EscapeString(text))
}
