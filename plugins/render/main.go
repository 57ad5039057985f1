// Command render is the executor class render: Markdown, or a logic-less
// template with data, to one complete HTML page. Its output is the page, as a
// JSON string.
//
// Build it as a core module:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o render.wasm ./plugins/render
//
// or try it in a pipe:
//
//	echo '{"abi":1,"payload":{"format":"markdown","source":"# Hello"}}' | go run ./plugins/render
package main

import "github.com/lessee-run/lessee/sdk"

var plugin = sdk.Register(render)

func main() { plugin.Main() }
