//go:build !release

package main

import "embed"

// shipped is what `lessee up` installs and, as its first work, renders.
//
//go:embed README.md docs/*.md plugins/dot plugins/render/*.schema.json
var shipped embed.FS
