// Command notification is the executor class notification: it tells people and
// programs of something, by e-mail, signed webhook or chat.
//
// It is native, because SMTP is: the class's row grants it the network and binds
// credentials to variables of its environment. Each recipient is a job of its
// own, so that what one server accepted is not sent again because another was
// down: see fan.go.
package main

import (
	"os"

	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/process"
)

// own is the class of the jobs that one with several recipients falls into.
const own = "notification"

var plugin = sdk.Register(newNotifier(os.LookupEnv).handle, sdk.Named("notification", "1.0.0"), sdk.ConfigOf[config](), sdk.WantsClasses(own))

func main() { process.Serve(plugin) }
