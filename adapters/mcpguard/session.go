package mcpguard

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// sessions says whose each open session is. An entry is there as long as the SDK holds the session.
type sessions struct {
	max, perParty int

	mu      sync.Mutex // guards all below
	byID    map[string]*session
	byParty map[party]*theirs
	closed  bool
}

// A session is one that has begun and that the SDK has not ended.
type session struct {
	id    string
	owner party
	sdk   *mcp.ServerSession
	place *list.Element // in open; nil while it is being closed
}

// theirs are the sessions of one party.
type theirs struct {
	open    list.List // of *session, the one used longest ago first
	closing int       // those that calls under way keep from ending
}

func newSessions(most, perParty int) *sessions {
	return &sessions{max: most, perParty: perParty, byID: make(map[string]*session), byParty: make(map[party]*theirs)}
}

// room reports whether a session of that party can begin now. A party may have as many that are being closed as may be
// open: one whose calls don't end has to wait.
func (s *sessions) room(owner party) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roomLocked(owner)
}

func (s *sessions) roomLocked(owner party) bool {
	if s.closed || len(s.byID) >= s.max {
		return false
	}
	of := s.byParty[owner]
	return of == nil || of.open.Len() < s.perParty || of.closing < s.perParty
}

var (
	errNoSession = errors.New("there is no such session")
	errNotOwner  = errors.New("the session belongs to another party")
)

// use notes that a session is used by its owner.
func (s *sessions) use(id string, by party) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	switch {
	case found == nil || found.place == nil:
		return errNoSession
	case found.owner != by:
		return errNotOwner
	}
	s.byParty[by].open.MoveToBack(found.place)
	return nil
}

// begin notes whose a session is, until it ends, and reports whether there is room for it. It closes the one that its
// owner used longest ago if the owner has too many.
func (s *sessions) begin(sdk *mcp.ServerSession, owner party) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := sdk.ID()
	if known := s.byID[id]; known != nil {
		return known.sdk == sdk // begun twice, which the SDK answers; or an ID that is not unique
	}
	if !s.roomLocked(owner) {
		return false
	}
	of := s.byParty[owner]
	if of == nil {
		of = new(theirs)
		s.byParty[owner] = of
	}
	if of.open.Len() >= s.perParty {
		oldest := of.open.Front().Value.(*session)
		of.retire(oldest)
		go oldest.sdk.Close() // it waits for calls under way
	}
	begun := &session{id: id, owner: owner, sdk: sdk}
	begun.place = of.open.PushBack(begun)
	s.byID[id] = begun
	go func() {
		_ = sdk.Wait() // however it ended
		s.forget(begun)
	}()
	return true
}

// retire lets no one use a session any more.
func (t *theirs) retire(old *session) {
	t.open.Remove(old.place)
	old.place = nil
	t.closing++
}

// forget removes a session that has ended.
func (s *sessions) forget(ended *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, ended.id)
	of := s.byParty[ended.owner]
	if ended.place != nil {
		of.open.Remove(ended.place)
	} else {
		of.closing--
	}
	if of.open.Len()+of.closing == 0 {
		delete(s.byParty, ended.owner)
	}
}

// close ends all sessions and lets none begin.
func (s *sessions) close() {
	s.mu.Lock()
	s.closed = true
	open := slices.Collect(maps.Values(s.byID))
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, session := range open {
		all.Go(func() { _ = session.sdk.Close() })
	}
	all.Wait()
}

// sessionHash stands for a session in logs, since who knows its ID and has a token of its owner can use it.
func sessionHash(id string) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}
