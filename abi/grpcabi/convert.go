package grpcabi

import "github.com/lessee-run/lessee/abi"

// FromLimits are the limits that a plugin is told of.
func FromLimits(l abi.Limits) *Limits {
	return &Limits{
		WallMs: l.WallMS, MemoryBytes: l.MemoryBytes, OutputBytes: l.OutputBytes, LogBytes: l.LogBytes,
		Events: l.Events, FollowUps: l.FollowUps, Commands: l.Commands,
		HostCalls: l.HostCalls, HttpCalls: l.HTTPCalls, HttpBytes: l.HTTPBytes,
	}
}

// ToLimits is the reverse of [FromLimits]; what does not travel is 0.
func ToLimits(l *Limits) abi.Limits {
	return abi.Limits{
		WallMS: l.GetWallMs(), MemoryBytes: l.GetMemoryBytes(), OutputBytes: l.GetOutputBytes(), LogBytes: l.GetLogBytes(),
		Events: l.GetEvents(), FollowUps: l.GetFollowUps(), Commands: l.GetCommands(),
		HostCalls: l.GetHostCalls(), HTTPCalls: l.GetHttpCalls(), HTTPBytes: l.GetHttpBytes(),
	}
}

// FromLevel is level as it travels. The two count alike.
func FromLevel(level abi.Level) Level { return Level(level) }

// ToLevel is the reverse of [FromLevel]. A level of a later version is info.
func ToLevel(level Level) abi.Level {
	if _, known := Level_name[int32(level)]; !known {
		return abi.LevelInfo
	}
	return abi.Level(level)
}

// StartMessage begins an attempt.
func StartMessage(envelope []byte, limits abi.Limits) *FromHost {
	return &FromHost{Message: &FromHost_Start{Start: &Start{Envelope: envelope, Limits: FromLimits(limits)}}}
}

// CancelMessage asks a plugin to stop.
func CancelMessage(why *abi.Error) *FromHost {
	return &FromHost{Message: &FromHost_Cancel{Cancel: &Cancel{Code: string(why.Code), Message: why.Message}}}
}

// AnswerMessage answers an HTTP request.
func AnswerMessage(document []byte) *FromHost {
	return &FromHost{Message: &FromHost_HttpResponse{HttpResponse: &HTTPResponse{Document: document}}}
}

// LogMessage is one line of log.
func LogMessage(level abi.Level, line string) *FromPlugin {
	return &FromPlugin{Message: &FromPlugin_Log{Log: &Log{Level: FromLevel(level), Line: line}}}
}

// ProgressMessage tells how far an attempt is.
func ProgressMessage(permille int, note string) *FromPlugin {
	return &FromPlugin{Message: &FromPlugin_Progress{Progress: &Progress{Permille: uint32(min(max(permille, 0), 1000)), Note: note}}}
}

// RequestMessage asks the host for an HTTP request.
func RequestMessage(document []byte) *FromPlugin {
	return &FromPlugin{Message: &FromPlugin_HttpRequest{HttpRequest: &HTTPRequest{Document: document}}}
}

// ResultMessage ends an attempt.
func ResultMessage(result []byte) *FromPlugin {
	return &FromPlugin{Message: &FromPlugin_Result{Result: result}}
}
