package main

import (
	"errors"
	"fmt"
	"math"
)

const (
	largestMessage = 64 << 20
	highestRate    = 10_000_000 // requests a second; no engine reaches it
)

// validate names the first field that cannot be. The bounds keep a typing error from filling the memory or the port range.
func (w Workload) validate() error {
	switch {
	case w.Loop != "closed" && w.Loop != "open" && w.Loop != "idle":
		return fmt.Errorf("field loop is %q; it may be closed, open or idle", w.Loop)
	case w.Conns < 1 || w.Conns > 20_000:
		return fmt.Errorf("field conns is %d; it may be 1 to 20000", w.Conns)
	case w.Loop == "idle" && w.Depth != 1:
		return fmt.Errorf("field depth is %d; an idle workload sends one request on each connection", w.Depth)
	case w.Loop == "closed" && (w.Depth < 1 || w.Depth > 4096):
		return fmt.Errorf("field depth is %d; it may be 1 to 4096", w.Depth)
	case w.Depth < 0 || w.Depth > 4096:
		return fmt.Errorf("field depth is %d; it may be 0 (no limit) to 4096 in an open loop", w.Depth)
	}
	if err := w.validateConnections(); err != nil {
		return err
	}
	if err := w.validateSizes(); err != nil {
		return err
	}
	return w.validateSchedule()
}

func (w Workload) validateConnections() error {
	switch {
	case w.RequestsPerConn < 0 || w.RequestsPerConn > 1_000_000:
		return fmt.Errorf("field requests_per_conn is %d; it may be 0 (never closed) to 1000000", w.RequestsPerConn)
	case w.Storm && (w.Loop != "closed" || w.RequestsPerConn == 0):
		return errors.New("field storm needs a closed loop with requests_per_conn: after so many a connection waits for the next storm")
	case w.Storm && w.ConnectsPerSecond > 0:
		return errors.New("fields storm and connects_per_s exclude each other: a storm has no pace")
	case w.StalledConns < 0 || w.StalledConns > 1000:
		return fmt.Errorf("field stalled_conns is %d; it may be 0 to 1000", w.StalledConns)
	case w.ConnectsPerSecond < 0 || w.ConnectsPerSecond > 0 && w.ConnectsPerSecond < 1:
		return fmt.Errorf("field connects_per_s is %g; it may be 0 (no pace) or from 1 on", w.ConnectsPerSecond)
	case w.Loop == "idle" && (w.RequestsPerConn > 0 || w.StalledConns > 0):
		return errors.New("an idle workload has neither requests_per_conn nor stalled_conns")
	}
	return validateSources(w.Sources)
}

// ownDescriptors are those that a server or the generator has beside its connections.
const ownDescriptors = 64

// fits refuses more connections than a process with this descriptor limit can hold; 0 is a limit that is not known.
func (w Workload) fits(limit int) error {
	if needed := w.Conns + w.StalledConns + ownDescriptors; limit > 0 && needed > limit {
		return fmt.Errorf("workload %s needs %d descriptors in one process, and the limit is %d: raise it with ulimit -n, or take fewer with -conns",
			w.Name, needed, limit)
	}
	return nil
}

// spinning is the name of the engine that never sleeps.
const spinning = "spin"

// needsEpoll names a field that the epoll engine can do and this one cannot, "" if there is none.
func (w Workload) needsEpoll(engine string) string {
	switch {
	case engine == "epoll" || engine == spinning:
		return ""
	case w.RequestsPerConn > 0:
		return "requests_per_conn"
	case w.StalledConns > 0:
		return "stalled_conns"
	case engine == "io_uring":
		return ""
	case w.Loop == "open":
		return "loop open"
	case w.ConnectsPerSecond > 0:
		return "connects_per_s"
	case w.Sources.IsValid():
		return "sources"
	}
	return ""
}

func (w Workload) validateSizes() error {
	if given := count(w.MessageBytes != 0, len(w.Mix) > 0, len(w.Ladder) > 0); given != 1 {
		return fmt.Errorf("%d of the fields message_bytes, mix and ladder are set; one must be", given)
	}
	if w.MessageBytes != 0 {
		return validateSize("message_bytes", w.MessageBytes)
	}
	var shares float64
	for _, s := range w.Mix {
		if err := validateSize("mix", s.Bytes); err != nil {
			return err
		}
		if s.Share <= 0 {
			return fmt.Errorf("field mix has a share of %g; it must be positive", s.Share)
		}
		shares += s.Share
	}
	if len(w.Mix) > 0 && math.Abs(shares-1) > 1e-6 {
		return fmt.Errorf("field mix has shares that sum to %g; they must sum to 1", shares)
	}
	for _, n := range w.Ladder {
		if err := validateSize("ladder", n); err != nil {
			return err
		}
	}
	return nil
}

func validateSize(field string, bytes int) error {
	if bytes < 1 || bytes > largestMessage {
		return fmt.Errorf("field %s is %d; it may be 1 to %d", field, bytes, largestMessage)
	}
	return nil
}

func (w Workload) validateSchedule() error {
	given := count(w.Rate != 0, w.Ramp != nil, len(w.Steps) > 0, len(w.TraceUs) > 0)
	switch {
	case w.Loop != "open" && (given > 0 || w.Arrivals != ""):
		return fmt.Errorf("field %s belongs to an open loop; loop is %s", w.firstScheduleField(), w.Loop)
	case w.Loop != "open":
		return nil
	case given != 1:
		return fmt.Errorf("%d of the fields rate, ramp, steps and trace_us are set; an open loop needs one", given)
	case w.Arrivals != "" && w.Arrivals != "poisson" && w.Arrivals != "constant":
		return fmt.Errorf("field arrivals is %q; it may be poisson or constant", w.Arrivals)
	case w.Arrivals != "" && len(w.TraceUs) > 0:
		return fmt.Errorf("field arrivals is %q, but trace_us says when requests are sent", w.Arrivals)
	case w.Rate != 0:
		return validateRate("rate", w.Rate)
	case w.Ramp != nil:
		return w.Ramp.validate()
	}
	for _, s := range w.Steps {
		if err := validateRate("steps", s.Rate); err != nil {
			return err
		}
		if s.Ms < 1 {
			return fmt.Errorf("field steps has a step of %d ms; it must be at least 1", s.Ms)
		}
	}
	for _, gap := range w.TraceUs {
		if gap < 0.1 || gap > 60e6 {
			return fmt.Errorf("field trace_us has a gap of %g; it may be 0.1 to 60000000", gap)
		}
	}
	return nil
}

func (r *Ramp) validate() error {
	switch {
	case r.Ms < 1:
		return fmt.Errorf("field ramp.ms is %d; it must be at least 1", r.Ms)
	case r.From < 0 || r.From > highestRate:
		return fmt.Errorf("field ramp.from is %g; it may be 0 to %d requests a second", r.From, highestRate)
	}
	return validateRate("ramp.to", r.To)
}

func validateRate(field string, rate float64) error {
	if !(rate > 0 && rate <= highestRate) {
		return fmt.Errorf("field %s is %g; it may be above 0 to %d requests a second", field, rate, highestRate)
	}
	return nil
}

func (w Workload) firstScheduleField() string {
	switch {
	case w.Rate != 0:
		return "rate"
	case w.Ramp != nil:
		return "ramp"
	case len(w.Steps) > 0:
		return "steps"
	case len(w.TraceUs) > 0:
		return "trace_us"
	}
	return "arrivals"
}

func count(facts ...bool) (n int) {
	for _, f := range facts {
		if f {
			n++
		}
	}
	return n
}
