package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"reactorbench/results"
)

// A progress tells how far the run is, how fast the present cell goes and what came out of the last one.
type progress interface {
	begin(c cell)
	watch(engines []engine, length time.Duration) (stop func()) // of the present cell, which takes at least so long, until stop
	done(c cell, r results.Record)
	note(format string, args ...any) // a line that stays
	finish()
}

// newProgress draws a view on a terminal that has room for one and writes plain lines elsewhere.
func newProgress(w *os.File, cells, blocks int) progress {
	if width, ok := roomForAView(w); ok {
		return newView(w, cells, blocks, width)
	}
	return &lines{w: w, cells: cells, blocks: blocks, began: time.Now(), last: time.Now(), now: time.Now}
}

// roomForAView asks for the width anew each time: a window can be resized.
func roomForAView(w *os.File) (width func() int, ok bool) {
	width = func() int {
		columns, _, err := term.GetSize(int(w.Fd()))
		return knownWidth(columns, err)
	}
	return width, term.IsTerminal(int(w.Fd())) && width() >= leastView
}

// A view is a bar with the time that is left, and two rows below it: the present cell and the last one.
//
// It shares the generator's cores, and drawing costs time there. So it draws between cells, and within one once a second: the short cells of a
// comparison see nothing of it. Rate and percentiles of a running cell are those of the second that went by.
type view struct {
	w             io.Writer
	width         func() int
	bar           *progressbar.ProgressBar
	cells, blocks int
	count         int
	present, last string
	over          bool
}

const viewRows = 2

// leastView is how many columns a view needs: that of the bar cannot be cut, and a row that breaks moves all below it.
const leastView = 50

// knownWidth is that of a terminal; one that does not tell, or says 0 as a new pseudo-terminal does, has the usual one.
func knownWidth(columns int, err error) int {
	if err != nil || columns < 1 {
		return 80
	}
	return columns
}

// barWidth leaves room beside the bar for its percentage, the cells and the two times, of hours.
func barWidth(columns, cells int) int {
	beside := len(" 100% || ") + len(fmt.Sprintf("(%d/%d)", cells, cells)) + len(" [9h59m59s:9h59m59s]")
	return min(max(columns-1-beside, 1), 30)
}

func newView(w io.Writer, cells, blocks int, width func() int) *view {
	return &view{w: w, width: width, cells: cells, blocks: blocks, bar: progressbar.NewOptions(cells,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(barWidth(width(), cells)),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetMaxDetailRow(viewRows),
		progressbar.OptionUseANSICodes(true),
	)}
}

func (v *view) begin(c cell) {
	v.present = fmt.Sprintf("now   block %d of %d · %s · %s", c.block+1, v.blocks, strings.TrimSpace(c.role+" "+c.target.impl.Name), c.workload.Name)
	v.draw(v.present)
}

// viewEvery is how often the present cell is drawn.
const viewEvery = time.Second

func (v *view) watch(engines []engine, length time.Duration) (stop func()) {
	return everySecond(engines, length, func(seen string) { v.draw(v.present + seen) })
}

// everySecond draws what is seen of a running cell until stop.
func everySecond(engines []engine, length time.Duration, draw func(seen string)) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(viewEvery)
		defer tick.Stop()
		for s := startOfSight(engines, length); ; {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			draw(s.next())
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

// A row is the view of one probe of a search, of which nobody knows how many will come: a single row, gone when the probe is over.
func row(w *os.File, present string) func(engines []engine, length time.Duration) (stop func()) {
	width, ok := roomForAView(w)
	if !ok {
		return nil
	}
	return func(engines []engine, length time.Duration) (stop func()) {
		ended := everySecond(engines, length, func(seen string) { fmt.Fprint(w, eraseBelow+cut(present+seen, width()-1)) })
		return func() {
			ended()
			fmt.Fprint(w, eraseBelow)
		}
	}
}

// A sight is what a view sees of a running cell, from one look to the next.
type sight struct {
	engines []engine
	ends    int64 // clock, at the earliest
	at      int64
	total   int64
	counts  glimpseCounts
}

func startOfSight(engines []engine, length time.Duration) sight {
	now := clock()
	return sight{engines: engines, ends: now + int64(length), at: now, total: answered(engines)}
}

// next is what has happened since the look before, and how long the cell will go on.
func (s *sight) next() string {
	now, total := clock(), answered(s.engines)
	text := " · " + rateText(float64(total-s.total)/time.Duration(now-s.at).Seconds())
	s.at, s.total = now, total
	if counts, ok := glimpseOf(s.engines); ok {
		between := counts.since(s.counts)
		s.counts = counts
		for _, percent := range []float64{50, 99} {
			if took := between.percentile(percent); took > 0 {
				text += fmt.Sprintf(" · p%g %v", percent, rounded(int64(took)))
			}
		}
	}
	if left := time.Duration(s.ends - now); left > 0 {
		return text + fmt.Sprintf(" · %v left", left.Round(time.Second))
	}
	return text + " · ending"
}

func (v *view) done(c cell, r results.Record) {
	v.last = "last  " + c.target.impl.Name + " · " + c.workload.Name + cellText(r)
	if v.count++; v.count < v.cells { // a bar that is full would leave its rows behind
		v.bar.Add(1)
	}
	v.draw(v.present)
}

// cellText is a record in a few words.
func cellText(r results.Record) (text string) {
	if r.Failed() {
		return " · ✗ " + r.Error
	}
	if r.RequestsPerSecond > 0 {
		text += " · " + rateText(r.RequestsPerSecond)
	}
	for _, p := range []struct {
		name string
		ns   int64
	}{{"p50", r.LatencyP50Ns}, {"p99", r.LatencyP99Ns}, {"CPU/request", int64(r.ServerCPUPerRequestNs)}} {
		if p.ns > 0 {
			text += fmt.Sprintf(" · %s %v", p.name, rounded(p.ns))
		}
	}
	if r.BytesPerIdleConn != nil {
		text += fmt.Sprintf(" · %.0f B/connection", *r.BytesPerIdleConn)
	}
	if r.Blurred(50) || r.Blurred(99) {
		text += " · generator uneven"
	}
	if r.ClientLimited {
		text += " · client-limited"
	}
	return text
}

// draw writes the rows below the bar. The library keeps the newest ones, so each drawing replaces both.
func (v *view) draw(present string) {
	for _, row := range []string{present, v.last} {
		v.bar.AddDetail(cut(row, v.width()-1))
	}
}

// cut keeps a row from being broken, which would move everything below it.
func cut(row string, width int) string {
	runes := []rune(row)
	if len(runes) <= width || width < 1 {
		return row
	}
	return string(runes[:width-1]) + "…"
}

func (v *view) note(format string, args ...any) {
	fmt.Fprint(v.w, eraseBelow)
	fmt.Fprintf(v.w, format+"\n", args...)
	v.bar.RenderBlank()
	v.draw(v.present)
}

func (v *view) finish() {
	if !v.over {
		v.over = true
		fmt.Fprint(v.w, eraseBelow)
	}
}

// eraseBelow clears the line of the cursor, which is that of the bar, and all below it.
const eraseBelow = "\r\x1b[J"

// linesEvery keeps a log short.
const linesEvery = 5 * time.Second

// lines is for logs and pipes.
type lines struct {
	w             io.Writer
	cells, blocks int
	began, last   time.Time
	count         int
	now           func() time.Time
}

func (l *lines) begin(cell) {}

func (l *lines) watch([]engine, time.Duration) (stop func()) { return func() {} }

func (l *lines) done(c cell, _ results.Record) {
	l.count++
	now := l.now()
	if l.count < l.cells && now.Sub(l.last) < linesEvery {
		return
	}
	l.last = now
	left := now.Sub(l.began) / time.Duration(l.count) * time.Duration(l.cells-l.count)
	fmt.Fprintf(l.w, "%d of %s, block %d of %d, about %v left\n", l.count, countOf(l.cells, "cell"), c.block+1, l.blocks, left.Round(time.Second))
}

func (l *lines) note(format string, args ...any) { fmt.Fprintf(l.w, format+"\n", args...) }

func (l *lines) finish() {}
