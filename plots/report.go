package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// The page is one file: what a reader opens from a download folder in ten years must not ask a network for its style.
var (
	//go:embed report.html.tmpl
	reportTemplate string
	//go:embed report.css
	reportStyle string
	//go:embed report.js
	reportScript string
)

// A report is what the template sees. It holds words and ready pictures, no decisions.
type report struct {
	Study    study
	Findings findings
	Glance   grid
	Client   []clientRow
	Sections []section
	Facts    []factGroup

	Comparison  *comparison  // nil: none was asked for
	Previous    string       // the run whose environment was compared; "": there is none
	Differences []difference // of the environment from that run's

	Files  []string   // of the run's folder, beside the page
	Inside []download // data that travel in the page

	Style    template.CSS
	Script   template.JS
	Policy   string // a Content-Security-Policy under which a browser refuses every request and every other script
	Hotspots map[string][]hotspot
	wardrobe wardrobe
}

// A section is a workload.
type section struct {
	Workload string
	Says     string
	Idle     bool
	Grid     grid
	Remarks  []string
	Figures  []figure
	Missing  []string // charts that could not be drawn, and why
}

// A figure is a chart on the page.
type figure struct {
	chart
	SVG template.HTML
}

// newReport collects everything for the page. drawn are the charts of each workload, in the order of study.Workloads.
func newReport(s study, drawn []drawing) (report, error) {
	r := report{
		Study:    s,
		Findings: s.findings(),
		Glance:   s.glance(),
		Client:   s.client(),
		Files:    runFiles(s.Run.Dir()),
		Style:    template.CSS(reportStyle),
		Script:   template.JS(reportScript),
		Policy:   policy(reportScript),
		Hotspots: map[string][]hotspot{},
	}
	for i, w := range s.Workloads {
		r.show(section{Workload: w.Name, Says: w.conditions(), Idle: w.idle(), Grid: s.figures(w), Remarks: w.remarks()}, drawn[i])
	}
	for _, beside := range drawn[len(s.Workloads):] {
		if len(beside.pictures) > 0 {
			r.show(section{Workload: beside.workload, Says: "Not a part of the comparison"}, beside)
		}
	}
	r.Style += template.CSS(r.wardrobe.rules.String())
	var err error
	if env := s.Run.Env(); env != nil {
		if r.Facts, err = factGroups(env); err != nil {
			return r, err
		}
	}
	r.Inside, err = s.downloads()
	return r, err
}

// show adds a section with what was drawn of its workload.
func (r *report) show(part section, drawn drawing) {
	part.Missing = drawn.missing
	for _, picture := range drawn.pictures {
		part.Figures = append(part.Figures, figure{picture.chart, template.HTML(r.wardrobe.dress(compact(inline(picture.svg))))})
		r.Hotspots[picture.File] = rounded(picture.spots)
	}
	r.Sections = append(r.Sections, part)
}

// policy refuses every request and every script but one. Styles stay free: the matrix has its number of columns in one.
func policy(script string) string {
	return "default-src 'none'; style-src 'unsafe-inline'; script-src '" + scriptHash(script) + "'"
}

func scriptHash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Kin are the names before the slash, each once: what one would show or hide together. The reference is always shown.
func (r report) Kin() (names []string) {
	for _, impl := range r.Study.implementations() {
		name, _, _ := strings.Cut(impl, "/")
		if name != reference && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// ClientHead are the columns of Client.
func (r report) ClientHead() []heading { return clientHead }

// html renders the page.
func (r report) html() ([]byte, error) {
	page, err := template.New("report").Funcs(template.FuncMap{
		"marker": func(name string) template.HTML { return markerSVG(r.Study.Looks[name]) },
		"mark":   r.Study.Echo.mark,
		"broken": func(impl string) bool { return r.Study.Echo.broken[impl] > 0 },
		"count":  func(n int, noun string) string { return countOf(n, noun) },
		"pieces": pieces,
		"short":  func(slug string) string { return slug[strings.Index(slug, "/")+1:] },
	}).Parse(reportTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, r)
	return []byte(printable(out.String())), err
}

// runFiles are the raw data beside the report, as far as they exist.
func runFiles(dir string) (files []string) {
	for _, pattern := range []string{"records.jsonl", "env.json", "conformance.json", "hdr/*.hlog"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are well-formed
		for _, path := range found {
			if name, err := filepath.Rel(dir, path); err == nil {
				files = append(files, filepath.ToSlash(name))
			}
		}
	}
	return files
}

// A piece is text or a link. The reason of a known failure is a sentence that may hold a link to where it is discussed.
type piece struct{ Text, Link string }

var link = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:)]`)

func pieces(s string) (out []piece) {
	end := 0
	for _, at := range link.FindAllStringIndex(s, -1) {
		out = append(out, piece{Text: s[end:at[0]]}, piece{Text: s[at[0]:at[1]], Link: s[at[0]:at[1]]})
		end = at[1]
	}
	return append(out, piece{Text: s[end:]})
}

// markerSVG is an implementation's marker for use beside its name.
func markerSVG(l look) template.HTML {
	const size = 12
	shape := fmt.Sprintf(`<circle cx="6" cy="6" r="%.1f"/>`, 3.4)
	if l.Marker != circle {
		var path strings.Builder
		for _, step := range l.Marker.path(vg.Point{X: size / 2, Y: size / 2}, 3.6) {
			switch step.Type {
			case vg.MoveComp:
				fmt.Fprintf(&path, "M%.1f %.1f", step.Pos.X, size-step.Pos.Y)
			case vg.LineComp:
				fmt.Fprintf(&path, "L%.1f %.1f", step.Pos.X, size-step.Pos.Y)
			}
		}
		shape = `<path d="` + path.String() + `Z"/>`
	}
	colour := fmt.Sprintf("#%02x%02x%02x", l.Color.R, l.Color.G, l.Color.B)
	return template.HTML(`<svg class="marker" width="12" height="12" aria-hidden="true" fill="` + colour + `">` + shape + `</svg>`)
}

// writeReport puts the page into the run's folder.
func writeReport(s study, drawn []drawing, other *study) (path string, err error) {
	r, err := newReport(s, drawn)
	if err != nil {
		return "", err
	}
	if err := r.compareWith(other); err != nil {
		return "", err
	}
	page, err := r.html()
	if err != nil {
		return "", err
	}
	path = filepath.Join(s.Run.Dir(), "report.html")
	return path, os.WriteFile(path, page, 0o644)
}
