//go:build !release

package main

import "embed"

// shipped is what `lessee up` installs and, as its first work, renders; and what
// `lessee plugin new` writes.
//
//go:embed README.md docs/*.md plugins/dot plugins/render/*.schema.json
//go:embed abi/*.go sdk/*.go sdk/internal/*/*.go sdk/sdktest/*.go sdk/template
//go:embed sdk/c/lessee.h sdk/c/template sdk/rust/Cargo.toml sdk/rust/src/*.rs sdk/rust/template
//go:embed sdk/js/package*.json sdk/js/*.mjs sdk/js/*.d.ts sdk/js/build/*.mjs sdk/js/engine/*.ts sdk/js/runtime/*.mjs sdk/js/template
//go:embed go.mod go.sum abi/grpcabi/*.go sdk/process/*.go sdk/python/lessee/*.py sdk/python/lessee/py.typed
//go:embed sdk/node/package*.json sdk/node/*.mjs sdk/node/*.d.ts sdk/node/runtime/*.mjs sdk/node/proto/*.proto
//go:embed sdk/assemblyscript/package*.json sdk/assemblyscript/*.mjs sdk/assemblyscript/*.ts sdk/assemblyscript/assembly/*.ts sdk/assemblyscript/globals/*.ts sdk/assemblyscript/template
var shipped embed.FS
