package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
)

// A request is one row of the table.
type request struct {
	name, method, path string
	// header makes the header fields for a URL, when the header fields of the last answer are known.
	header     func(url string, last http.Header) (http.Header, error)
	status     int    // expected
	oauthError string // expected in the challenge, if any
}

// show sends the requests one after the other and prints the result of each.
func show(out io.Writer, api string, requests []request) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tEXPECTED\tACTUAL\t\tCHALLENGE")
	var (
		last  http.Header
		wrong int
	)
	for _, r := range requests {
		status, header, err := r.send(api, last)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		last = header
		challenge := strings.Join(header.Values("WWW-Authenticate"), " and ")
		verdict := "ok"
		if status != r.status || !strings.Contains(challenge, r.oauthError) {
			verdict = "WRONG"
			wrong++
		}
		expected := strings.TrimSpace(fmt.Sprint(r.status, " ", r.oauthError))
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", r.name, expected, status, verdict, challenge)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d answers were not as expected", wrong, len(requests))
	}
	fmt.Fprintf(out, "\nall %d answers as expected\n", len(requests))
	return nil
}

func (r request) send(api string, last http.Header) (status int, header http.Header, err error) {
	sent, err := http.NewRequest(r.method, api+r.path, nil)
	if err != nil {
		return 0, nil, err
	}
	if sent.Header, err = r.header(api+r.path, last); err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header, err
}
