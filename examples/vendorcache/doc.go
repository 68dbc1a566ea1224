// Package vendorcache stands for an adapter that somebody else wrote: a ports.Cache in a folder of files, and in its test
// the ten lines that prove the contract. It is a module of its own, as a vendor's would be; of Holdfast it requires
// ports, and for the test conformance.
//
// Several processes of one machine can share a folder. Nothing is swept: an entry that has expired keeps its file until
// the key is set or deleted again.
package vendorcache
