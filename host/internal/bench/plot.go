package bench

import (
	"bytes"
	"fmt"
)

// Size of a plot, and of the margin in it for the axes.
const (
	plotWidth, plotHeight = 640, 320
	plotMargin            = 60
)

// Plot draws jobs a second over the time of the drain.
func (b Burn) Plot() []byte {
	return plot(fmt.Sprintf("%d jobs drained: %.0f/s", b.Config.Jobs, b.DrainedPS), "jobs/s", fmt.Sprintf("%.1f s", b.Seconds), perSecond(b.Completions))
}

func perSecond(completions []int64) []float64 {
	out := make([]float64, len(completions))
	last := int64(0)
	for i, n := range completions {
		out[i], last = float64(n-last)/Tick.Seconds(), n
	}
	return out
}

// Plot draws the latency of each percentile.
func (r Steady) Plot() []byte {
	return plot(fmt.Sprintf("%d jobs at %.0f/s: p50 %.2f ms, p99 %.2f ms", r.Jobs, r.Rate, r.P50, r.P99), "ms", "100th percentile", r.Curve)
}

// Plot draws jobs a second over the time of the last repetition.
func (p Pinned) Plot() []byte {
	length := p.Config.For + 2*(p.Config.For/3)
	return plot(fmt.Sprintf("a snapshot is held from %s to %s", p.Config.For/3, p.Config.For+p.Config.For/3), "jobs/s", length.String(), perSecond(p.Completions))
}

// plot draws values at equal distances, as SVG.
func plot(title, unit, end string, values []float64) []byte {
	most := 1e-9
	for _, v := range values {
		most = max(most, v)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="24" font-size="14">%s</text>`+"\n", plotMargin, title)
	for quarter := range 5 {
		y := plotHeight - plotMargin - quarter*(plotHeight-2*plotMargin)/4
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%.4g</text>`+"\n",
			plotMargin, plotWidth-plotMargin, y, y, plotMargin-6, y+4, most*float64(quarter)/4)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
		plotMargin, plotHeight-plotMargin+20, unit, plotWidth-plotMargin, plotHeight-plotMargin+20, end)
	b.WriteString(`<polyline fill="none" stroke="#2563eb" stroke-width="2" points="`)
	for i, v := range values {
		x := plotMargin + float64(i)*float64(plotWidth-2*plotMargin)/float64(max(1, len(values)-1))
		fmt.Fprintf(&b, "%.1f,%.1f ", x, plotHeight-plotMargin-v/most*(plotHeight-2*plotMargin))
	}
	b.WriteString("\"/>\n</svg>\n")
	return b.Bytes()
}
