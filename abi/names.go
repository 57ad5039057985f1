package abi

// Exports of a core module. Shapes are in WebAssembly's own types.
const (
	ExportMemory     = "memory"             // its linear memory
	ExportABIVersion = "lessee_abi_version" // () -> i32: the contract's version it was built for
	ExportAlloc      = "lessee_alloc"       // (size i32) -> i32: where the host may write size bytes
	ExportExecute    = "lessee_execute"     // (ptr i32, len i32) -> i64: envelope in, result at ptr<<32|len out
	ExportInit       = "lessee_init"        // (), optional: run once, before the first job
	ExportReseed     = "lessee_reseed"      // (ptr i32, len i32), optional: fresh entropy for a restored instance
	ExportInitialize = "_initialize"        // WASI reactor's start; called before anything else
	ExportStart      = "_start"             // WASI command's start: marks the command contract
)

// ImportModule is the module that a core module imports host functions from.
const ImportModule = "lessee_v1"

// Host functions of [ImportModule].
const (
	ImportLog          = "log"           // (level i32, ptr i32, len i32): one line, UTF-8; see Level
	ImportProgress     = "progress"      // (permille i32, ptr i32, len i32): how far, and a word about it
	ImportCancelled    = "cancelled"     // () -> i32: 1 when the attempt should stop
	ImportHTTP         = "http"          // (ptr i32, len i32) -> i32: an HTTPRequest document; the answer's size in bytes
	ImportHTTPResponse = "http_response" // (ptr i32, len i32) -> i32: copies at most len bytes of that answer, an HTTPResponse document, and forgets it; how many
)

// Level is the severity of a log line.
type Level int32

// The four levels.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// Exit codes of the command contract.
const (
	ExitOK    = 0  // stdout holds a result
	ExitRetry = 75 // failed, worth another attempt (EX_TEMPFAIL of sysexits.h)
)

// Pack joins a pointer and a length as the core contract returns them.
func Pack(ptr, length uint32) uint64 { return uint64(ptr)<<32 | uint64(length) }

// Unpack is the reverse of [Pack].
func Unpack(packed uint64) (ptr, length uint32) { return uint32(packed >> 32), uint32(packed) }
