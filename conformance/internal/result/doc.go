// Package result is what a run of the catalogue against an API yields: the command writes it, the reports read it.
package result
