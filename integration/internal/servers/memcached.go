package servers

import (
	"net"
	"os"
)

// Memcached starts a memcached with args besides those that make it a test's.
func Memcached(t T, args ...string) *Server {
	t.Helper()
	return start(t, memcached, func(port string) []string {
		return append(append([]string{"-l", "127.0.0.1", "-p", port, "-U", "0"}, asRoot()...), args...)
	})
}

// MemcachedTLS starts a memcached that also speaks TLS, at another address.
func MemcachedTLS(t T, identity Identity) (address string) {
	t.Helper()
	start(t, memcached, func(port string) []string {
		address = net.JoinHostPort("127.0.0.1", freePort(t)) // another one with each attempt to start
		own := []string{"-l", "notls:127.0.0.1:" + port + "," + address, "-U", "0", "-I", "3m",
			"-Z", "-o", "ssl_chain_cert=" + identity.Certificate + ",ssl_key=" + identity.Key}
		return append(own, asRoot()...)
	})
	return address
}

var memcached = program{
	name:    "memcached",
	install: "apt-get install memcached",
	ping:    "version\r\n",
	pong:    "VERSION ",
}

// asRoot is what memcached wants to be told where it is run by root.
func asRoot() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"-u", "root"}
}
