package vector

import _ "embed"

const schemaFile = "schema.json"

// schema describes the files.
//
//go:embed schema.json
var schema []byte
