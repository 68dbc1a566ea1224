package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"

	"github.com/redis/go-redis/v9/logging"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/verifier"
)

// memberVariable makes this program a process of the fleet, with the settings it holds.
const memberVariable = "FLEET_MEMBER"

type settings struct {
	Issuer      string
	Certificate []byte // of the issuer, to trust it by
	Store       string // redis or memcached
	Address     string
}

// A task is one line that a process gets: verify the token so many times at once.
type task struct {
	Token string
	Times int
}

// counts is the line that it answers with.
type counts struct{ Accepted, Rejected, Undecided int }

func (c counts) String() string {
	return fmt.Sprintf("%d accepted, %d rejected, %d undecided", c.Accepted, c.Rejected, c.Undecided)
}

// newVerifier is what each process of a fleet has: a verifier whose keys are shared through a store.
func newVerifier(s settings) (*verifier.Verifier, error) {
	certificate, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)
	fetcher, err := httpfetch.New(httpfetch.Config{
		Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}},
	})
	if err != nil {
		return nil, err
	}
	cache, err := stores[s.Store].cache(s.Address)
	if err != nil {
		return nil, err
	}
	return verifier.New(verifier.Config{
		Domain:       s.Issuer,
		Audiences:    []string{audience},
		Fetcher:      fetcher,
		Cache:        cache,
		CacheSecrets: [][]byte{[]byte("one secret of 32 bytes, the same in the whole fleet")},
		Keys:         verifier.KeyPolicy{Cooldown: cooldown}, // short, so that the example need not wait
	})
}

// runMember verifies what it is told to, a line at a time, until its standard input ends.
func runMember(out io.Writer) error {
	logging.Disable() // of go-redis, which reports each failed connection
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv(memberVariable)), &s); err != nil {
		return err
	}
	v, err := newVerifier(s)
	if err != nil {
		return err
	}
	defer v.Close()
	tasks, answers := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(out)
	for {
		var next task
		if err := tasks.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(verifyAtOnce(v, next)); err != nil {
			return err
		}
	}
}

func verifyAtOnce(v *verifier.Verifier, t task) counts {
	var (
		all sync.WaitGroup
		mu  sync.Mutex // guards sum
		sum counts
	)
	for range t.Times {
		all.Go(func() {
			_, err := v.VerifyAccessToken(context.Background(), t.Token)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				sum.Accepted++
			case errors.Is(err, verifier.Undecidable):
				sum.Undecided++
			default:
				sum.Rejected++
			}
		})
	}
	all.Wait()
	return sum
}

// A member is a process of the fleet, as the one that started it sees it.
type member struct {
	process *exec.Cmd
	stdin   io.Closer
	tasks   *json.Encoder
	answers *json.Decoder
}

func startMember(s settings) (*member, error) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), memberVariable+"="+string(encoded))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	return &member{process, stdin, json.NewEncoder(stdin), json.NewDecoder(stdout)}, nil
}

func (m *member) verify(token string, times int) (counts, error) {
	if err := m.tasks.Encode(task{token, times}); err != nil {
		return counts{}, err
	}
	var got counts
	err := m.answers.Decode(&got)
	return got, err
}

func (m *member) end() {
	_ = m.stdin.Close()
	_ = m.process.Wait()
}
