package runner

import (
	"slices"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// A play is the cases of one start of the target.
type play struct {
	mode     player.Mode
	fault    fault.Fault
	settings player.Settings
	clock    bool   // the target's clock is set
	fresh    string // the ID of a case that has a start of its own
	cases    []player.Case
}

// usual reports whether the target is set and the issuer does as they mostly do.
func (p play) usual() bool {
	return p.fault.Name == "" && len(p.settings) == 0 && !p.clock && p.fresh == ""
}

// with reports whether the play has the same start as another.
func (p play) with(other play) bool {
	return p.fault.Name == other.fault.Name && p.settings.Key() == other.settings.Key() && p.clock == other.clock && p.fresh == other.fresh
}

// plan sorts the cases into plays: those of a mode together, the usual setting first. What is set and what the issuer does
// otherwise has nothing to do with the mode, and is played only in the first one. It returns as well how many cases are
// not played for want of a power, by the power that each lacks first.
func plan(config Config, world *player.Environment) (plays []play, undeclared map[string]int) {
	undeclared = make(map[string]int)
	lacking := make(map[string]bool)
	for _, mode := range config.Modes {
		first := len(plays)
		plays = append(plays, play{mode: mode, fault: player.NoFault})
		for _, c := range config.Cases {
			if !slices.Contains(c.Modes, mode) || !c.BlackBox() {
				continue
			}
			if lack := lacks(c, config.Powers); lack != "" {
				if !lacking[c.ID] {
					undeclared[lack]++
				}
				lacking[c.ID] = true
				continue
			}
			p := playOf(c, mode, world)
			if !p.usual() && earlier(c, mode, config.Modes) {
				continue
			}
			at := slices.IndexFunc(plays[first:], p.with)
			if at < 0 {
				at = len(plays) - first
				plays = append(plays, p)
			}
			plays[first+at].cases = append(plays[first+at].cases, c)
		}
	}
	return slices.DeleteFunc(plays, func(p play) bool { return len(p.cases) == 0 }), undeclared
}

// playOf returns the play that a case goes into.
func playOf(c player.Case, mode player.Mode, world *player.Environment) play {
	settings, _ := c.Settings(world, mode)
	p := play{mode: mode, fault: c.Fault, settings: settings, clock: c.Has(player.Clock)}
	if c.NeedsFresh() || c.Starts() {
		p.fresh = c.ID
	}
	return p
}

// earlier reports whether a mode before this one has the case too.
func earlier(c player.Case, mode player.Mode, modes []player.Mode) bool {
	for _, one := range modes {
		if one == mode {
			return false
		}
		if slices.Contains(c.Modes, one) {
			return true
		}
	}
	return false
}

// lacks returns the first power that a case takes and a target does not have, empty if it has all.
func lacks(c player.Case, powers []string) string {
	for _, name := range c.Powers() {
		if !slices.Contains(powers, name) {
			return name
		}
	}
	return ""
}
