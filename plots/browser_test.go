package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// browser finds a Chromium, or skips the test with the reason.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed (apt-get install chromium), so nobody has looked at the page")
	return ""
}

// dumpDOM opens a page without any network of its own and returns the document after its scripts ran.
func dumpDOM(t *testing.T, path, hash string, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	arguments := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--dump-dom",
	}, flags...)
	cmd := exec.CommandContext(ctx, browser(t), append(arguments, "file://"+path+hash)...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args[0], err)
	}
	return string(out)
}

//go:embed testdata/driver.js
var driver string

// TestBrowser lets a real browser do what readers do: follow a link to one workload, sort, point, use the keyboard, print. The
// page is the product's; a driver that clicks is put behind its script.
func TestBrowser(t *testing.T) {
	browser(t)
	for _, width := range []int{1200, 500} {
		t.Run(fmt.Sprintf("%d pixels", width), func(t *testing.T) {
			path := drivenPage(t, small())
			dom := dumpDOM(t, path, "#workload=idle-2000", fmt.Sprintf("--window-size=%d,900", width))
			_, rest, found := strings.Cut(dom, `<pre id="outcome">`)
			if !found {
				t.Fatalf("the driver came to no end; the page ends with %s", dom[max(0, len(dom)-500):])
			}
			text, _, _ := strings.Cut(rest, "</pre>")
			checkOutcome(t, html.UnescapeString(text))
		})
	}
}

// drivenPage writes the page with the driver behind its script.
func drivenPage(t *testing.T, s synthetic) string {
	arranged := studyOf(t, s)
	drawn, err := arranged.draw()
	if err != nil {
		t.Fatal(err)
	}
	r, err := newReport(arranged, drawn)
	if err != nil {
		t.Fatal(err)
	}
	script := reportScript + driver
	r.Script, r.Policy = template.JS(script), policy(script)
	page, err := r.html()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func checkOutcome(t *testing.T, text string) {
	var got struct {
		Shown                           []string
		Chip                            string
		ShownAfterwards                 int
		Unsorted, Ascending, Descending []string
		Sorted                          string
		Tip, Wanted                     string
		RingOff                         float64
		TipGone                         bool
		Keyed, KeyedWanted              string
		FoldedInPrint                   int
		FoldedAgain                     bool
		Overflow                        int
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	reversed := slices.Clone(got.Ascending)
	slices.Reverse(reversed)
	for _, check := range []struct {
		what string
		ok   bool
	}{
		{"the address chooses the workload", slices.Equal(got.Shown, []string{"idle-2000"}) && got.Chip == "idle-2000"},
		{"another address shows all", got.ShownAfterwards == 2},
		{"the table begins with the cheapest", got.Unsorted[0] == "bare" && slices.Equal(got.Unsorted, got.Ascending)},
		{"a second click turns the order", slices.Equal(got.Descending, reversed) && got.Sorted == "descending"},
		{"pointing at a row shows its value", got.Tip == got.Wanted && got.Tip != ""},
		{"the ring lies on the value", math.Abs(got.RingOff) < 1.5},
		{"pointing elsewhere hides it", got.TipGone},
		{"arrow keys step through the values", got.Keyed == got.KeyedWanted},
		{"nothing is folded on paper", got.FoldedInPrint == 0},
		{"and is folded again afterwards", got.FoldedAgain},
		{"nothing sticks out sideways", got.Overflow <= 0},
	} {
		if !check.ok {
			t.Errorf("not so: %s (%s)", check.what, text)
		}
	}
}

// TestBrowserRefusesStrangers: even if a script or a picture got into the page, its policy would stop them.
func TestBrowserRefusesStrangers(t *testing.T) {
	browser(t)
	var requests atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer stranger.Close()

	intrusion := `<script>document.title = "taken over"</script><img src="` + stranger.URL + `/x.png" />`
	for _, test := range []struct {
		name   string
		page   string
		obeyed bool
	}{
		{"with the policy", pageOf(t, small(quickServers[0]).write(t)), false},
		{"without it", "<!doctype html><html><head><title>x</title></head><body></body></html>", true}, // the intrusion does work
	} {
		t.Run(test.name, func(t *testing.T) {
			requests.Store(0)
			path := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(path, []byte(strings.Replace(test.page, "</body>", intrusion+"</body>", 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			dom := dumpDOM(t, path, "")
			if got := strings.Contains(dom, "<title>taken over</title>"); got != test.obeyed {
				t.Errorf("the strange script ran: %t, want %t", got, test.obeyed)
			}
			if got := requests.Load() > 0; got != test.obeyed {
				t.Errorf("a picture was asked for: %t, want %t", got, test.obeyed)
			}
		})
	}
}
