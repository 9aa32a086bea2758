package main

import (
	"encoding/json"
	"fmt"
	"html"
	"path/filepath"
	"strings"

	"reactorbench/conformance/spec"
)

// A badge says "n of m MUSTs" of one server, for a README. Its m counts every MUST that applies, so one that could not be
// asked, or that is known to fail, is missing in n.
type badge struct {
	message string
	colour  string // of shields.io, which both forms share
}

const badgeLabel = "echo conformance"

// badgeColours in hexadecimal, for the drawing; white text on each has a contrast of at least 4.5 to 1.
var badgeColours = map[string]string{"brightgreen": "#2a7a3b", "yellow": "#8a6100", "red": "#b3261e", "lightgrey": "#5f6368"}

func badgeOf(o outcome) badge {
	kept, asked := spec.CountMUSTs(o.results)
	b := badge{message: fmt.Sprintf("%d of %d MUSTs", kept, asked)}
	unkept := o.counts.sum(spec.Fail, spec.Crash, spec.Hang, spec.XFail)
	switch {
	case asked == 0:
		b.message, b.colour = "not run", "lightgrey"
	case kept == asked:
		b.colour = "brightgreen"
	case unkept > 0:
		b.colour = "red"
	default:
		b.colour = "yellow"
	}
	return b
}

// file is the badge in the form that the name of its file asks for: .json is shields.io's endpoint, .svg a drawing.
func (b badge) file(name string) ([]byte, error) {
	switch filepath.Ext(name) {
	case ".json":
		return json.Marshal(map[string]any{"schemaVersion": 1, "label": badgeLabel, "message": b.message, "color": b.colour})
	case ".svg":
		return []byte(b.svg()), nil
	}
	return nil, fmt.Errorf("-badge %s: the name must end in .svg or .json", name)
}

// svg draws two boxes. The width of a letter is estimated; textLength makes the text fit whatever font there is.
func (b badge) svg() string {
	const letter, padding, height = 7, 8, 20
	left, right := letter*len(badgeLabel)+2*padding, letter*len(b.message)+2*padding
	text := func(x, box int, s string) string {
		return fmt.Sprintf(`<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, x+padding, box-2*padding, html.EscapeString(s))
	}
	return strings.Join([]string{
		fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img" aria-label="%s: %s">`, left+right, height, badgeLabel, b.message),
		fmt.Sprintf(`<title>%s: %s</title>`, badgeLabel, b.message),
		fmt.Sprintf(`<rect width="%d" height="%d" rx="3" fill="#3b3f45"/>`, left+right, height),
		fmt.Sprintf(`<rect x="%d" width="%d" height="%d" rx="3" fill="%s"/>`, left, right, height, badgeColours[b.colour]),
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">`,
		text(0, left, badgeLabel), text(left, right, b.message), "</g></svg>\n",
	}, "\n")
}
