package main

import (
	"math"
	"slices"
	"testing"
)

func TestUnits(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{duration(0), "0 ns"},
		{duration(850), "850 ns"},
		{duration(3449), "3.45 µs"},
		{duration(999_600), "1.00 ms"},
		{duration(35.6e6), "35.6 ms"},
		{duration(90e9), "90.0 s"},
		{memory(33.31), "33.3 B"},
		{memory(-4.2), "-4.20 B"},
		{memory(1850), "1.85 kB"},
		{memory(12.8e6), "12.8 MB"},
		{rate(951_000), "951k/s"},
		{rate(1_120_000), "1.12M/s"},
		{multiple(1.5), "1.50×"},
		{multipleTick(1), "1.0×"},
		{multipleTick(1.25), "1.25×"},
		{durationTick(5e6), "5 ms"},
		{rateTick(0), "0/s"},
		{rateTick(0.1 + 0.2), "0.3/s"},
		{count(7864320), "7\u00a0864\u00a0320"},
		{count(-123), "-123"},
		{count(999), "999"},
		{significant(9.996), "10.0"},
		{significant(12500), "12500"},
		{countOf(1, "block"), "1 block"},
		{countOf(2000, "connection"), "2\u00a0000 connections"},
		{list([]string{"a"}, "and"), "a"},
		{list([]string{"a", "b"}, "and"), "a and b"},
		{list([]string{"a", "b", "c"}, "or"), "a, b or c"},
		{spanWords(1020, 1070, duration), "1.02–1.07 µs"},
		{spanWords(978, 1110, duration), "978 ns–1.11 µs"},
		{spanWords(1.02, 1.07, multiple), "1.02–1.07×"},
		{spanWords(1.101, 1.102, multiple), "1.10×"},
		{spanWords(913e3, 1.05e6, rate), "913k/s–1.05M/s"},
		{shorten("reactor/epoll"), "reactor/epoll"},
		{shorten("a-name-that-is-longer-than-any-axis"), "a-name-that-is-longer-tha…"},
		{printable("a\x00b\x1bc\td\n"), "a�b�c\td\n"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		name      string
		low, high float64
		want      []string
	}{
		{"within a decade", 20, 90, []string{"20 B", "30 B", "40 B", "50 B", "60 B", "80 B"}},
		{"no power of ten inside", 2100, 5100, []string{"3 kB", "4 kB", "5 kB"}},
		{"many decades", 1, 1e6, []string{"1 B", "10 B", "100 B", "1 kB", "10 kB", "100 kB", "1 MB"}},
	} {
		var got []string
		for _, tick := range (logTicks{memoryTick}).Ticks(test.low, test.high) {
			if tick.Label != "" {
				got = append(got, tick.Label)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: labels %q, want %q", test.name, got, test.want)
		}
	}
	var even []string
	for _, tick := range (evenTicks{multipleTick}).Ticks(0.97, 1.56) {
		even = append(even, tick.Label)
	}
	if want := []string{"1.0×", "1.2×", "1.4×"}; !slices.Equal(even, want) {
		t.Errorf("even labels %q, want %q", even, want)
	}
}

func TestLogRangeEndsAtLabels(t *testing.T) {
	for _, test := range []struct{ low, high, from, to float64 }{
		{23, 2710, 20, 5000},
		{100, 100, 50, 100},
		{1, 1, 0.5, 1},
		{96, 8100, 50, 10000},
	} {
		from, to := logRange(test.low, test.high)
		if math.Abs(from-test.from) > 1e-9 || math.Abs(to-test.to) > 1e-9 {
			t.Errorf("logRange(%g, %g) = %g, %g; want %g, %g", test.low, test.high, from, to, test.from, test.to)
		}
	}
}

// TestDenseRangeHoldsItsValues: the axis covers what it shows, both ends carry a label, and it wastes little.
func TestDenseRangeHoldsItsValues(t *testing.T) {
	for low := 0.0011; low < 5e9; low *= 1.37 {
		for _, factor := range []float64{1, 1.01, 1.7, 2.3, 2.99} {
			high := low * factor
			from, to := denseRange(low, high)
			if from > low*1.001 || to < high*0.999 || from >= to || from < low/2.01 || to > high*2.01 {
				t.Errorf("%g to %g on an axis from %g to %g", low, high, from, to)
			}
			ticks := (logTicks{durationTick}).Ticks(from, to)
			if len(ticks) < 2 || ticks[0].Label == "" || ticks[len(ticks)-1].Label == "" {
				t.Errorf("an axis from %g to %g has ends without a label: %v", from, to, ticks)
			}
		}
	}
}

// TestAMultipleThatIsNotOneDoesNotReadAsOne: else an interval that claims a difference seems to contain 1.
func TestAMultipleThatIsNotOneDoesNotReadAsOne(t *testing.T) {
	for x, want := range map[float64]string{
		1: "1.00×", 1.003: "1.003×", 0.9996: "0.9996×", 1.00004: "1.00004×", 0.997: "0.997×", 1.0000000000000002: "1.00×", 1.005001: "1.01×", 0.994: "0.99×", 12.04: "12.04×",
	} {
		if got := multiple(x); got != want {
			t.Errorf("%v reads as %s, want %s", x, got, want)
		}
	}
}
