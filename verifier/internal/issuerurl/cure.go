package issuerurl

import "strings"

// The two forms of the issuers of Entra: of version 1.0 and 2.0 of its tokens.
const (
	entraV1 = "https://sts.windows.net/"
	entraV2 = "https://login.microsoftonline.com/"
)

// Cure says what to change where an issuer came that is not expected and differs from one that is by a usual mistake. It
// is empty where no mistake is likely, and else follows a text that names both. It asks for a fixed number of issuers, and
// holds nothing of the one that came.
func Cure(came string, expected func(identifier string) bool) string {
	bare := strings.TrimSuffix(came, "/")
	tenantV1, isV1 := strings.CutPrefix(bare, entraV1)
	tenantV2, isV2 := strings.CutPrefix(bare, entraV2)
	tenantV2 = strings.TrimSuffix(tenantV2, "/v2.0")
	switch {
	case came == bare && expected(came+"/"):
		return "; they differ by the trailing slash: configure it without one, and set ExactDomain (Exact in Domains)"
	case came != bare && expected(bare):
		return "; they differ by the trailing slash: configure it with one"
	case strings.HasPrefix(came, "http://") && expected("https://"+strings.TrimPrefix(came, "http://")):
		return "; they differ by the scheme: set the issuer's public URL to https"
	case isV1 && expected(entraV2+tenantV1+"/v2.0"):
		return "; it is of version 1.0 of Entra: set requestedAccessTokenVersion to 2 in the manifest of the API's registration, or configure it as it came"
	case isV1 && (expected(entraV2+tenantV1) || expected(entraV2+tenantV1+"/")):
		return "; it is of version 1.0 of Entra: add /v2.0 to the configured one, or configure it as it came"
	case isV2 && expected(entraV1+tenantV2+"/"):
		return "; it is of version 2.0 of Entra: configure it as it came"
	case isV2 && tenantV2 == "{tenantid}":
		return "; it is of several tenants of Entra: write the tenant's ID in place of common or organizations"
	}
	return ""
}
