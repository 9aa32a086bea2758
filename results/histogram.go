package results

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of every latency histogram. Equal geometry everywhere makes merging an addition of integers.
const (
	histogramLowest  = int64(1)                // ns
	histogramHighest = int64(60 * time.Second) // ns; a reply slower than this is clamped and counted
	histogramDigits  = 3                       // a value is kept to one part in a thousand; 216 KiB
)

// A Histogram counts durations in nanoseconds. It belongs to one goroutine.
type Histogram struct {
	counts  *hdrhistogram.Histogram
	clamped int64
}

// NewHistogram returns an empty histogram of 1 ns to 60 s with three significant digits.
func NewHistogram() *Histogram {
	return &Histogram{counts: hdrhistogram.New(histogramLowest, histogramHighest, histogramDigits)}
}

// Record counts one duration. One outside the range is counted at its end of the range, never dropped. It does not allocate.
func (h *Histogram) Record(ns int64) { h.RecordTimes(ns, 1) }

// RecordTimes counts n equal durations.
func (h *Histogram) RecordTimes(ns, n int64) {
	if ns > histogramHighest {
		ns = histogramHighest
		h.clamped += n
	}
	if err := h.counts.RecordValues(max(ns, histogramLowest), n); err != nil {
		panic(err) // cannot be: the value was clamped into the range
	}
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	h.counts.Reset()
	h.clamped = 0
}

// Merge adds all of other.
func (h *Histogram) Merge(other *Histogram) error {
	if dropped := h.counts.Merge(other.counts); dropped != 0 {
		return fmt.Errorf("merging histograms of different range lost %d values", dropped)
	}
	h.clamped += other.clamped
	return nil
}

// Count is how many durations were recorded.
func (h *Histogram) Count() int64 { return h.counts.TotalCount() }

// Clamped is how many of them were longer than the range.
func (h *Histogram) Clamped() int64 { return h.clamped }

// Min is the shortest duration in nanoseconds.
func (h *Histogram) Min() int64 { return h.counts.Min() }

// Max is the longest duration in nanoseconds, a lower bound if Clamped is not zero.
func (h *Histogram) Max() int64 { return h.counts.Max() }

// Percentile is the duration that p percent of the recorded ones do not exceed.
func (h *Histogram) Percentile(p float64) int64 { return h.counts.ValueAtPercentile(p) }

// Shows reports whether a percentile is worth a figure: at least ten values must lie beyond it. Rounding takes care of 100-99.9,
// which is a little less than 0.1 in binary.
func (h *Histogram) Shows(p float64) bool {
	return math.Round(float64(h.Count())*(100-p)/100*1e6)/1e6 >= 10
}

// Shifted is a histogram whose durations are all longer by so many nanoseconds, within its range.
func (h *Histogram) Shifted(by int64) *Histogram {
	shifted := NewHistogram()
	for _, bar := range h.counts.Distribution() {
		if bar.Count > 0 {
			shifted.RecordTimes(bar.To+by, bar.Count)
		}
	}
	return shifted
}

// Encode returns the compressed V2 form in base64, as every HdrHistogram library reads it.
func (h *Histogram) Encode() (string, error) {
	data, err := h.counts.EncodeV2()
	return string(data), err
}

// DecodeHistogram reads Record.HDR.
func DecodeHistogram(encoded string) (*Histogram, error) {
	counts, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	return &Histogram{counts: counts}, nil
}

// HDR gives the library's own type for drawing; it shares memory with h.
func (h *Histogram) HDR() *hdrhistogram.Histogram { return h.counts }

// load names the cells whose histograms may be added up: those of a search, a sweep or a scaling run have one workload and many loads.
func (r Record) load() string {
	switch r.Purpose {
	case "scale":
		return fmt.Sprintf("%s,conns=%d", r.Workload, r.Conns)
	case "search", "sweep":
		if r.Loop == "open" {
			return fmt.Sprintf("%s,rate=%.8g", r.Workload, r.AskedPerSecond)
		}
		return r.Workload + ",closed" // the capacity that a sweep begins with
	}
	return r.Workload
}

// HistogramLogName is the file of one implementation and load below hdr/. What is "" for the headline latency, and for the others
// of an open loop "service" or "send-lag"; "over-time" where stretches of the window were kept apart.
func HistogramLogName(impl, load, what string) string {
	name := strings.ReplaceAll(impl, "/", "_") + "." + load
	if what != "" {
		name += "." + what
	}
	return name + ".hlog"
}

// A namedHistogram is one of a record's histograms, encoded.
type namedHistogram struct{ what, text string }

func (r Record) histograms() (all []namedHistogram) {
	for _, h := range []namedHistogram{{"", r.HDR}, {"service", r.ServiceHDR}, {"send-lag", r.SendLagHDR}} {
		if h.text != "" {
			all = append(all, h)
		}
	}
	return all
}

// appendHistogramLog adds a histogram of the record as one interval, tagged with the implementation. The header is written by
// whoever creates the file.
func appendHistogramLog(dir string, r Record, named namedHistogram) error {
	h, err := DecodeHistogram(named.text)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, hdrFolder, HistogramLogName(r.Impl, r.load(), named.what))
	start := r.Time.UnixMilli()
	return appendInterval(path, h, r.Impl, start, start+r.DurationNs/int64(time.Millisecond))
}

// appendInterval adds one line to a log; times are in milliseconds of the Unix clock.
func appendInterval(path string, h *Histogram, tag string, start, end int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := intervalLine(h, tag, start, end)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		text = "#[Histogram log format version " + hdrhistogram.HISTOGRAM_LOG_FORMAT_VERSION + "]\n" + text
	}
	_, err = f.WriteString(text)
	return err
}

func intervalLine(h *Histogram, tag string, start, end int64) (string, error) {
	h.counts.SetTag(tag)
	h.counts.SetStartTimeMs(start)
	h.counts.SetEndTimeMs(end)
	var text strings.Builder
	err := hdrhistogram.NewHistogramLogWriter(&text).OutputIntervalHistogram(h.counts)
	return text.String(), err
}
