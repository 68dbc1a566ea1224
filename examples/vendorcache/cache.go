package vendorcache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

const (
	maxValue   = 2 << 20 // bytes, by the contract of ports.Cache
	expirySize = 8
)

var (
	errTooLarge = errors.New("vendorcache: the value is over 2 MiB")
	errNoEntry  = errors.New("vendorcache: the file is not an entry")
)

// A Cache is a [ports.Cache] in a folder: a file for each key, with the time of expiry before the value. TTLs count in
// milliseconds. It is safe for concurrent use, by several processes too.
type Cache struct {
	folder *os.Root
}

var _ ports.Cache = (*Cache)(nil)

// Open returns a cache in a folder, which must exist and have no other user. Close it when done.
func Open(folder string) (*Cache, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("vendorcache: %w", err)
	}
	return &Cache{root}, nil
}

// Close lets the folder go, and leaves what is in it.
func (c *Cache) Close() error { return c.folder.Close() }

// Get returns the value of key, or [ports.ErrMiss].
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := c.folder.Open(fileName(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ports.ErrMiss
	}
	if err != nil {
		return nil, fmt.Errorf("vendorcache: get: %w", err)
	}
	defer file.Close()
	entry, err := io.ReadAll(io.LimitReader(file, expirySize+maxValue+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("vendorcache: get: %w", err)
	case len(entry) < expirySize || len(entry) > expirySize+maxValue:
		return nil, errNoEntry
	case !time.Now().Before(time.UnixMilli(int64(binary.BigEndian.Uint64(entry)))):
		return nil, ports.ErrMiss
	}
	return entry[expirySize:], nil
}

// Set stores value under key for ttl, rounded up to milliseconds. A value over 2 MiB is an error.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return c.Delete(ctx, key)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(value) > maxValue {
		return errTooLarge
	}
	expires := time.Now().Add(ttl).UnixMilli() + 1
	entry := append(binary.BigEndian.AppendUint64(nil, uint64(expires)), value...)
	if err := c.replace(fileName(key), entry); err != nil {
		return fmt.Errorf("vendorcache: set: %w", err)
	}
	return nil
}

// replace writes a temporary file and renames it, so that no reader finds half of one.
func (c *Cache) replace(name string, entry []byte) error {
	draft := "draft-" + rand.Text()
	if err := c.folder.WriteFile(draft, entry, 0o600); err != nil {
		return errors.Join(err, c.folder.Remove(draft))
	}
	if err := c.folder.Rename(draft, name); err != nil {
		return errors.Join(err, c.folder.Remove(draft))
	}
	return nil
}

// Delete removes key.
func (c *Cache) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.folder.Remove(fileName(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vendorcache: delete: %w", err)
	}
	return nil
}

// fileName returns a name that any file system takes, whatever it makes of case, dots and colons.
func fileName(key string) string {
	digest := sha256.Sum256([]byte(key))
	return hex.EncodeToString(digest[:])
}
