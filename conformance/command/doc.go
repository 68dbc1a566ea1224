// Package command is the command holdfast-conform, for a main of your own that plays your cases too:
//
//	func main() { command.Main(acme.Cases()...) }
package command
