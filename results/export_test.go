package results

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// benchstatVersion is pinned, so that a new release cannot turn a green tree red.
const benchstatVersion = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

func openSample(impl string, block int) Record {
	r := sample(impl, "open-20k", block)
	h := NewHistogram()
	h.RecordTimes(250_000, 900)
	h.RecordTimes(9_000_000, 100)
	r.Loop, r.Arrivals, r.AskedPerSecond, r.Offered = "open", "poisson", 20_000, 1000
	r.HDR, _ = h.Encode()
	r.ServiceHDR, r.SendLagHDR = r.HDR, r.HDR
	return r
}

// benchstat itself reads the text, takes the servers apart and finds the difference that is there.
func TestBenchstatReadsTheBenchmarks(t *testing.T) {
	var records []Record
	for block := range 10 {
		for _, impl := range []string{"bare", "reactor/epoll"} {
			r := openSample(impl, block)
			r.ServerCPUPerRequestNs += float64(block)
			if impl != "bare" {
				r.ServerCPUPerRequestNs *= 1.5
			}
			records = append(records, r)
		}
	}
	failed := sample("gnet", "open-20k", 0)
	failed.Error = "it died"
	dir := t.TempDir()
	if err := Export(dir, "benchstat", append(records, failed), Machine{OS: "linux", Architecture: "amd64", CPUModel: "a processor"}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", benchstatVersion, "-col", "/impl", filepath.Join(dir, "benchmarks.txt"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("benchstat: %v\n%s", err, &stderr)
	}
	t.Logf("\n%s", out)
	for _, want := range []string{"server-sec/req", "reactor:epoll", "+50.0", "cpu: a processor"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("benchstat does not say %q", want)
		}
	}
	if strings.Contains(string(out), "gnet") {
		t.Error("a failed cell is shown")
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasPrefix(line, "go: downloading") {
			t.Errorf("benchstat complains: %s", line)
		}
	}
}

func TestClientLimitedCellsExportTheirCPUOnly(t *testing.T) {
	r := openSample("bare", 0)
	r.ClientLimited = true
	var out bytes.Buffer
	if err := WriteBenchmarks(&out, []Record{r}, Machine{}); err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(out.String(), "BenchmarkLoad")
	if !strings.Contains(line, "server-sec/req") || strings.Contains(line, "p99-sec") || strings.Contains(line, "req/s ") {
		t.Errorf("%q", line)
	}
}

func TestCSVHasEveryFieldOfEveryCell(t *testing.T) {
	zero := int64(0)
	measured, failed := openSample("bare", 0), sample("gnet", "open-20k", 1)
	measured.StealNs, measured.Warnings = &zero, []string{"one, with a comma", "two"}
	failed.Error, failed.Faults = "it \"died\"", map[string]int64{"reset": 3, "late": 1}
	var out bytes.Buffer
	if err := WriteCSV(&out, []Record{measured, failed}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := func(row int, column string) string {
		for i, name := range rows[0] {
			if name == column {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %s", column)
		return ""
	}
	for _, c := range []struct {
		row          int
		column, want string
	}{
		{1, "impl", "bare"}, {1, "asked_per_s", "20000"}, {1, "steal_ns", "0"}, {1, "bytes_per_idle_conn", ""}, {1, "block", "0"},
		{1, "warnings", "one, with a comma; two"}, {1, "ts", "2027-01-15T08:00:00Z"}, {2, "error", `it "died"`}, {2, "faults", "late=1; reset=3"}, {2, "steal_ns", ""},
	} {
		if got := cell(c.row, c.column); got != c.want {
			t.Errorf("row %d, %s: %q, want %q", c.row, c.column, got, c.want)
		}
	}
	if strings.Contains(strings.Join(rows[0], " "), "hdr") {
		t.Error("the histograms are in the table")
	}
}

func TestPercentileTablesAddUpAllBlocks(t *testing.T) {
	dir := t.TempDir()
	records := []Record{openSample("reactor/epoll", 0), openSample("reactor/epoll", 1)}
	write(t, dir, records...)
	if err := Export(dir, "hgrm", records, Machine{}); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"", ".service", ".send-lag"} {
		text, err := os.ReadFile(filepath.Join(dir, hdrFolder, "reactor_epoll.open-20k"+what+".hgrm"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Value\tPercentile\tTotalCount\t1/(1-Percentile)", "#[Max     =", "Total count    =         2000"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%q lacks %q:\n%s", what, want, text)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, hdrFolder, "reactor_epoll.open-20k"+what+".hlog")); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if err := CheckExportFormats([]string{"csv", "xlsx"}); err == nil || !strings.Contains(err.Error(), `"xlsx"; there are benchstat, csv, github, hgrm`) {
		t.Errorf("%v", err)
	}
	if err := Export(t.TempDir(), "xlsx", nil, Machine{}); err == nil {
		t.Error("no error")
	}
}
