package runner

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// A store is what targets remember proofs in: a PUT with If-None-Match: * creates an entry (201) unless it is there already
// (412, RFC 9110 section 13.1.2). Cache-Control: max-age says how many seconds it stays.
type store struct {
	*httptest.Server
	world *player.Environment

	mu      sync.Mutex // guards entries
	entries map[string]time.Time
}

func newStore(world *player.Environment) *store {
	s := &store{world: world, entries: make(map[string]time.Time)}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	age, err := strconv.Atoi(strings.TrimPrefix(r.Header.Get("Cache-Control"), "max-age="))
	switch {
	case s.world.StoreKilled():
		panic(http.ErrAbortHandler)
	case strings.HasPrefix(r.URL.Path, "/"+player.StoreHangs+"/"):
		<-r.Context().Done()
	case r.Method != http.MethodPut || r.Header.Get("If-None-Match") != "*" || err != nil || age <= 0:
		http.Error(w, "want PUT with If-None-Match: * and Cache-Control: max-age=SECONDS", http.StatusBadRequest)
	case s.create(r.URL.Path, time.Duration(age)*time.Second):
		w.WriteHeader(http.StatusCreated)
	default:
		w.WriteHeader(http.StatusPreconditionFailed)
	}
}

// create adds an entry, and reports whether there was none. There are no more of them than a run has proofs.
func (s *store) create(key string, ttl time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(s.entries[key]) {
		return false
	}
	s.entries[key] = now.Add(ttl)
	return true
}

// address is what a target is told of a store that does this.
func (s *store) address(does string) (string, error) {
	if does != player.StoreAway {
		return s.URL + "/" + does + "/", nil
	}
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return "http://" + nowhere.Addr().String() + "/", nowhere.Close()
}
