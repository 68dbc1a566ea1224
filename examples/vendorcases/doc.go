// Package vendorcases stands for the rules that a company's APIs keep besides Holdfast's own. Its test plays them on the
// company's verifiers, along with the whole catalogue; the command acme-conform, a main of one line, does so on any API.
package vendorcases
