module github.com/holdfast-go/holdfast/rules

go 1.26.0
