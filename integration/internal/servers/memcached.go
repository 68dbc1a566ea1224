package servers

import (
	"os"
	"testing"
)

// Memcached starts a memcached with args besides those that make it a test's.
func Memcached(t testing.TB, args ...string) *Server {
	t.Helper()
	p := program{
		name:    "memcached",
		install: "apt-get install memcached",
		ping:    "version\r\n",
		pong:    "VERSION ",
	}
	return start(t, p, func(port string) []string {
		own := []string{"-l", "127.0.0.1", "-p", port, "-U", "0"}
		if os.Geteuid() == 0 {
			own = append(own, "-u", "root") // memcached wants to be told
		}
		return append(own, args...)
	})
}
