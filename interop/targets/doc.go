// Package targets holds other systems' verifiers as targets of holdfast-conform, each behind a small API that is set up
// as its documentation recommends and does no more than the command's environment contract asks. Those for Node.js are
// in ../node/targets. Those that only make conform needs are in ../foreign, and ../systems.json lists all.
package targets
