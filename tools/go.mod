module github.com/holdfast-go/holdfast/tools

go 1.26.0

require golang.org/x/mod v0.42.0
