package httpguard_test

import (
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func TestEnumsPrintByName(t *testing.T) {
	for want, value := range map[string]fmt.Stringer{
		"CertificateOfConnection":       httpguard.CertificateOfConnection,
		"CertificateRFC9440":            httpguard.CertificateRFC9440,
		"CertificateEscapedPEM":         httpguard.CertificateEscapedPEM,
		"CertificateXFCC":               httpguard.CertificateXFCC,
		"CertificateField(4)":           httpguard.CertificateField(4),
		"CertificateField(-1)":          httpguard.CertificateField(-1),
		"XForwardedFor|XForwardedProto": httpguard.XForwardedFor | httpguard.XForwardedProto,
		"XForwardedHost":                httpguard.XForwardedHost,
		"Forwarded":                     httpguard.Forwarded,
		"Forwarded|ForwardedFields(16)": httpguard.Forwarded | 16,
		"ForwardedFields(0)":            httpguard.ForwardedFields(0),
	} {
		if got := value.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
