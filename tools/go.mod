module github.com/holdfast-go/holdfast/tools

go 1.26.0

require (
	github.com/CycloneDX/cyclonedx-go v0.12.0
	github.com/google/licenseclassifier/v2 v2.0.0
	github.com/holdfast-go/holdfast/rules v0.1.0
	golang.org/x/mod v0.42.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/sergi/go-diff v1.1.0 // indirect
)

replace github.com/holdfast-go/holdfast/rules => ../rules
