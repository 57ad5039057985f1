//go:build release

package main

import "embed"

// shipped, in a release, holds the module too, so that `lessee up` needs no Go:
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -ldflags='-s -w' -buildmode=c-shared -o plugins/render/render.wasm ./plugins/render
//	go build -tags release .
//
//go:embed README.md docs/*.md plugins/dot plugins/render/*.schema.json plugins/render/render.wasm
var shipped embed.FS
