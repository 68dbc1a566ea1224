package verifier

import "github.com/holdfast-go/holdfast/verifier/internal/settings"

// The names of the enumerations' values, by which they are printed and New names what a field may be.
var (
	discoveryNames = []string{"OpenIDConfiguration", "AuthorizationServerMetadata"}
	dpopModeNames  = []string{"DPoPAllowed", "DPoPRequired", "DPoPDisabled"}
	nonceModeNames = []string{"NonceOff", "NonceOffered", "NonceRequired"}
	mtlsModeNames  = []string{"MTLSOff", "MTLSOn", "MTLSRequired"}
)

// String returns the name of the constant.
func (d Discovery) String() string { return settings.Name(d, discoveryNames) }

// String returns the name of the constant.
func (m DPoPMode) String() string { return settings.Name(m, dpopModeNames) }

// String returns the name of the constant.
func (m NonceMode) String() string { return settings.Name(m, nonceModeNames) }

// String returns the name of the constant.
func (m MTLSMode) String() string { return settings.Name(m, mtlsModeNames) }
