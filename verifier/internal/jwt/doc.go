// Package jwt reads what JSON Web Tokens of all kinds have in common (RFC 7519).
package jwt
