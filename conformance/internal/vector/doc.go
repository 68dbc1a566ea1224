// Package vector records cases as files that a verifier in any language can play without a network, and plays such files
// on Holdfast. docs/vectors.md describes the format.
package vector
