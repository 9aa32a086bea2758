package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"reactorbench/results"
)

// studyOf opens a synthetic run as the command does.
func studyOf(t testing.TB, s synthetic) study {
	t.Helper()
	return studyIn(t, s.write(t))
}

func studyIn(t testing.TB, dir string) study {
	t.Helper()
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	arranged, err := newStudy(run)
	if err != nil {
		t.Fatal(err)
	}
	return arranged
}

// pictures draws all charts of a run by file name.
func pictures(t testing.TB, s synthetic) map[string]picture {
	t.Helper()
	return picturesOf(t, studyOf(t, s))
}

// picturesOf draws in memory only.
func picturesOf(t testing.TB, s study) map[string]picture {
	t.Helper()
	drawn, err := s.draw()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]picture{}
	for _, d := range drawn {
		for _, p := range d.pictures {
			all[p.File] = p
		}
	}
	return all
}

var quickDrawn struct {
	sync.Once
	pictures map[string]picture
}

// quickPictures are those of the run that most tests look at, drawn once.
func quickPictures(t testing.TB) map[string]picture {
	quickDrawn.Do(func() { quickDrawn.pictures = pictures(t, quick()) })
	return quickDrawn.pictures
}

// TestEveryChartCarriesItsEvidence: no picture leaves the house without interval, sample size, environment and commit.
func TestEveryChartCarriesItsEvidence(t *testing.T) {
	drawn := quickPictures(t)
	if want := 4*3 + 1 + 1; len(drawn) != want {
		t.Errorf("%d charts, want %d", len(drawn), want)
	}
	for name, p := range drawn {
		words := svgWords(t, p.svg)
		for _, want := range []string{"95% interval of", "10 blocks", "linux 6.18.5", "2 × Example CPU", "go1.26.8", "commit 1a2b3c4", "run 2026-12-01T10-22-05Z-1a2b3c4", "is better"} {
			if !strings.Contains(words, want) {
				t.Errorf("%s does not say %q; it says %s", name, want, words)
			}
		}
	}
}

// svgWords is all text that can be seen, and fails on a document that is not well-formed.
func svgWords(t testing.TB, svg []byte) string {
	t.Helper()
	var words []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	inside := ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return strings.Join(words, " ")
		}
		if err != nil {
			t.Fatalf("the SVG is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local
		case xml.CharData:
			if inside == "text" && len(bytes.TrimSpace(token)) > 0 {
				words = append(words, string(token))
			}
		}
	}
}

// TestLatencySaysWhatItIsNot: the tail of a closed loop is no tail of response times, and the chart says so in words.
func TestLatencySaysWhatItIsNot(t *testing.T) {
	for name, p := range quickPictures(t) {
		if !strings.HasPrefix(name, "latency-") {
			continue
		}
		if words := svgWords(t, p.svg); !strings.Contains(words, "closed loop") || !strings.Contains(words, "not a tail of response times") {
			t.Errorf("%s: %s", name, words)
		}
	}
}

// TestManyCurvesGetPanels: a knot of lines tells nothing, so each family has a panel with the reference beside it.
func TestManyCurvesGetPanels(t *testing.T) {
	s := small(append([]server{{"gnet/edge", "", "Go", 1.3, 500}, {"goroutine/splice", "", "Go", 1.2, 900}}, quickServers...)...)
	p := pictures(t, s)["latency-closed-64"]
	words := svgWords(t, p.svg)
	if families := 5; strings.Count(words, "bare") != families {
		t.Errorf("the reference belongs into each of %d panels: %s", families, words)
	}
	for _, want := range []string{"gnet", " edge ", " splice ", "grey: the other families", "fails 2 MUSTs"} {
		if !strings.Contains(words, want) {
			t.Errorf("the panels do not say %q: %s", want, words)
		}
	}
	for _, spot := range p.spots {
		if spot.X < 0 || spot.X > pageWidth.Points() || spot.Y < 0 || spot.Y > p.Page.height().Points() {
			t.Errorf("the hotspot of %s lies outside: %.1f, %.1f", spot.Name, spot.X, spot.Y)
		}
	}
	if words := svgWords(t, quickPictures(t)["latency-closed-64"].svg); strings.Contains(words, "other families") {
		t.Error("seven curves share one picture")
	}
}

func TestClientLimitedIsShownAndNotCompared(t *testing.T) {
	drawn := quickPictures(t)
	for _, name := range []string{"throughput-pipelined-16", "latency-pipelined-16"} {
		if words := svgWords(t, drawn[name].svg); strings.Count(words, "client-limited") != 5 || !strings.Contains(words, "not compared") {
			t.Errorf("%s should mark 5 of 7 servers: %s", name, words)
		}
	}
	if words := svgWords(t, drawn["cpu-pipelined-16"].svg); strings.Contains(words, "client-limited") {
		t.Error("CPU per request stays valid in client-limited cells, and the chart must not cast doubt on it")
	}
	if words := svgWords(t, drawn["throughput-closed-64"].svg); strings.Contains(words, "client-limited") || !strings.Contains(words, "9 to 10 blocks") {
		t.Errorf("one limited cell of ten is left out, and the sample size says so: %s", words)
	}
}

func TestFailedMustsStandBesideTheSpeed(t *testing.T) {
	for name, p := range quickPictures(t) {
		if words := svgWords(t, p.svg); strings.Count(words, "fails 2 MUSTs") != 2 {
			t.Errorf("%s does not mark gnet and netpoll: %s", name, words)
		}
	}
}

func TestDrawingIsDeterministic(t *testing.T) {
	const seed = 3
	first := quickPictures(t)
	for name, p := range pictures(t, quick()) {
		if !bytes.Equal(p.svg, first[name].svg) || !bytes.Equal(p.png, first[name].png) {
			t.Errorf("%s differs from one drawing to the next", name)
		}
	}
	dir := quick().write(t)
	shuffleLines(t, filepath.Join(dir, "records.jsonl"), seed)
	drawn, err := studyIn(t, dir).draw()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drawn {
		for _, p := range d.pictures {
			if !bytes.Equal(p.svg, first[p.File].svg) {
				t.Errorf("%s depends on the order of the records (seed %d)", p.File, seed)
			}
		}
	}
}

func shuffleLines(t *testing.T, path string, seed uint64) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines = lines[:len(lines)-1] // what follows the last newline is empty
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFontsHaveFallbacks(t *testing.T) {
	for name, p := range quickPictures(t) {
		if n := bytes.Count(p.svg, []byte("font-family")); n != 1 || !bytes.Contains(p.svg, []byte(`font-family="Liberation Sans, Arial, Helvetica, sans-serif"`)) {
			t.Errorf("%s: the root names the fonts, once; found %d", name, n)
		}
		if !bytes.Contains(p.svg, []byte("font-weight:600")) {
			t.Errorf("%s has no semibold title", name)
		}
		if !bytes.HasPrefix(p.png, []byte("\x89PNG")) {
			t.Errorf("%s: not a PNG", name)
		}
	}
}

// TestHotspotsLieOnTheMarkers compares with the picture itself: a circle's path begins one radius right of its centre.
func TestHotspotsLieOnTheMarkers(t *testing.T) {
	p := quickPictures(t)["cpu-closed-64"]
	if len(p.spots) != len(quickServers) {
		t.Fatalf("%d hotspots for %d servers", len(p.spots), len(quickServers))
	}
	starts := regexp.MustCompile(`<path d="M([0-9.]+),([0-9.]+)A`).FindAllSubmatch(p.svg, -1)
	height := p.Page.height().Points()
	for _, spot := range p.spots {
		if slices.Contains([]string{"bare", "reactor/poll"}, spot.Name) { // a diamond and a square
			continue
		}
		found := false
		for _, start := range starts {
			x, _ := strconv.ParseFloat(string(start[1]), 64)
			y, _ := strconv.ParseFloat(string(start[2]), 64)
			found = found || math.Abs(x-dotRadius-spot.X) < 0.02 && math.Abs(height-y-spot.Y) < 0.02
		}
		if !found {
			t.Errorf("no marker at the hotspot of %s (%.2f, %.2f)", spot.Name, spot.X, spot.Y)
		}
		if !strings.Contains(spot.Says, "95% interval of 10 blocks") {
			t.Errorf("%s says %q", spot.Name, spot.Says)
		}
	}
}

func TestCurveHotspotsReachTheTail(t *testing.T) {
	p := quickPictures(t)["latency-closed-64"]
	for _, want := range []string{"50% within", "99.9% within"} {
		n := 0
		for _, spot := range p.spots {
			if strings.HasPrefix(spot.Says, want) {
				n++
			}
		}
		if n != len(quickServers) {
			t.Errorf("%q is told of %d servers", want, n)
		}
	}
}

// TestMemoryBelowOneByteIsDrawn: a logarithm of zero or less panics in gonum, and noise can bring such a figure.
func TestMemoryBelowOneByteIsDrawn(t *testing.T) {
	s := small(server{"bare", "", "Go", 1, -3}, server{"gnet", "", "Go", 1, 0})
	words := svgWords(t, pictures(t, s)["memory-idle-2000"].svg)
	if !strings.Contains(words, "-") || !strings.Contains(words, " B") {
		t.Errorf("the label must keep the figure as measured: %s", words)
	}
}

// TestFewBlocksAreNotSoldAsAnInterval: below six blocks there is no 95% interval.
func TestFewBlocksAreNotSoldAsAnInterval(t *testing.T) {
	s := small()
	s.blocks = 4
	for name, p := range pictures(t, s) {
		if words := svgWords(t, p.svg); !strings.Contains(words, "too few for a 95% interval") {
			t.Errorf("%s: %s", name, words)
		}
	}
}

func TestWithoutReferenceTheChartIsAbsolute(t *testing.T) {
	s := small(quickServers[1:]...)
	words := svgWords(t, pictures(t, s)["cpu-closed-64"].svg)
	if !strings.Contains(words, "absolute, because bare has no figures here") || strings.Contains(words, "×–") {
		t.Error(words)
	}
}

// TestExtremeFiguresAreDrawn: a file may hold any number, and no axis may hang or panic over it.
func TestExtremeFiguresAreDrawn(t *testing.T) {
	for _, factor := range []float64{1e-300, 1e-9, 1e12, 1e300} {
		t.Run(fmt.Sprint(factor), func(t *testing.T) {
			dir := small(server{"bare", "", "Go", 1, 1e-9}, server{"gnet", "", "Go", 1, 1e300}).write(t)
			scaleFigures(t, filepath.Join(dir, "records.jsonl"), factor)
			if _, err := studyIn(t, dir).draw(); err != nil {
				t.Error(err)
			}
		})
	}
}

// scaleFigures multiplies gnet's figures in place.
func scaleFigures(t *testing.T, path string, factor float64) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	figures := regexp.MustCompile(`"(server_cpu_per_request_ns|requests_per_s)":([0-9.e+-]+)`)
	var out []byte
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		if bytes.Contains(line, []byte(`"impl":"gnet"`)) {
			line = figures.ReplaceAllFunc(line, func(m []byte) []byte {
				parts := figures.FindSubmatch(m)
				v, _ := strconv.ParseFloat(string(parts[2]), 64)
				return fmt.Appendf(nil, `"%s":%g`, parts[1], min(v*factor, 1e307))
			})
		}
		out = append(out, line...)
	}
	if err := os.WriteFile(path, out, 0o644); err != nil {
		t.Fatal(err)
	}
}
