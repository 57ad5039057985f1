package process

import "github.com/lessee-run/lessee/sdk"

// Serve serves p by the command contract; a core module never calls it.
func Serve(p *sdk.Plugin) { p.Main() }
