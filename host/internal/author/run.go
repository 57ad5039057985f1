package author

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/lessee-run/lessee/abi"
)

// Report is what became of one run.
type Report struct {
	Result   *abi.Result     `json:"result,omitempty"`  // what the executor answered; absent: it did not get that far
	Error    *abi.Error      `json:"error,omitempty"`   // why the attempt failed, or why the host would not commit the result
	Refused  string          `json:"refused,omitempty"` // where the database would refuse: "at enqueue", "at commit"
	Usage    abi.Usage       `json:"usage"`
	Requests json.RawMessage `json:"requests,omitempty"` // over HTTP, as an attempt's row keeps them
	Log      []Line          `json:"log"`
	Progress []Progress      `json:"progress"`
	Cold     string          `json:"cold,omitempty"` // why each job starts the module anew
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
	report := refusedReport("at enqueue", class.takes(m.Info.Manifest, payload))
	if report.Failed() {
		return report, nil
	}
	envelope, err := class.Envelope(payload)
	if err != nil {
		return Report{}, err
	}
	return m.Run(ctx, class, envelope)
}

func refusedReport(where string, why *abi.Error) Report {
	return Report{Error: why, Refused: where, Log: []Line{}, Progress: []Progress{}}
}

// Run runs one attempt on the bytes of an envelope. Only a run that was
// interrupted is an error.
func (m *Module) Run(ctx context.Context, class Class, envelope []byte) (Report, error) {
	report := refusedReport("by the class", class.fits(m.Info.Manifest))
	if report.Failed() {
		return report, nil
	}
	report.Refused, report.Cold = "", m.Cold()
	s := m.newSink(class, envelope, &report)
	result, usage, err := m.Execute(ctx, &class.Class, envelope, s)
	report.Requests = s.requests.Used(&usage)
	report.Usage = usage
	switch {
	case ctx.Err() != nil:
		return Report{}, ctx.Err()
	case errors.As(err, &report.Error):
		return report, nil
	case err != nil:
		return Report{}, err
	}
	report.Result, report.Error = &result, result.Error
	if refusal := m.refusal(class, result); report.Error == nil && refusal != nil {
		report.Error, report.Refused = refusal, "at commit"
	}
	return report, nil
}

// refusal is why a result would not be committed.
func (m *Module) refusal(class Class, result abi.Result) *abi.Error {
	encoded, err := abi.EncodeResult(result)
	if err == nil {
		err = m.network.Scan(encoded)
	}
	if found := (*abi.Error)(nil); errors.As(err, &found) {
		return found
	}
	return class.commits(m.Info.Manifest, result)
}
