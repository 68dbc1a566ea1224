// Package keyfile reads files that hold keys.
package keyfile

import (
	"errors"
	"io"
	"os"
)

var (
	errKind = errors.New("is not a regular file")
	errSize = errors.New("is over the size bound")
)

// Read returns what is in a regular file, or in the one that a symbolic link leads to, of at most so many bytes.
func Read(path string, most int) ([]byte, error) {
	about, err := os.Stat(path) // first: to open a pipe can take for ever
	if err != nil {
		return nil, err
	}
	if !about.Mode().IsRegular() {
		return nil, &os.PathError{Op: "read", Path: path, Err: errKind}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err == nil && len(content) > most {
		err = &os.PathError{Op: "read", Path: path, Err: errSize}
	}
	return content, err
}
