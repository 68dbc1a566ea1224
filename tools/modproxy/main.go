// Command modproxy packages a module of a Git repository as the module proxy serves it (https://go.dev/ref/mod#goproxy-protocol),
// into a folder that GOPROXY can name as a file URL. So a release can be used before it is published.
//
//	modproxy -repo . -revision HEAD -proxy DIR -version v0.2.0 adapters/redis
//
// The argument is the module's folder in the repository. It prints the module's hash as go.sum has it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

func main() {
	var p packager
	flag.StringVar(&p.repo, "repo", ".", "the repository's folder")
	flag.StringVar(&p.revision, "revision", "HEAD", "the commit to package")
	flag.StringVar(&p.proxy, "proxy", "", "the folder to write to")
	flag.StringVar(&p.version, "version", "", "the version to call it, such as v0.2.0")
	flag.Parse()
	if p.proxy == "" || p.version == "" || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	hash, err := p.add(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "modproxy:", err)
		os.Exit(1)
	}
	fmt.Println(hash)
}

// A packager writes modules of one commit to one proxy.
type packager struct {
	repo, revision, proxy, version string
}

// add packages the module in that folder of the repository, and returns its hash.
func (p packager) add(folder string) (string, error) {
	goMod, err := p.git("show", p.revision+":"+filepath.ToSlash(filepath.Join(folder, "go.mod")))
	if err != nil {
		return "", err
	}
	m := module.Version{Path: modfile.ModulePath(goMod), Version: p.version}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	base := filepath.Join(p.proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	info, err := p.info()
	if err != nil {
		return "", err
	}
	archive := filepath.Join(base, p.version+".zip")
	return hashOf(archive, errors.Join(
		os.WriteFile(filepath.Join(base, p.version+".mod"), goMod, 0o644),
		os.WriteFile(filepath.Join(base, p.version+".info"), info, 0o644),
		os.WriteFile(filepath.Join(base, "list"), []byte(p.version+"\n"), 0o644),
		p.archive(archive, m, folder),
	))
}

// archive writes the module as the go command would from the repository, the root's LICENSE included.
func (p packager) archive(name string, m module.Version, folder string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(zip.CreateFromVCS(file, m, p.repo, p.revision, folder), file.Close())
}

func (p packager) info() ([]byte, error) {
	date, err := p.git("show", "-s", "--format=%cI", p.revision)
	if err != nil {
		return nil, err
	}
	committed, err := time.Parse(time.RFC3339+"\n", string(date))
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Version string
		Time    time.Time
	}{p.version, committed.UTC()})
}

func (p packager) git(arguments ...string) ([]byte, error) {
	out, err := exec.Command("git", append([]string{"-C", p.repo}, arguments...)...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("git %s: %s", arguments[0], failed.Stderr)
	}
	return out, err
}

func hashOf(archive string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return dirhash.HashZip(archive, dirhash.Hash1)
}
