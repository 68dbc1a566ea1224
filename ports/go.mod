module github.com/holdfast-go/holdfast/ports

go 1.26.0
