package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// A Workload is what is asked of a server. In a file every field stands by its name; one that is not there is zero.
type Workload struct {
	Name  string `json:"-"` // the file's name without .json
	About string `json:"about"`
	Loop  string `json:"loop"` // "closed", "open" or "idle", see the package comment
	Conns int    `json:"conns"`
	Depth int    `json:"depth,omitempty"` // requests in flight on each connection; of an open loop the most, 0 is no limit

	RequestsPerConn   int          `json:"requests_per_conn,omitempty"` // churn: after so many a connection is closed and another opened; 0: never
	Storm             bool         `json:"storm,omitempty"`             // the new connections come all at once, when the last of the old ones is closed
	StalledConns      int          `json:"stalled_conns,omitempty"`     // further connections that send all they can and never read
	ConnectsPerSecond float64      `json:"connects_per_s,omitempty"`    // the pace at which connections are opened at first; 0: as fast as the server takes them
	Sources           netip.Prefix `json:"sources,omitzero"`            // addresses that connections begin at in turn, such as 127.0.1.0/28; absent: where the kernel chooses

	// How long requests are: exactly one of these.
	MessageBytes int         `json:"message_bytes,omitempty"`
	Mix          []SizeShare `json:"mix,omitempty"`    // sizes at random, each with its share
	Ladder       []int       `json:"ladder,omitempty"` // sizes that every connection takes in turn

	// When requests are sent, open loop only: exactly one of Rate, Ramp, Steps and TraceUs.
	Rate     float64   `json:"rate,omitempty"`     // requests per second over all connections
	Ramp     *Ramp     `json:"ramp,omitempty"`     // a rate that goes evenly from one value to another
	Steps    []Step    `json:"steps,omitempty"`    // rates one after the other; the last stays
	TraceUs  []float64 `json:"trace_us,omitempty"` // recorded gaps before each request in µs, over and over again
	Arrivals string    `json:"arrivals,omitempty"` // "poisson" (the default): exponential gaps, as of many independent users; "constant": even ones
}

// A Ramp takes so many milliseconds and stays at its end.
type Ramp struct {
	From float64 `json:"from"` // requests per second
	To   float64 `json:"to"`
	Ms   int     `json:"ms"`
}

// A Step is a rate for so many milliseconds.
type Step struct {
	Rate float64 `json:"rate"` // requests per second
	Ms   int     `json:"ms"`
}

// loadWorkload finds a workload by its name, or in a file if name looks like one, and sets the fields that overrides name.
func loadWorkload(name string, overrides []override) (Workload, error) {
	w := Workload{Name: strings.TrimSuffix(filepath.Base(name), ".json")}
	if err := load("workload", name, &w); err != nil {
		return Workload{}, err
	}
	for _, o := range overrides {
		if err := o.apply(&w); err != nil {
			return Workload{}, err
		}
		w.Name += "," + o.String()
	}
	if err := w.validate(); err != nil {
		return Workload{}, fmt.Errorf("workload %s: %w", name, err)
	}
	return w, nil
}

// An override is a field of a workload that a flag sets.
type override struct{ field, value string }

// String becomes a part of the workload's name: its records must not pass for those of the file.
func (o override) String() string {
	if o.isWord() {
		return o.field + "=" + o.value
	}
	return o.field
}

// apply sets the field as a file would.
func (o override) apply(w *Workload) error {
	text := fmt.Sprintf("{%q: %s}", o.field, o.value)
	err := decodeStrictly([]byte(text), w)
	if err != nil && o.isText() && !json.Valid([]byte(o.value)) {
		err = decodeStrictly(fmt.Appendf(nil, "{%q: %q}", o.field, o.value), w)
	}
	if err != nil {
		return fmt.Errorf("-set %s=%s: %w", o.field, o.value, err)
	}
	switch o.field { // of fields that exclude each other the flag's is meant
	case "message_bytes":
		w.Mix, w.Ladder = nil, nil
	case "mix":
		w.MessageBytes, w.Ladder = 0, nil
	case "ladder":
		w.MessageBytes, w.Mix = 0, nil
	case "rate":
		w.Ramp, w.Steps, w.TraceUs = nil, nil, nil
	case "ramp":
		w.Rate, w.Steps, w.TraceUs = 0, nil, nil
	case "steps":
		w.Rate, w.Ramp, w.TraceUs = 0, nil, nil
	case "trace_us":
		w.Rate, w.Ramp, w.Steps = 0, nil, nil
	}
	return nil
}

// isText reports whether the value may be a text without its quotation marks.
func (o override) isText() bool { return o.value != "" && !strings.ContainsAny(o.value, `"{}[] `) }

// isWord reports whether the value may be a part of a file's name.
func (o override) isWord() bool { return o.isText() && !strings.Contains(o.value, "/") }

// inFlight is how many requests of a closed loop are unanswered at any moment.
func (w Workload) inFlight() int { return w.Conns * w.Depth }

// sizes is how long its requests are, for a cell of this seed.
func (w Workload) sizes(seed uint64) sizes {
	switch {
	case len(w.Mix) > 0:
		return mixed(w.Mix, seed)
	case len(w.Ladder) > 0:
		return ladder(w.Ladder)
	}
	return fixedSize(w.MessageBytes)
}

// schedule is when its requests are due.
func (w Workload) schedule() Schedule {
	if w.Loop != "open" {
		return Schedule{Depth: w.Depth}
	}
	return Schedule{Depth: w.Depth, Open: w.profile()}
}

func (w Workload) profile() *Profile {
	p := &Profile{Poisson: w.Arrivals != "constant"}
	switch {
	case w.Ramp != nil:
		p.Pieces = []Piece{{From: w.Ramp.From, To: w.Ramp.To, For: milliseconds(w.Ramp.Ms)}}
	case len(w.Steps) > 0:
		for _, s := range w.Steps {
			p.Pieces = append(p.Pieces, Piece{From: s.Rate, To: s.Rate, For: milliseconds(s.Ms)})
		}
	case len(w.TraceUs) > 0:
		for _, gap := range w.TraceUs {
			p.Trace = append(p.Trace, int64(gap*float64(time.Microsecond)))
		}
	default:
		p.Pieces = []Piece{{From: w.Rate, To: w.Rate}}
	}
	return p
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// arrivals names the schedule for a record and for people.
func (w Workload) arrivals() string {
	if w.Loop != "open" {
		return ""
	}
	spacing := "poisson"
	if w.Arrivals != "" {
		spacing = w.Arrivals
	}
	switch {
	case w.Ramp != nil:
		return spacing + " ramp"
	case len(w.Steps) > 0:
		return spacing + " steps"
	case len(w.TraceUs) > 0:
		return "trace"
	}
	return spacing
}
