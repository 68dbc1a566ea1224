// Package command is the command holdfast-conform. A main of your own that calls [Main] with your cases plays them along
// with Holdfast's: examples/vendorcases in Holdfast's repository has one.
package command
