package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/csv"
	"html/template"
	"strconv"

	"reactorbench/results"
)

// A download is a file that travels inside the page, for who was sent the page alone.
type download struct {
	Name, About string
	Link        template.URL
	Bytes       int
}

// mostInside is how many bytes a download may add to the page, which has to stay small enough to send.
const mostInside = 80 << 10

// downloads are the figures as the tables have them and the records they follow from. What is too large stays beside the page.
func (s study) downloads() (all []download, err error) {
	figures, err := s.figuresCSV()
	if err != nil {
		return nil, err
	}
	all = append(all, inside("figures.csv", "every median with its interval, one line a figure", "text/csv", figures))
	var records bytes.Buffer
	if err := results.WriteCSV(&records, s.Run.Records()); err != nil {
		return nil, err
	}
	packed, err := gzipped(records.Bytes())
	if err != nil {
		return nil, err
	}
	all = append(all, inside("records.csv.gz", "every cell as it was measured, without its histogram", "application/gzip", packed))
	return all, nil
}

// inside packs a file into its link; without a link it is too large for the page.
func inside(name, about, kind string, data []byte) download {
	if base64.StdEncoding.EncodedLen(len(data)) > mostInside {
		return download{Name: name, About: about, Bytes: len(data)}
	}
	return download{name, about, template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)), len(data)}
}

func gzipped(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// figuresCSV names units in the figure's name, as records do.
func (s study) figuresCSV() ([]byte, error) {
	var out bytes.Buffer
	lines := csv.NewWriter(&out)
	head := []string{"run", "workload", "impl", "design", "figure", "median", "low", "high", "confidence", "blocks"}
	if err := lines.Write(head); err != nil {
		return nil, err
	}
	for _, w := range s.Workloads {
		for _, row := range w.Rows {
			for _, f := range s.estimates(w, row) {
				if !f.Known() {
					continue
				}
				line := []string{s.Name, w.Name, row.Impl, row.Design, f.name, number6(f.Median), number6(f.Low), number6(f.High), number6(f.Confidence), strconv.Itoa(f.N)}
				if err := lines.Write(line); err != nil {
					return nil, err
				}
			}
		}
	}
	lines.Flush()
	return out.Bytes(), lines.Error()
}

func number6(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

type namedEstimate struct {
	name string
	results.Estimate
}

func (s study) estimates(w workload, row results.Summary) []namedEstimate {
	return []namedEstimate{
		{"server_cpu_per_request_ns", row.CPUPerRequestNs},
		{"server_cpu_ratio_to_" + reference, row.CPURatio},
		{"client_cpu_per_request_ns", row.ClientCPUPerRequestNs},
		{"client_cpu_ratio_to_" + reference, row.ClientRatio},
		{"syscalls_per_request", s.callsPerRequest(w.Name, row.Impl)},
		{"requests_per_s", row.RequestsPerSecond},
		{"latency_p50_ns", row.LatencyP50Ns},
		{"latency_p99_ns", row.LatencyP99Ns},
		{"bytes_per_idle_conn", row.BytesPerIdleConn},
		{"server_peak_bytes", row.PeakBytes},
	}
}

// Size is the download in words.
func (d download) Size() string { return memory(float64(d.Bytes)) }
