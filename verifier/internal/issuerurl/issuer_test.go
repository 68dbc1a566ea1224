package issuerurl

import (
	"errors"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

func TestIdentifier(t *testing.T) {
	for _, c := range []struct {
		name     string
		domain   ports.Domain
		loopback bool
		want     string
		err      error
	}{
		{name: "DISC-01 bare domain", domain: ports.Domain{Issuer: "tenant.us.auth0.com"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 upper case", domain: ports.Domain{Issuer: "Tenant.US.Auth0.COM"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 white space around", domain: ports.Domain{Issuer: " \ttenant.us.auth0.com\n"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 slash", domain: ports.Domain{Issuer: "tenant.us.auth0.com/"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 scheme", domain: ports.Domain{Issuer: "https://tenant.us.auth0.com"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 scheme and slash", domain: ports.Domain{Issuer: "HTTPS://Tenant.us.auth0.com/"}, want: "https://tenant.us.auth0.com/"},
		{name: "DISC-01 port", domain: ports.Domain{Issuer: "localhost:8443"}, want: "https://localhost:8443/"},
		{name: "DISC-01 blank", domain: ports.Domain{Issuer: " \t"}, err: ErrBlank},
		{name: "DISC-01 white space within", domain: ports.Domain{Issuer: "tenant.us auth0.com"}, err: ErrNotURL},
		{name: "DISC-01 not ASCII", domain: ports.Domain{Issuer: "tenänt.example"}, err: ErrNotURL},
		{name: "DISC-01 no host", domain: ports.Domain{Issuer: "https:///realms/main"}, err: ErrNotURL},
		{name: "DISC-01 empty port", domain: ports.Domain{Issuer: "https://id.example.com:"}, err: ErrNotURL},
		{name: "DISC-01 backslash", domain: ports.Domain{Issuer: `https://id.example.com\@evil.example`}, err: ErrNotURL},
		{name: "DISC-02 http", domain: ports.Domain{Issuer: "http://id.example.com/"}, err: ErrScheme},
		{name: "DISC-02 another scheme", domain: ports.Domain{Issuer: "ftp://id.example.com/"}, err: ErrScheme},
		{name: "DISC-02 loopback http not allowed", domain: ports.Domain{Issuer: "http://127.0.0.1:8080"}, err: ErrLoopback},
		{name: "DISC-02 loopback http allowed", domain: ports.Domain{Issuer: "http://127.0.0.1:8080"}, loopback: true, want: "http://127.0.0.1:8080/"},
		{name: "DISC-02 loopback http by name", domain: ports.Domain{Issuer: "http://localhost:8080"}, loopback: true, want: "http://localhost:8080/"},
		{name: "DISC-02 loopback http by IPv6", domain: ports.Domain{Issuer: "http://[::1]:8080"}, loopback: true, want: "http://[::1]:8080/"},
		{name: "DISC-02 http beyond loopback stays refused", domain: ports.Domain{Issuer: "http://127.0.0.1.example.com"}, loopback: true, err: ErrScheme},
		{name: "DISC-02 credentials", domain: ports.Domain{Issuer: "https://user:secret@id.example.com/"}, err: ErrCredentials},
		{name: "DISC-02 credentials without scheme", domain: ports.Domain{Issuer: "user@id.example.com"}, err: ErrCredentials},
		{name: "DISC-02 query", domain: ports.Domain{Issuer: "https://id.example.com/?tenant=a"}, err: ErrQuery},
		{name: "DISC-02 empty query", domain: ports.Domain{Issuer: "https://id.example.com/?"}, err: ErrQuery},
		{name: "DISC-02 fragment", domain: ports.Domain{Issuer: "https://id.example.com/#a"}, err: ErrFragment},
		{name: "DISC-02 empty fragment", domain: ports.Domain{Issuer: "https://id.example.com/#"}, err: ErrFragment},
		{name: "DISC-03 path", domain: ports.Domain{Issuer: "https://id.example.com/realms/Main"}, want: "https://id.example.com/realms/Main"},
		{name: "DISC-03 path and slash", domain: ports.Domain{Issuer: "https://id.example.com/realms/Main/"}, want: "https://id.example.com/realms/Main/"},
		{name: "DISC-03 path, host as written", domain: ports.Domain{Issuer: "https://ID.example.com/v2.0"}, want: "https://ID.example.com/v2.0"},
		{name: "DISC-03 exact without slash", domain: ports.Domain{Issuer: "https://accounts.google.com", Exact: true}, want: "https://accounts.google.com"},
		{name: "DISC-15 exact, not a URL", domain: ports.Domain{Issuer: "kubernetes/serviceaccount", Exact: true}, want: "kubernetes/serviceaccount"},
		{name: "DISC-15 exact domain", domain: ports.Domain{Issuer: "Accounts.google.com", Exact: true}, want: "Accounts.google.com"},
		{name: "DISC-15 exact, another scheme", domain: ports.Domain{Issuer: "spiffe://td.example", Exact: true}, want: "spiffe://td.example"},
		{name: "DISC-15 exact with white space before", domain: ports.Domain{Issuer: " acme", Exact: true}, want: " acme", err: ErrControl},
		{name: "DISC-15 exact with a line break", domain: ports.Domain{Issuer: "ac\nme", Exact: true}, want: "ac\nme", err: ErrControl},
		{name: "DISC-15 exact URL with white space behind", domain: ports.Domain{Issuer: "https://a.example ", Exact: true}, err: ErrControl},
		{name: "DISC-15 exact blank", domain: ports.Domain{Issuer: " ", Exact: true}, err: ErrBlank},
		{name: "DISC-15 exact with credentials", domain: ports.Domain{Issuer: "HTTPS://u@a.example", Exact: true}, err: ErrCredentials},
		{name: "DISC-16 template", domain: ports.Domain{Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0"}, err: ErrTemplate},
		{name: "DISC-16 template, exact", domain: ports.Domain{Issuer: "{tenant}", Exact: true}, err: ErrTemplate},
		{name: "DISC-16 metadata", domain: ports.Domain{Issuer: "https://a.example/.well-known/openid-configuration"}, err: ErrWellKnown},
		{name: "DISC-16 metadata of RFC 8414", domain: ports.Domain{Issuer: "a.example/.well-known/oauth-authorization-server/x", Exact: true}, err: ErrWellKnown},
		{name: "DISC-03 exact is still checked", domain: ports.Domain{Issuer: "http://accounts.google.com", Exact: true}, err: ErrScheme},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Identifier(c.domain, c.loopback)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("Identifier(%q) = %q, %v; want %q, %v", c.domain.Issuer, got, err, c.want, c.err)
			}
		})
	}
}

func TestMetadataURL(t *testing.T) {
	for _, c := range []struct{ identifier, openID, oauth string }{
		{"https://t.auth0.com/", "https://t.auth0.com/.well-known/openid-configuration", "https://t.auth0.com/.well-known/oauth-authorization-server"},
		{"https://accounts.google.com", "https://accounts.google.com/.well-known/openid-configuration", "https://accounts.google.com/.well-known/oauth-authorization-server"},
		{"https://id.example/realms/a", "https://id.example/realms/a/.well-known/openid-configuration", "https://id.example/.well-known/oauth-authorization-server/realms/a"},
		{"https://id.example/realms/a/", "https://id.example/realms/a/.well-known/openid-configuration", "https://id.example/.well-known/oauth-authorization-server/realms/a"},
	} {
		t.Run("DISC-04 "+c.identifier, func(t *testing.T) {
			if got := OpenIDConfiguration(c.identifier); got != c.openID {
				t.Errorf("OpenIDConfiguration = %q, want %q", got, c.openID)
			}
			if got := AuthorizationServerMetadata(c.identifier); got != c.oauth {
				t.Errorf("AuthorizationServerMetadata = %q, want %q", got, c.oauth)
			}
		})
	}
}

func FuzzIdentifier(f *testing.F) {
	for _, s := range []string{"tenant.us.auth0.com", "https://id.example.com/a/b/", "http://[::1]/", "https://a@b", "https://%41/"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, written string, exact bool) {
		id, err := Identifier(ports.Domain{Issuer: written, Exact: exact}, false)
		if err != nil {
			return
		}
		// What Identifier returns is an identifier: it stands for itself, and its metadata has an https
		// address.
		again, err := Identifier(ports.Domain{Issuer: id, Exact: exact}, false)
		if err != nil || again != id {
			t.Errorf("Identifier(%q) = %q, but of that %q, %v", written, id, again, err)
		}
		if !HasMetadata(id) {
			if !exact || id != written {
				t.Errorf("Identifier(%q) = %q", written, id)
			}
			return
		}
		for _, address := range []string{OpenIDConfiguration(id), AuthorizationServerMetadata(id)} {
			if _, err := CheckURL(address, false); err != nil {
				t.Errorf("the metadata of %q is at %q: %v", id, address, err)
			}
		}
	})
}
