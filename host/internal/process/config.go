package process

import (
	"errors"
	"time"

	"go.uber.org/zap"
)

// Config is what an engine needs to know.
type Config struct {
	Dir          string                            // private, for sockets and bundles; its path must be short. Empty: see DefaultDir
	Interpreters map[string]string                 // what bundles may be run by: absolute paths by name
	Secret       func(name string) (string, error) // the value of a secret binding
	Changed      func()                            // some class became ready, or not
	Version      string                            // of the host, for plugins to know
	Log          *zap.Logger
}

// ErrUnavailable says that no process of the class can take an attempt now. It
// is no fault of the job.
var ErrUnavailable = errors.New("no process of the class can take the job now")

const (
	cancelGrace    = 2 * time.Second        // from the word that an attempt is to stop to the kill
	deathGrace     = 300 * time.Millisecond // in which a process that broke its connection turns out to be dead
	describeWait   = 5 * time.Second        // for Describe
	healthInterval = 10 * time.Second       // between looks at an idle process
	healthWait     = 3 * time.Second        // for one look
	lineBytes      = 64 << 10               // of a line of log; the rest of it is dropped
	tailLines      = 12                     // last lines of a process, kept for the reason of its end
	tailBytes      = 2 << 10                // that they may have
	messageSlack   = 1 << 20                // of a message, beside what limits say
	window         = 1 << 20                // bytes that a plugin may send before the host takes them
	dataSlack      = 768 << 20              // of private memory beside memory_bytes, where only an rlimit bounds it
)
