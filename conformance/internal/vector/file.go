package vector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/testcase"
)

// version is that of the format. A program that knows another one must not play the file.
const version = 1

// A File has the vectors of one topic.
type File struct {
	Schema  string  `json:"$schema"`
	Version int     `json:"version"`
	Topic   string  `json:"topic"`
	Groups  []Group `json:"groups"`
}

// A Group has the vectors of one policy and of what issuers publish at first.
type Group struct {
	Policy    Policy    `json:"policy"`
	Documents Documents `json:"documents"`
	Vectors   []Vector  `json:"vectors"`
}

// Documents are what issuers publish, by URL. What is not there can't be fetched. A document is JSON as it is written
// here without white space; a string stands for its content, byte for byte.
type Documents map[string]json.RawMessage

// A Vector is one case as it was played.
type Vector struct {
	testcase.Case
	Steps []Step `json:"steps"`
}

// A Step is one request and the answer that is expected.
type Step struct {
	// Time is what the clock says, in seconds since 1970.
	Time int64 `json:"time"`
	// Documents replace what issuers published before.
	Documents Documents `json:"documents,omitempty"`
	// Nonces are those of the server's that are good now, where the policy has nonces.
	Nonces []string `json:"nonces,omitempty"`
	// Scope is what the request needs.
	Scope   string  `json:"scope,omitempty"`
	Request Request `json:"request"`
	// Expected is the answer.
	Expected Expected `json:"expected"`
}

// A Request is what the API receives.
type Request struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Fields are the header fields, each a name and a value.
	Fields [][2]string `json:"fields"`
	// Form is the body of a form.
	Form map[string][]string `json:"form,omitempty"`
	// Certificate is that of the client, in DER.
	Certificate []byte `json:"certificate,omitempty"`
}

// Expected says what must come of a request.
type Expected struct {
	// Decision is accepted, rejected or undecidable.
	Decision string `json:"decision"`
	Status   int    `json:"status"`
	// Error is the OAuth error code, if the answer has one.
	Error string `json:"error,omitempty"`
}

// String says it in a line.
func (e Expected) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s, %d %s", e.Decision, e.Status, e.Error))
}

// The decisions.
const (
	accepted    = "accepted"
	rejected    = "rejected"
	undecidable = "undecidable"
)

// write writes the files into a folder.
func write(folder string, files []File) error {
	for _, f := range files {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("vector: write topic %s: %w", f.Topic, err)
		}
		if err := os.WriteFile(filepath.Join(folder, fileName(f.Topic)), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Read reads the files of a folder, each of one topic.
func Read(folder string) ([]File, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return filepath.Base(name) == schemaFile })
	if len(names) == 0 {
		return nil, fmt.Errorf("vector: %s has no vectors: *.json files that holdfast-conform record wrote", folder)
	}
	var files []File
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f File
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&f); err != nil {
			return nil, fmt.Errorf("vector: read %s: %w", name, err)
		}
		if f.Version != version {
			return nil, fmt.Errorf("vector: %s has version %d of the format, not %d", name, f.Version, version)
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("vector: %s: %w", name, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// check says what of the file can't be played.
func (f File) check() error {
	for _, g := range f.Groups {
		for _, i := range g.Policy.Issuers {
			if len(i.ScopeClaims) == 0 || len(i.ClientClaims) == 0 {
				return fmt.Errorf("the policy of issuer %q has no scopeClaims or clientClaims", i.Issuer)
			}
		}
		for _, v := range g.Vectors {
			if len(v.Steps) == 0 {
				return fmt.Errorf("vector %q has no steps", v.ID)
			}
		}
	}
	return nil
}
