package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

func sample() *report.Report {
	r := report.New("burn-down")
	r.Note("%d jobs", 50_000)
	r.Add("lessee", "jobs/s", 30_000, 20_000, 10_000)
	r.Add("river", "jobs/s", 10_000, 10_000, 10_000)
	r.Add("latency", "ms", 2.5)
	r.Add("not measured", "ms")
	r.AtLeast(2.5, "lessee ÷ river", 3, 2, 1)
	r.AtMostOf(3, "ms", "p50", 2.5)
	return r
}

func TestReport_PrintsFiguresRatiosAndVerdicts(t *testing.T) {
	var out bytes.Buffer
	if err := sample().Print(&out); err != nil {
		t.Fatal(err)
	}
	want := `burn-down
  50000 jobs

         median  lowest … highest  unit    × the first
lessee   20,000  10,000 … 30,000   jobs/s  
river    10,000  10,000 … 10,000   jobs/s  0.50
latency  2.50    2.50 … 2.50       ms      

FAIL  lessee ÷ river: 2.00 (1.00 … 3.00), at least 2.50
PASS  p50: 2.50 ms (2.50 … 2.50), at most 3.00

`

	if got := out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func TestReport_CountsWhatFailed(t *testing.T) {
	if failed, all := sample().Failed(); failed != 1 || all != 2 {
		t.Errorf("%d of %d failed", failed, all)
	}
}

func TestReport_SurvivesJSON(t *testing.T) {
	data, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	var back report.Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Rows[1].Median != 10_000 || back.Verdicts[0].Pass || !back.Verdicts[1].Pass {
		t.Errorf("%+v", back)
	}
}

func TestSpreadOf_AnEvenNumberOfValuesHasTheMiddleBetweenTwo(t *testing.T) {
	if s := report.SpreadOf([]float64{4, 1, 3, 2}); s != (report.Spread{Median: 2.5, Low: 1, High: 4}) {
		t.Errorf("%+v", s)
	}
}

func TestPercentile_OfNothingIsNothing(t *testing.T) {
	if p := report.Percentile(nil, 99); p != 0 {
		t.Errorf("%v", p)
	}
	if p := report.Percentile([]float64{1, 2, 3}, 100); p != 3 {
		t.Errorf("%v", p)
	}
}
