package main

import (
	"slices"
	"strings"
	"unicode"
)

// countOf is "1 block" or "12 blocks".
func countOf[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(int64(n)) + " " + noun + "s"
}

// list joins names as a sentence does: a, b and c.
func list(names []string, conjunction string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + conjunction + " " + names[last]
}

// spanWords is an interval in words, with the unit once where both ends share it.
func spanWords(low, high float64, format func(float64) string) string {
	from, to := format(low), format(high)
	if from == to {
		return to
	}
	const digits = "-.0123456789"
	unit := strings.TrimLeft(to, digits)
	if strings.TrimLeft(from, digits) == unit {
		from = strings.TrimSuffix(from, unit)
	}
	return from + "–" + to
}

// shorten keeps a name that an axis can carry. A chart has no room for more; the table has the whole.
func shorten(name string) string {
	const longest = 26
	letters := []rune(name)
	if len(letters) <= longest {
		return name
	}
	return string(letters[:longest-1]) + "…"
}

// noted are those of the remarks that say something.
func noted(remarks ...string) []string {
	return slices.DeleteFunc(remarks, func(remark string) bool { return remark == "" })
}

// printable replaces what neither XML nor a terminal can show: a name comes from a file and may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '�'
		}
		return r
	}, s)
}
