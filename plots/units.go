package main

import (
	"math"
	"strconv"
	"strings"
)

// significant prints three digits and never an exponent: 3.45, 21.3, 176, 12500.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	magnitude := int(math.Floor(math.Log10(math.Abs(rounded))))
	return strconv.FormatFloat(v, 'f', max(0, 2-magnitude), 64)
}

// scaled divides v by the largest unit that it reaches. The units stand in rising order.
func scaled(v float64, number func(float64) string, units ...unit) string {
	chosen := units[0]
	for _, u := range units {
		if math.Abs(v) >= u.size*0.9995 { // 999.6 µs rounds to 1.00 ms
			chosen = u
		}
	}
	return number(v/chosen.size) + chosen.name
}

type unit struct {
	size float64
	name string
}

var (
	timeUnits   = []unit{{1, " ns"}, {1e3, " µs"}, {1e6, " ms"}, {1e9, " s"}}
	memoryUnits = []unit{{1, " B"}, {1e3, " kB"}, {1e6, " MB"}, {1e9, " GB"}}
	rateUnits   = []unit{{1, "/s"}, {1e3, "k/s"}, {1e6, "M/s"}}
)

func duration(ns float64) string    { return scaled(ns, significant, timeUnits...) }
func memory(bytes float64) string   { return scaled(bytes, significant, memoryUnits...) }
func rate(perSecond float64) string { return scaled(perSecond, significant, rateUnits...) }

// multiple has two decimals, and more where they would say 1.00 of what is not 1: an end of an interval that leaves out 1 must not
// read as 1.
func multiple(x float64) string {
	decimals := 2
	for math.Abs(x-1) >= 1e-6 && decimals < 6 && math.Abs(x-1) < 0.5*math.Pow10(-decimals) {
		decimals++
	}
	return strconv.FormatFloat(x, 'f', decimals, 64) + "×"
}

// shortest is for round numbers on an axis: 5 and not 5.00.
func shortest(v float64) string { return strconv.FormatFloat(round(v, 10), 'f', -1, 64) }

func durationTick(ns float64) string    { return scaled(ns, shortest, timeUnits...) }
func memoryTick(bytes float64) string   { return scaled(bytes, shortest, memoryUnits...) }
func rateTick(perSecond float64) string { return scaled(perSecond, shortest, rateUnits...) }

// multipleTick keeps one decimal, so that 1.0× and 1.2× stand below each other.
func multipleTick(x float64) string {
	if number := shortest(x); strings.Contains(number, ".") {
		return number + "×"
	}
	return shortest(x) + ".0×"
}

// round takes off the dust that adding steps leaves in the last of so many digits.
func round(v float64, digits int) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	return v
}

// count groups the digits of a whole number: 7 864 320, with spaces that do not break.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var out strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out.WriteRune('\u00a0')
		}
		out.WriteRune(digit)
	}
	return out.String()
}
