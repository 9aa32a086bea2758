// Command loadgen stands in for the load generator where a test is about what its caller makes of the records: on the machine that it
// measures a request costs 1000 ns and a turn of the burning loop half of one, always. In the first run of a folder one slice has
// no answer, as on a machine that had no time for it. What else befalls a slice says CALM: "faults" or "silence", in every run.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	base := flag.String("base", "", "folder")
	workload := flag.String("workload", "", "name")
	blocks := flag.Int("blocks", 1, "number")
	out := flag.String("out", "", "folder")
	flag.String("duration", "", "of no effect")
	flag.Parse()
	head := flag.Arg(0)
	costs := map[string]float64{"base": 1000 + turns(*base)/2, "head": 1000 + turns(head)/2}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	records, err := os.Create(filepath.Join(*out, "records.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	lines := json.NewEncoder(records)
	failed := false
	for block := range *blocks {
		for role, cost := range costs {
			record := map[string]any{"schema": 1, "purpose": "pair", "impl": "burn", "pair": filepath.Base(head), "role": role, "workload": *workload, "block": block}
			switch why := mishap(*out, block, role); why {
			case "":
				record["requests"], record["server_cpu_per_request_ns"] = 1000, cost
			case "faults":
				record["error"], record["faults"] = "a connection received the wrong bytes", map[string]int{"wrong_bytes": 1}
			default:
				record["error"] = "no request was answered within the window of 40ms"
			}
			failed = failed || record["error"] != nil
			if err := lines.Encode(record); err != nil {
				log.Fatal(err)
			}
		}
	}
	if failed {
		fmt.Fprintln(os.Stderr, "some slices have no figures")
		os.Exit(1)
	}
}

func mishap(out string, block int, role string) string {
	switch {
	case block > 0 || role == "base":
		return ""
	case strings.HasPrefix(filepath.Base(out), "01-"):
		return "silence"
	}
	return os.Getenv("CALM")
}

func turns(folder string) (n float64) {
	text, err := os.ReadFile(filepath.Join(folder, "impl.json"))
	if err != nil {
		log.Fatal(err)
	}
	var manifest struct{ Variants []struct{ Env []string } }
	if err := json.Unmarshal(text, &manifest); err != nil {
		log.Fatal(err)
	}
	if _, err := fmt.Sscanf(manifest.Variants[0].Env[0], "BURN=%g", &n); err != nil {
		log.Fatal(err)
	}
	return n
}
