package author

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/lessee-run/lessee/abi"
)

// Report is what became of one run.
type Report struct {
	Result   *abi.Result `json:"result,omitempty"`  // what the executor answered; absent: it did not get that far
	Error    *abi.Error  `json:"error,omitempty"`   // why the attempt failed, or why the host would not commit the result
	Refused  string      `json:"refused,omitempty"` // where the database would refuse: "at enqueue", "at commit"
	Usage    abi.Usage   `json:"usage"`
	Log      []Line      `json:"log"`
	Progress []Progress  `json:"progress"`
	Cold     string      `json:"cold,omitempty"` // why each job starts the module anew
}

// Line is a line of the log.
type Line struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

// Progress is one report of the handler.
type Progress struct {
	Permille int    `json:"permille"`
	Note     string `json:"note"`
}

// Failed reports whether the job would have another attempt, or end as a dead letter.
func (r Report) Failed() bool { return r.Error != nil }

// Status is the executor's verdict; "failed" when it came to none, "refused"
// when the database has another.
func (r Report) Status() string {
	switch {
	case r.Refused != "":
		return "refused"
	case r.Result == nil:
		return "failed"
	}
	return string(r.Result.Status)
}

// Try runs a payload as the first attempt at a job of class.
func (m *Module) Try(ctx context.Context, class Class, payload json.RawMessage) (Report, error) {
	report := Report{Error: class.takes(payload), Refused: "at enqueue", Log: []Line{}, Progress: []Progress{}}
	if report.Failed() {
		return report, nil
	}
	envelope, err := class.Envelope(payload)
	if err != nil {
		return Report{}, err
	}
	return m.Run(ctx, class, envelope)
}

// Run runs one attempt on the bytes of an envelope. Only a run that was
// interrupted is an error.
func (m *Module) Run(ctx context.Context, class Class, envelope []byte) (Report, error) {
	r := Report{Log: []Line{}, Progress: []Progress{}, Cold: m.Cold()}
	result, usage, err := m.Execute(ctx, class.Class, envelope, sink{&r})
	r.Usage = usage
	switch {
	case ctx.Err() != nil:
		return Report{}, ctx.Err()
	case errors.As(err, &r.Error):
		return r, nil
	case err != nil:
		return Report{}, err
	}
	r.Result, r.Error = &result, result.Error
	if refusal := class.commits(m.Info.Manifest, result); r.Error == nil && refusal != nil {
		r.Error, r.Refused = refusal, "at commit"
	}
	return r, nil
}

// sink keeps what a guest says.
type sink struct{ to *Report }

func (s sink) Log(level abi.Level, line string) {
	names := [...]string{"debug", "info", "warn", "error"}
	s.to.Log = append(s.to.Log, Line{names[min(max(int(level), 0), len(names)-1)], line})
}

func (s sink) Progress(permille int, note string) {
	s.to.Progress = append(s.to.Progress, Progress{permille, note})
}
