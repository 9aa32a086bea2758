package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
