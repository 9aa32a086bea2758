package main

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A reader has the page open in a real browser and does what readers do. Whatever happens, the page may ask for nothing.
type reader struct {
	*testing.T
	ctx context.Context

	mu    sync.Mutex
	asked []string // addresses that the browser requested
}

// A screen is what a reader looks at.
type screen struct {
	width    int
	scheme   string // light or dark
	media    string // screen or print
	noScript bool
}

var desk = screen{width: 1200, scheme: "light", media: "screen"}

// read opens the page of a run.
func read(t *testing.T, path string, s screen) *reader {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.WindowSize(s.width, 900))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocator)
	t.Cleanup(leave)
	ctx, timeout := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(timeout)

	r := &reader{T: t, ctx: ctx}
	t.Cleanup(r.checkQuiet)
	r.do(network.Enable(), emulation.SetScriptExecutionDisabled(s.noScript), emulation.SetEmulatedMedia().WithMedia(s.media).WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: s.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}))
	chromedp.ListenTarget(ctx, r.listen)
	r.do(chromedp.Navigate("file://" + path))
	return r
}

func (r *reader) listen(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		r.asked = append(r.asked, event.Request.URL)
	}
}

// checkQuiet fails the test if anything but the page itself was asked for.
func (r *reader) checkQuiet() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) == 0 {
		r.Error("the listener heard not even the page being asked for")
	}
	for _, address := range r.asked {
		if !strings.HasPrefix(address, "file://") || !strings.Contains(address, "/report.html") {
			r.Errorf("the page asked for %s", address)
		}
	}
}

func (r *reader) do(actions ...chromedp.Action) {
	r.Helper()
	if err := chromedp.Run(r.ctx, actions...); err != nil {
		r.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](r *reader, expression string) (answer T) {
	r.Helper()
	if err := chromedp.Run(r.ctx, chromedp.Evaluate(expression, &answer)); err != nil {
		r.Fatalf("%s: %v", expression, err)
	}
	return answer
}

func (r *reader) click(selector string) {
	r.Helper()
	r.do(chromedp.Click(selector, chromedp.ByQuery))
}

// expect waits for something to become so: a browser follows a link, goes back and reloads in its own time.
func (r *reader) expect(what string, so func() bool) {
	r.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("not so: %s", what)
		}
	}
}

// shown are the data-* values of the elements that have a place on the screen.
func (r *reader) shown(selector, data string) []string {
	r.Helper()
	return ask[[]string](r, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((e) => e.checkVisibility()).map((e) => e.dataset[%q])`, selector, data))
}

// reportOf writes a run's page and returns its path.
func reportOf(t *testing.T, s synthetic) string {
	t.Helper()
	dir := s.write(t)
	pageOf(t, dir)
	return filepath.Join(dir, "report.html")
}

// TestReaderFilters: what is shown stands in the address, survives a reload, goes back and forth, and can be sent.
func TestReaderFilters(t *testing.T) {
	path := reportOf(t, small())
	r := read(t, path, desk)
	workloads := func(want ...string) func() bool {
		return func() bool { return slices.Equal(r.shown(".workload", "workload"), want) }
	}
	rows := func(want ...string) func() bool {
		return func() bool { return slices.Equal(r.shown(`[data-workload="idle-2000"] tr[data-impl]`, "impl"), want) }
	}
	address := func(want string) func() bool { return func() bool { return ask[string](r, "location.hash") == want } }
	all := r.shown(`[data-workload="idle-2000"] tr[data-impl]`, "impl")
	r.expect("at first everything is shown", workloads("closed-64", "idle-2000"))

	r.click(`.chips a[data-value="idle-2000"]`)
	r.expect("a chip leaves its workload", workloads("idle-2000"))
	r.expect("the address says so", address("#workload=idle-2000"))
	r.click(`.chips a[data-value="gnet"]`)
	r.expect("a server leaves itself and the reference", rows("bare", "gnet"))
	r.click(`.chips a[data-value="netpoll"]`)
	r.expect("servers add up", rows("bare", "gnet", "netpoll"))
	r.expect("in the matrix too", func() bool {
		return slices.Equal(r.shown(".matrix .server", "impl"), []string{"bare", "gnet", "netpoll"})
	})

	r.do(chromedp.Evaluate("history.back()", nil))
	r.expect("back takes the last choice back", rows("bare", "gnet"))
	r.expect("in the address too", address("#workload=idle-2000&servers=gnet"))
	r.do(chromedp.Evaluate("history.forward()", nil))
	r.expect("forward makes it again", rows("bare", "gnet", "netpoll"))
	r.do(chromedp.Reload())
	r.expect("a reload keeps it", rows("bare", "gnet", "netpoll"))
	r.expect("and the workload", workloads("idle-2000"))

	r.click(`.chips a[data-value="netpoll"]`)
	r.expect("a second click takes a server away", rows("bare", "gnet"))
	r.click(`.chips a[data-filter="sound"]`)
	r.expect("both must hold, and gnet breaks MUSTs", rows("bare"))
	r.click(`.chips a[data-filter="servers"][data-value=""]`)
	r.expect("all servers are back", rows(all...))
}

// TestReaderIsSentALink: it shows what its sender saw, and what the page cannot know is ignored.
func TestReaderIsSentALink(t *testing.T) {
	r := read(t, reportOf(t, small())+"#workload=closed-64&sound=yes&servers=nobody", desk)
	r.expect("only the workload is shown", func() bool { return slices.Equal(r.shown(".workload", "workload"), []string{"closed-64"}) })
	r.expect("and of the servers those that break no MUST", func() bool {
		shown := r.shown(`[data-workload="closed-64"] tr[data-impl]`, "impl")
		return len(shown) == len(quickServers)-2 && !slices.Contains(shown, "gnet") && !slices.Contains(shown, "netpoll")
	})
	r.expect("the chosen chips are marked", func() bool {
		return ask[int](r, `document.querySelectorAll('.chips a[aria-current][data-value="closed-64"], .chips a[aria-current][data-filter="sound"]').length`) == 3
	})
}

// TestReaderSorts: a click on a heading sorts by it, a second one turns the order; the keyboard does the same.
func TestReaderSorts(t *testing.T) {
	r := read(t, reportOf(t, small()), desk)
	const table = `[data-workload="closed-64"] table.sortable`
	names := func() []string { return r.shown(table+" tr[data-impl]", "impl") }
	cheapest := names()
	if cheapest[0] != "bare" || cheapest[len(cheapest)-1] != "netpoll" {
		t.Errorf("the table begins with the cheapest, got %q", cheapest)
	}
	r.click(table + " th:nth-child(1) button")
	r.expect("a click sorts by name", func() bool { return slices.IsSorted(names()) })
	r.click(table + " th:nth-child(2) button")
	r.expect("another by its figure, upwards", func() bool { return slices.Equal(names(), cheapest) })
	r.click(table + " th:nth-child(2) button")
	dearest := slices.Clone(cheapest)
	slices.Reverse(dearest)
	r.expect("a second click turns the order", func() bool { return slices.Equal(names(), dearest) })
	r.expect("and it is said aloud", func() bool {
		return ask[string](r, fmt.Sprintf("document.querySelector(%q).ariaSort", table+" th:nth-child(2)")) == "descending"
	})
	r.do(chromedp.Focus(table+" th:nth-child(1) button", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	r.expect("Enter sorts by name", func() bool { return slices.IsSorted(names()) })
}

// TestReaderPoints: pointing at a value and stepping to it with the keyboard say the same.
func TestReaderPoints(t *testing.T) {
	r := read(t, reportOf(t, small()), desk)
	const figure = `figure[data-chart="cpu-closed-64"]`
	r.do(chromedp.ScrollIntoView(figure, chromedp.ByQuery))
	place := ask[[]float64](r, fmt.Sprintf(`(() => {
		const svg = document.querySelector(%q), box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
		const spot = hotspots["cpu-closed-64"][2];
		return [box.left + spot.x * scale, box.top + spot.y * scale, box.top + 2];
	})()`, figure+" .plot > svg"))
	tip := func(want string) func() bool {
		return func() bool {
			says := ask[string](r, fmt.Sprintf(`(() => { const tip = document.querySelector(%q); return tip.checkVisibility() ? tip.innerText : ""; })()`, figure+" .tip"))
			return says == want
		}
	}
	spot := func(i int) string {
		return ask[string](r, fmt.Sprintf(`(() => { const spot = hotspots["cpu-closed-64"][%d]; return spot.n + "\n" + spot.s; })()`, i))
	}
	if !strings.Contains(spot(2), "×") {
		t.Errorf("a value with its unit, got %q", spot(2))
	}

	r.do(chromedp.MouseEvent(input.MouseMoved, place[0]+30, place[1]+2))
	r.expect("pointing at a row shows its value", tip(spot(2)))
	r.expect("the ring lies on the value", func() bool {
		ring := ask[[]float64](r, fmt.Sprintf(`(() => { const b = document.querySelector(%q).getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()`, figure+" .ring"))
		return math.Hypot(ring[0]-place[0], ring[1]-place[1]) < 1.5
	})
	r.do(chromedp.MouseEvent(input.MouseMoved, place[0], place[2]))
	r.expect("pointing elsewhere hides it", tip(""))

	r.do(chromedp.Focus(figure+" .plot", chromedp.ByQuery), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	r.expect("arrow keys step through the values", tip(spot(2)))
	r.do(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.ArrowRight))
	r.expect("after the last comes the first", tip(spot(0)))
	r.do(chromedp.KeyEvent(kb.Escape))
	r.expect("Escape hides it", tip(""))
}

// TestReaderAsksWhyAServerFails: from the mark beside a speed, from the list and from the matrix, a click leads to what happened.
func TestReaderAsksWhyAServerFails(t *testing.T) {
	r := read(t, reportOf(t, small()), desk)
	seen := func(selector string) func() bool {
		return func() bool {
			return ask[bool](r, fmt.Sprintf(`(() => { const e = document.querySelector(%q), b = e.getBoundingClientRect(); return e.checkVisibility() && b.top < innerHeight && b.bottom > 0; })()`, selector))
		}
	}
	const outcome = `[id="check-close/half-close-backlog"] .outcome[data-impl="netpoll"]`
	if seen(outcome)() {
		t.Error("the account is folded at first")
	}
	r.click(`[data-workload="closed-64"] tr[data-impl="netpoll"] .mark`)
	r.expect("the mark leads to the list", seen("#fails-netpoll li"))
	r.click(`#fails-netpoll a[href*="half-close-backlog"]`)
	r.expect("the list leads to the account", seen(outcome))
	r.do(chromedp.Reload())
	r.expect("so does a link that was sent", seen(outcome))

	r.do(chromedp.Evaluate(`document.querySelectorAll("details.check").forEach((one) => { one.open = false; })`, nil))
	r.click(`details.check:has([id="check-close/half-close-backlog"]) > summary > .bad`)
	r.expect("so does the cell of the matrix", seen(outcome))
	r.expect("at the server of the cell", func() bool { return ask[string](r, `document.activeElement.dataset.impl || ""`) == "gnet" })
}

// TestPageWithoutScript: everything is there and nothing that needs a script is.
func TestPageWithoutScript(t *testing.T) {
	s := desk
	s.noScript = true
	r := read(t, reportOf(t, small()), s)
	if class := ask[string](r, "document.documentElement.className"); class != "" {
		t.Error("a script ran")
	}
	r.expect("all workloads are shown", func() bool { return len(r.shown(".workload", "workload")) == 2 })
	r.expect("filters are not", func() bool { return len(r.shown(".chips a", "value")) == 0 })
	r.click(`#fails-gnet > summary`)
	r.expect("details open", func() bool { return ask[bool](r, `document.querySelector("#fails-gnet li").checkVisibility()`) })
}

// TestPageOnPaper: nothing is folded or filtered on paper, and afterwards the page is as before.
func TestPageOnPaper(t *testing.T) {
	path := reportOf(t, small())
	r := read(t, path+"#workload=idle-2000", desk)
	folded := func() int { return ask[int](r, `document.querySelectorAll("details:not([open]):not(.clean)").length`) }
	before := folded()
	r.do(chromedp.Evaluate(`addEventListener("beforeprint", () => { window.folded = document.querySelectorAll("details:not([open]):not(.clean)").length; })`, nil))
	r.do(chromedp.ActionFunc(func(ctx context.Context) error {
		paper, _, err := cdpage.PrintToPDF().Do(ctx)
		if !strings.HasPrefix(string(paper), "%PDF-") {
			t.Error("nothing was printed")
		}
		return err
	}))
	r.expect("nothing is folded on paper", func() bool { return ask[int](r, "window.folded") == 0 })
	r.expect("and is folded again afterwards", func() bool { return before > 0 && folded() == before })

	onPaper := desk
	onPaper.media = "print"
	r = read(t, path+"#workload=idle-2000&servers=gnet", onPaper)
	r.expect("paper has every workload", func() bool { return len(r.shown(".workload", "workload")) == 2 })
	r.expect("and every server", func() bool {
		return len(r.shown(`[data-workload="closed-64"] tr[data-impl]`, "impl")) == len(quickServers)
	})
	r.expect("and no filters", func() bool { return len(r.shown(".chips a", "value")) == 0 })
}

//go:embed testdata/accessibility.js
var accessibility string

// TestAccessibility: text stands out from its ground in both themes, headings are in order, tables name their headings, controls have
// names, and nothing sticks out sideways on a telephone.
func TestAccessibility(t *testing.T) {
	path := reportOf(t, small())
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1200, 500} {
			t.Run(fmt.Sprintf("%s, %d pixels", scheme, width), func(t *testing.T) {
				s := desk
				s.scheme, s.width = scheme, width
				r := read(t, path, s)
				for _, problem := range ask[[]string](r, accessibility) {
					t.Error(problem)
				}
			})
		}
	}
}

// TestAccessibilityFindsFaults: a check that cannot fail checks nothing.
func TestAccessibilityFindsFaults(t *testing.T) {
	r := read(t, reportOf(t, small(quickServers[0])), desk)
	for _, fault := range []struct{ html, says string }{
		{`<p style="color: #999; background: #fff">pale</p>`, "contrast"},
		{`<h2>Two</h2><h4>Four</h4>`, "heading"},
		{`<table><thead><tr><th>x</th></tr></thead></table>`, "scope"},
		{`<button></button>`, "name"},
		{`<div style="width: 3000px">wide</div>`, "sideways"},
	} {
		problems := ask[[]string](r, fmt.Sprintf("document.querySelector('main').innerHTML = %q; %s", fault.html, accessibility))
		if !strings.Contains(strings.Join(problems, "\n"), fault.says) {
			t.Errorf("%s: found only %q", fault.html, problems)
		}
	}
}
