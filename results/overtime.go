package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// overTimeLog is the part of a log's name that says that its lines are stretches of a cell.
const overTimeLog = "over-time"

// OverTime are the latencies of a cell, stretch by stretch from the beginning of its window. They stand in an .hlog of their own and
// not in the record.
type OverTime struct {
	Every     time.Duration // the length of a stretch, in whole milliseconds
	Stretches []*Histogram  // an empty one is a stretch in which nothing counts
}

// appendOverTime adds a line for each stretch. The first begins with the record, so the cells of several blocks lie apart.
func appendOverTime(dir string, r Record) error {
	if r.OverTime == nil {
		return nil
	}
	path := filepath.Join(dir, hdrFolder, HistogramLogName(r.Impl, r.Workload, overTimeLog))
	begin := r.Time.UnixMilli()
	for _, h := range r.OverTime.Stretches {
		end := begin + r.OverTime.Every.Milliseconds()
		if err := appendInterval(path, h, r.Impl, begin, end); err != nil {
			return err
		}
		begin = end
	}
	return nil
}

// ReadOverTime reads what was kept of one implementation under one workload: the stretches of its first cell, and how many cells
// there are. It returns nil and no error where none was kept.
func ReadOverTime(dir, impl, workload string) (first *OverTime, cells int, err error) {
	path := filepath.Join(dir, hdrFolder, HistogramLogName(impl, workload, overTimeLog))
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || strings.ContainsRune(path, 0) { // no file system has such a name
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	log := hdrhistogram.NewHistogramLogReader(strings.NewReader(string(text)))
	var begin, end int64
	for line := 1; ; line++ {
		h, err := log.NextIntervalHistogram()
		switch {
		case err != nil:
			return nil, 0, fmt.Errorf("%s: stretch %d: %w", path, line, err)
		case h == nil:
			return first, cells, nil
		}
		if began := h.StartTimeMs(); cells == 0 || !near(began, end) {
			cells++
		}
		end = h.EndTimeMs()
		if first == nil {
			first, begin = new(OverTime), h.StartTimeMs()
		}
		if cells == 1 {
			first.Stretches = append(first.Stretches, &Histogram{counts: h})
			first.Every = (time.Duration(end-begin) * time.Millisecond / time.Duration(len(first.Stretches))).Round(time.Millisecond)
		}
	}
}

// near allows for the rounding of a log, which has seconds with three decimals.
func near(a, b int64) bool { return a-b <= 2 && b-a <= 2 }
